import type { Configuration, Health } from '../src/console/protocol.ts';
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
      {loaded.is === 'there' && loaded.value.nodes && <Nodes {...loaded.value} nodes={loaded.value.nodes} />}
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
      <InForce />
    </div>
  );
}

/** A node that hasn't told of itself for longer counts as away. */
const AWAY_MS = 2000;

function Nodes({ node: own, nodes }: Pick<Health, 'node'> & Required<Pick<Health, 'nodes'>>) {
  const t = texts.value;
  return (
    <section class="card">
      <h2>{t.nodes}</h2>
      <div class="table">
        <table>
          <tbody>
            {nodes.map(({ node, state, calls, maxCalls, unreachable, ageMs }) => {
              const away = ageMs > AWAY_MS;
              const well = !away && unreachable.length === 0;
              return (
                <tr key={node}>
                  <td>
                    <i class={well ? 'dot good' : 'dot bad'} /> <b>{node}</b>{' '}
                    {node === own && <span class="dim">{t.thisNode}</span>}
                  </td>
                  <td class={away ? 'bad' : 'dim'}>{away ? t.nodeStates.away : t.nodeStates[state]}</td>
                  <td class="dim">{`${calls} / ${maxCalls}`}</td>
                  <td class="bad">
                    {unreachable.length > 0 && `${t.unreachable} ${unreachable.join(', ')}`}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function InForce() {
  const t = texts.value;
  const loaded = useLoaded<Configuration>('/api/configuration');
  if (loaded.is === 'loading') return null;
  if (loaded.is === 'trouble') return <Trouble {...loaded} />;
  const { inForce, problems } = loaded.value;
  return (
    <section class="card">
      <h2>{t.configuration}</h2>
      {problems.length === 0 ? (
        <p class="dim">{t.noProblems}</p>
      ) : (
        <>
          <p class="bad">{t.problems}</p>
          <ul class="problems">
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </>
      )}
      {Object.entries(inForce as Record<string, unknown>).map(([name, value]) => (
        <details key={name}>
          <summary>{name}</summary>
          <pre tabIndex={0}>{JSON.stringify(value, undefined, 2)}</pre>
        </details>
      ))}
    </section>
  );
}
