import { useState } from 'preact/hooks';
import type { Configuration, Health, TestCall } from '../src/console/protocol.ts';
import { explain, post, session } from './api.ts';
import { Icon } from './icons.tsx';
import { Loading, useLoaded } from './loaded.tsx';
import { decimal, inWords, languageName, milliseconds, percent, texts } from './texts.ts';
import { Trouble } from './trouble.tsx';

const again = (): number => 3000;

export function HealthPage() {
  const t = texts.value;
  const loaded = useLoaded<Health>('/api/health', again);
  return (
    <div class="health">
      <h1>{t.health}</h1>
      {loaded.is === 'loading' && <Loading />}
      {loaded.is === 'trouble' && <Trouble {...loaded} />}
      {loaded.is === 'there' && (
        <section class="card">
          <Verdict {...loaded.value} />
          <ul class="checks">
            {loaded.value.checks.map((check) => (
              <Check key={check.name} {...check} />
            ))}
          </ul>
        </section>
      )}
      <TestCalls />
      {loaded.is === 'there' && <Breakers breakers={loaded.value.breakers} />}
      {loaded.is === 'there' && loaded.value.nodes && <Nodes {...loaded.value} nodes={loaded.value.nodes} />}
      <section class="card">
        <h2>{t.agents}</h2>
        <div class="table" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th>{t.number}</th>
                <th>{t.agent}</th>
                <th>{t.language}</th>
                <th>{t.parts.stt}</th>
                <th>{t.parts.llm}</th>
                <th>{t.parts.tts}</th>
              </tr>
            </thead>
            <tbody>
              {session.value?.agents.map((agent) => (
                <tr key={agent.id}>
                  <td>
                    <b>{[...agent.extensions, ...agent.numbers].join(', ')}</b>
                  </td>
                  <td>
                    {agent.name} <span class="dim">{agent.id}</span>
                  </td>
                  <td>
                    {languageName(agent.language)} <span class="dim">{agent.voice}</span>
                  </td>
                  {(['stt', 'llm', 'tts'] as const).map((part) => (
                    <td key={part}>{agent.providers[part]?.join(' → ')}</td>
                  ))}
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

function Verdict({ ready, checks }: Health) {
  const t = texts.value;
  const well = checks.every(({ ok }) => ok);
  return (
    <>
      <h2 class={well ? 'good' : 'bad'}>{well ? t.well : t.unwell}</h2>
      {!well && <p class="dim small">{ready ? t.takesCalls : t.takesNoCalls}</p>}
    </>
  );
}

/** `stt:groq`: which part, and whose name of it. */
function Check({ name, ok, reason }: Health['checks'][number]) {
  const t = texts.value;
  const [part = '', ...rest] = name.split(':');
  return (
    <li class={ok ? '' : 'wide'}>
      <i class={ok ? 'dot good' : 'dot bad'} />
      <span>
        {inWords(t.checkNames, part)} <span class="dim">{rest.join(':')}</span>
        {ok && <span class="hidden">: {t.ok}</span>}
      </span>
      {!ok && (
        <span class="bad">
          {inWords(t.remedies, part, '')} <span lang="en">({reason})</span>
        </span>
      )}
    </li>
  );
}

/** What the doctor measures, by the agent that is running. */
function TestCalls() {
  const t = texts.value;
  const [state, setState] = useState<
    | { readonly is: 'idle' | 'calling' }
    | { readonly is: 'made'; readonly calls: readonly TestCall[] }
    | { readonly is: 'failed'; readonly why: string }
  >({ is: 'idle' });
  if (session.value?.role !== 'operate' || !session.value.canTestCall) return null;
  const make = async (): Promise<void> => {
    setState({ is: 'calling' });
    try {
      const answer = await post('/api/test-call');
      setState({ is: 'made', calls: (await answer.json()) as TestCall[] });
    } catch (error) {
      setState({ is: 'failed', why: explain(error) });
    }
  };
  return (
    <section class="card" aria-label={t.testCall}>
      <div class="call-head">
        <div>
          <h2>{t.testCall}</h2>
          <p class="dim small">{t.testCallHow}</p>
        </div>
        <button disabled={state.is === 'calling'} onClick={() => void make()}>
          <Icon name="call" /> {state.is === 'calling' ? t.testing : t.makeTestCall}
        </button>
      </div>
      <div role="status">
        {state.is === 'failed' && <p class="trouble">{t.testFailed(state.why)}</p>}
        {state.is === 'made' && <Measured calls={state.calls} />}
      </div>
    </section>
  );
}

/** Below it many are dissatisfied with a telephone call (G.107, table B.1: R 70). */
const POOR_MOS = 3.6;

function Measured({ calls }: { readonly calls: readonly TestCall[] }) {
  const t = texts.value;
  return (
    <>
      <div class="table" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th>Asterisk</th>
              <th>{t.codec}</th>
              <th class="n">{t.setUp}</th>
              <th class="n">{t.roundTrip}</th>
              <th class="n">{t.lossShare}</th>
              <th class="n">Jitter</th>
              <th class="n">{t.mos}</th>
            </tr>
          </thead>
          <tbody>
            {calls.map(({ server, codec, setUpMs, roundTripMs, lost, jitterMs, mos }) => (
              <tr key={`${server} ${codec}`}>
                <td>{server}</td>
                <td>{codec}</td>
                <td class="n">{milliseconds(setUpMs)}</td>
                <td class="n">{roundTripMs === undefined ? '–' : `${decimal(roundTripMs, 1)} ms`}</td>
                <td class="n">{roundTripMs === undefined ? '–' : percent(lost)}</td>
                <td class="n">{roundTripMs === undefined ? '–' : `${decimal(jitterMs, 1)} ms`}</td>
                <td class={`n ${mos !== undefined && mos >= POOR_MOS ? 'good' : 'bad'}`}>
                  {mos === undefined ? t.noSound : decimal(mos, 2)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {calls
        .filter(({ roundTripMs }) => roundTripMs === undefined)
        .map(({ server, codec, gateway, asterisk }) => (
          <p key={`${server} ${codec}`} class="bad small">
            {codec}: {t.noSoundHow(gateway, asterisk)}
          </p>
        ))}
    </>
  );
}

/** Whether the providers that can be away are asked at present. */
export function Breakers({ breakers }: { readonly breakers: Health['breakers'] }) {
  const t = texts.value;
  return (
    <section class="card">
      <h2>{t.breakers}</h2>
      {breakers.length === 0 ? (
        <p class="dim">{t.allLocal}</p>
      ) : (
        <>
          <p class="dim small">{t.breakersHow}</p>
          <ul class="checks">
            {breakers.map(({ part, provider, state, cause }) => (
              <li key={`${part} ${provider}`} class="wide">
                <i class={state === 'closed' ? 'dot good' : 'dot bad'} />
                <span>
                  {inWords(t.parts, part)} <span class="dim">{provider}</span>
                </span>
                <span class={state === 'closed' ? 'dim' : 'bad'}>
                  {t.breakerStates[state]}
                  {cause !== undefined && `: ${inWords(t.kinds, cause)}`}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** A node that hasn't told of itself for longer counts as away. */
const AWAY_MS = 2000;

function Nodes({ node: own, nodes }: Pick<Health, 'node'> & Required<Pick<Health, 'nodes'>>) {
  const t = texts.value;
  return (
    <section class="card">
      <h2>{t.nodes}</h2>
      <div class="table" tabIndex={0}>
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
          <ul class="problems" lang="en">
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
