import { useEffect, useRef, useState } from 'preact/hooks';
import type { AgentSummary, CallPage, RunningCall } from '../src/console/protocol.ts';
import type { CallRecord } from '../src/dialog/call/call-record.ts';
import { agentName, explain, post, session } from './api.ts';
import { CallTable } from './call-table.tsx';
import { Empty } from './empty.tsx';
import { Events } from './events.tsx';
import { Icon } from './icons.tsx';
import { calls, elapsed, levels, listenIn, listening, outOfUse, packets } from './live-state.ts';
import { useLoaded } from './loaded.tsx';
import { Meter } from './meter.tsx';
import { Phone } from './phone.tsx';
import { inUse } from './providers.ts';
import { count, decimal, duration, inWords, nameOf, percent, texts } from './texts.ts';
import { useTicks } from './ticks.ts';
import { Transcript } from './transcript.tsx';
import { RunningWaterfall, Waterfalls } from './waterfall.tsx';

export function LivePage() {
  const t = texts.value;
  const newestFirst = [...calls.value].reverse();
  newestFirst.sort((a, b) => (a.record.ended ? 1 : 0) - (b.record.ended ? 1 : 0));
  const [chosen, choose] = useState<string>();
  const shown = newestFirst.find(({ id }) => id === chosen) ?? newestFirst[0];
  return (
    <div class="live">
      <h1 class="hidden">{t.live}</h1>
      <aside>
        <Phone />
        {newestFirst.length > 1 && (
          <ul class="call-list" aria-label={t.live}>
            {newestFirst.map((call) => (
              <li key={call.id}>
                <CallLine
                  call={call}
                  chosen={call === shown}
                  onChoose={() => {
                    choose(call.id);
                  }}
                />
              </li>
            ))}
          </ul>
        )}
      </aside>
      {shown ? <LiveCall key={shown.id} call={shown} /> : <Quiet />}
    </div>
  );
}

/** As many as are seen at a glance; the history has the others. */
const LATEST = 8;

/** While no call runs: the last ones that did, if the database tells them. */
function Quiet() {
  const t = texts.value;
  const loaded = useLoaded<CallPage>('/api/calls');
  const latest = loaded.is === 'there' ? loaded.value.calls.slice(0, LATEST) : [];
  return (
    <section class="quiet-line">
      <Empty title={t.noCalls} how={t.noCallsHow} />
      {latest.length > 0 && (
        <>
          <h2>{t.latestCalls}</h2>
          <CallTable calls={latest} />
        </>
      )}
    </section>
  );
}

function CallLine({
  call,
  chosen,
  onChoose,
}: {
  readonly call: RunningCall;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}) {
  const { record } = call;
  return (
    <button class={`call-line${record.ended ? ' over' : ''}`} aria-pressed={chosen} onClick={onChoose}>
      <span class="call-line-who">{nameOf(record.info.caller)}</span>
      <Elapsed call={call} />
      <span class="dim">
        {record.info.dialled} · {agentName(record.agent)}
      </span>
      {!record.ended && <Meters name={record.call} />}
    </button>
  );
}

function Elapsed({ call }: { readonly call: RunningCall }) {
  useTicks(call.record.ended === undefined);
  return <time class="elapsed">{duration(elapsed(call))}</time>;
}

/** Both sides' levels, with their names. */
function LabelledMeters({ name, agent }: { readonly name: string; readonly agent: string }) {
  const t = texts.value;
  const level = levels.value[name];
  return (
    <div class="labelled-meters">
      <span>{t.caller}</span>
      <Meter side="caller" label={t.caller} dbov={level?.caller} />
      <span>{agent}</span>
      <Meter side="agent" label={agent} dbov={level?.agent} />
    </div>
  );
}

function Meters({ name }: { readonly name: string }) {
  const t = texts.value;
  const level = levels.value[name];
  return (
    <span class="meters">
      <Meter side="caller" label={t.caller} dbov={level?.caller} />
      <Meter side="agent" label={t.agent} dbov={level?.agent} />
    </span>
  );
}

function LiveCall({ call }: { readonly call: RunningCall }) {
  const t = texts.value;
  const { record } = call;
  const over = record.ended !== undefined;
  const agent = session.value?.agents.find(({ id }) => id === record.agent);
  const targetMs = session.value?.latencyTargetMs ?? 700;
  const heard = listening.value === record.call;
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    end.current?.scrollTo({ top: end.current.scrollHeight });
  }, [record.said.length, call.turn?.words, call.turn?.saying?.unheard]);
  return (
    <>
      <section class="conversation card" aria-label={t.conversation}>
        <div class="call-head">
          <div>
            <h2>{nameOf(record.info.caller)}</h2>
            <p class="dim">
              {record.info.dialled} · {agentName(record.agent)}
            </p>
          </div>
          <div class="call-state">
            {over ? (
              <span class="tag">{inWords(t.reasons, record.ended.reason)}</span>
            ) : (
              <span class="tag on">{t.phases[call.turn?.phase ?? 'opening']}</span>
            )}
            <Elapsed call={call} />
          </div>
        </div>
        {!over && <LabelledMeters name={record.call} agent={agentName(record.agent)} />}
        <div class="scroll" ref={end} tabIndex={0} role="log" aria-label={t.conversation}>
          <Transcript
            record={record}
            hearing={over ? '' : call.turn?.words}
            saying={over ? undefined : call.turn?.saying}
          />
        </div>
        <div class="actions">
          {over ? (
            <a class="button" href={`#/call/${call.id}`}>
              <Icon name="history" /> {t.openCall}
            </a>
          ) : (
            <>
              <button
                aria-pressed={heard}
                onClick={() => {
                  listenIn(heard ? null : record.call);
                }}
              >
                <Icon name="listen" /> {heard ? t.stopListening : t.listenIn}
              </button>
              {session.value?.role === 'operate' && <Actions record={record} />}
            </>
          )}
        </div>
      </section>
      <section class="why">
        <div class="card">
          <h3>{t.latency}</h3>
          <Latencies call={call} targetMs={targetMs} />
        </div>
        <CallNumbers call={call} />
        <Providers record={record} agent={agent} />
        <Events record={record} />
      </section>
    </>
  );
}

/** The last turns, and the one whose reply is being made. */
function Latencies({
  call: { record, turn },
  targetMs,
}: {
  readonly call: RunningCall;
  readonly targetMs: number;
}) {
  const isNew = !record.ended && record.latencies.every((one) => one.turn !== turn?.turn);
  const running = isNew ? turn?.marks : undefined;
  return (
    <>
      {turn && running && <RunningWaterfall turn={turn.turn} marks={running} targetMs={targetMs} />}
      {(!running || record.latencies.length > 0) && (
        <Waterfalls latencies={record.latencies} targetMs={targetMs} newest={running ? 2 : 3} />
      )}
    </>
  );
}

/** What an operator may do to a call. */
function Actions({ record: { call, agent: id } }: { readonly record: CallRecord }) {
  const t = texts.value;
  const targets = session.value?.agents.find((agent) => agent.id === id)?.targets ?? [];
  const [chosen, choose] = useState('');
  const target = targets.includes(chosen) ? chosen : (targets[0] ?? '');
  const [text, setText] = useState('');
  const [trouble, setTrouble] = useState('');
  const act = (path: string, what = ''): void => {
    post(path, { call, what }).then(
      () => {
        setTrouble('');
      },
      (error: unknown) => {
        setTrouble(t.trouble(explain(error)));
      },
    );
  };
  return (
    <>
      {targets.length > 0 && (
        <form
          class="put-through"
          onSubmit={(event) => {
            event.preventDefault();
            act('/api/calls/put-through', target);
          }}
        >
          <button>{t.putThrough}</button>
          <select
            aria-label={t.putThrough}
            value={target}
            onChange={(event) => {
              choose(event.currentTarget.value);
            }}
          >
            {targets.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </form>
      )}
      <button
        class="danger"
        onClick={() => {
          act('/api/calls/hang-up');
        }}
      >
        <Icon name="hangUp" /> {t.hangUp}
      </button>
      <form
        class="say"
        onSubmit={(event) => {
          event.preventDefault();
          act('/api/calls/say', text);
          setText('');
        }}
      >
        <input
          aria-label={t.say}
          placeholder={t.say}
          required
          maxLength={500}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
        <button aria-label={t.sayIt} title={t.sayIt}>
          <Icon name="send" />
        </button>
      </form>
      {trouble !== '' && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
    </>
  );
}

function CallNumbers({ call: { record } }: { readonly call: RunningCall }) {
  const t = texts.value;
  const now = packets.value[record.call];
  const media = record.ended?.media;
  const received = media?.packetsReceived ?? now?.received ?? 0;
  const lost = media?.packetsLost ?? now?.lost ?? 0;
  const share = received + lost === 0 ? 0 : lost / (received + lost);
  return (
    <dl class="card numbers">
      <Fact name={t.lost} value={percent(share)} />
      <Fact name={t.jitter} value={`${decimal(media?.jitterMs ?? now?.jitterMs ?? 0, 1)} ms`} />
      <Fact name={t.bargeIns} value={count(record.bargeIns.length)} />
      <Fact name={t.troubles} value={count(record.troubles.length)} />
    </dl>
  );
}

/** Who hears, thinks and speaks at present. */
function Providers({
  record,
  agent,
}: {
  readonly record: CallRecord;
  readonly agent: AgentSummary | undefined;
}) {
  const t = texts.value;
  const parts = (['stt', 'llm', 'tts'] as const).flatMap((part) => {
    const used = inUse(part, agent, record, outOfUse.value);
    return used ? [{ part, ...used }] : [];
  });
  if (parts.length === 0) return null;
  return (
    <section class="card">
      <h3>{t.inUse}</h3>
      <ul class="providers">
        {parts.map(({ part, provider, standsInFor }) => (
          <li key={part}>
            <span class="dim">{t.parts[part]}</span>
            <b>{provider}</b>
            {standsInFor !== undefined && <span class="tag warn">{t.standIn(standsInFor)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
