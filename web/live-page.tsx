import { useEffect, useRef, useState } from 'preact/hooks';
import type { RunningCall } from '../src/console/protocol.ts';
import type { CallRecord } from '../src/dialog/call/call-record.ts';
import { post, session } from './api.ts';
import { Icon } from './icons.tsx';
import { calls, elapsed, levels, listenIn, listening, packets } from './live-state.ts';
import { Meter } from './meter.tsx';
import { Phone } from './phone.tsx';
import { duration, inWords, texts } from './texts.ts';
import { useTicks } from './ticks.ts';
import { Transcript } from './transcript.tsx';
import { Waterfalls } from './waterfall.tsx';

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
      {shown ? <LiveCall key={shown.id} call={shown} /> : <Empty title={t.noCalls} how={t.noCallsHow} />}
    </div>
  );
}

export function Empty({ title, how }: { readonly title: string; readonly how: string }) {
  return (
    <div class="empty">
      <Icon name="brand" />
      <h2>{title}</h2>
      <p class="dim">{how}</p>
    </div>
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
        {record.info.dialled} · {record.agent}
      </span>
      {!record.ended && <Meters name={record.call} />}
    </button>
  );
}

export function nameOf({ number, name }: { readonly number: string; readonly name: string }): string {
  return [name, number].filter(Boolean).join(' · ') || texts.value.unknownCaller;
}

function Elapsed({ call }: { readonly call: RunningCall }) {
  useTicks(call.record.ended === undefined);
  return <time class="elapsed">{duration(elapsed(call))}</time>;
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
  }, [record.said.length, call.turn?.words]);
  return (
    <>
      <section class="conversation card" aria-label={t.conversation}>
        <div class="call-head">
          <div>
            <h2>{nameOf(record.info.caller)}</h2>
            <p class="dim">
              {record.info.dialled} · {agent?.name ?? record.agent}
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
        {!over && <Meters name={record.call} />}
        <div class="scroll" ref={end} tabIndex={0} aria-live="polite">
          <Transcript record={record} hearing={over ? '' : call.turn?.words} />
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
          <Waterfalls latencies={record.latencies} targetMs={targetMs} newest={3} />
        </div>
        <CallNumbers call={call} />
      </section>
    </>
  );
}

/** What an operator may do to a call. */
function Actions({ record: { call, agent: id } }: { readonly record: CallRecord }) {
  const t = texts.value;
  const targets = session.value?.agents.find((agent) => agent.id === id)?.targets ?? [];
  const [text, setText] = useState('');
  const [trouble, setTrouble] = useState('');
  const act = (path: string, what = ''): void => {
    post(path, { call, what }).then(
      () => {
        setTrouble('');
      },
      (error: unknown) => {
        setTrouble(t.trouble((error as Error).message));
      },
    );
  };
  return (
    <>
      {targets.length > 0 && (
        <select
          aria-label={t.putThrough}
          value=""
          onChange={(event) => {
            act('/api/calls/put-through', event.currentTarget.value);
            event.currentTarget.value = '';
          }}
        >
          <option value="" disabled>
            {t.putThrough}
          </option>
          {targets.map((target) => (
            <option key={target}>{target}</option>
          ))}
        </select>
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
  const share = received + lost === 0 ? 0 : (100 * lost) / (received + lost);
  const agent = session.value?.agents.find(({ id }) => id === record.agent);
  return (
    <dl class="card numbers">
      <Fact name={t.lost} value={`${share.toFixed(1)} %`} />
      <Fact name={t.jitter} value={`${(media?.jitterMs ?? now?.jitterMs ?? 0).toFixed(1)} ms`} />
      <Fact name={t.bargeIns} value={String(record.bargeIns.length)} />
      <Fact name={t.troubles} value={String(record.troubles.length)} />
      {(['stt', 'llm', 'tts'] as const).map((part) => (
        <Fact key={part} name={t.stages[part]} value={agent?.providers[part]?.[0] ?? '–'} />
      ))}
    </dl>
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
