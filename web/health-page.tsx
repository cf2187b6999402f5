import type { Health } from '../src/console/protocol.ts';
import { session } from './api.ts';
import { useLoaded } from './loaded.ts';
import { texts } from './texts.ts';
import { Trouble } from './trouble.tsx';

const AGAIN_MS = 3000;

export function HealthPage() {
  const t = texts.value;
  const loaded = useLoaded<Health>('/api/health', AGAIN_MS);
  return (
    <div class="health">
      <h1>{t.health}</h1>
      {loaded.is === 'trouble' && <Trouble {...loaded} />}
      {loaded.is === 'there' && (
        <section class="card">
          <h2 class={loaded.value.ready ? 'good' : 'bad'}>{loaded.value.ready ? t.well : t.unwell}</h2>
          <ul class="checks">
            {loaded.value.checks.map(({ name, ok, reason }) => (
              <li key={name}>
                <i class={ok ? 'dot good' : 'dot bad'} />
                <span>{name}</span>
                <span class={ok ? 'dim' : 'bad'}>{reason ?? t.ok}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section class="card">
        <h2>{t.agents}</h2>
        <div class="table">
          <table>
            <tbody>
              {session.value?.agents.map((agent) => (
                <tr key={agent.id}>
                  <td>
                    <b>{agent.extensions.join(', ')}</b>
                  </td>
                  <td>
                    {agent.name} <span class="dim">{agent.id}</span>
                  </td>
                  <td class="dim">
                    {agent.language} · {agent.voice}
                  </td>
                  <td class="dim">
                    {(['stt', 'llm', 'tts'] as const)
                      .map((part) => agent.providers[part]?.join(' → '))
                      .join(' · ')}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </div>
  );
}
