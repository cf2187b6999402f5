import type { CallRecord } from '../src/dialog/call/call-record.ts';
import type { StageTimes } from '../src/dialog/call/latency-tracker.ts';
import type { TurnMarks } from '../src/dialog/contract/call-events.ts';
import { agentNow } from './live-state.ts';
import { milliseconds, texts } from './texts.ts';
import { useTicks } from './ticks.ts';

type Stages = Partial<StageTimes>;

const SHOWN = ['pause', 'stt', 'llm', 'tts', 'send'] as const;
type Shown = (typeof SHOWN)[number];

interface Bar {
  readonly stage: Shown;
  readonly from: number;
  readonly ms: number;
  /** It isn't over. */
  readonly runs?: boolean;
}

/**
 * Where each stage lies, from the caller's last voiced packet on. The record has their lengths: the language model begins when
 * the turn is certain, or before by what an early start has saved; speech and sending end with the first packet.
 */
export function barsOf({ total, pause, stt, llm, tts, send, saved }: Stages): readonly Bar[] {
  if (total === undefined) return [];
  const certain = Math.min(pause ?? 0, total);
  const audio = total - (send ?? 0);
  const asked = saved === undefined ? certain : Math.max(0, Math.min(certain, audio) - saved);
  const bars: Record<Shown, readonly [from: number, ms: number | undefined]> = {
    pause: [0, pause],
    stt: [Math.max(0, asked - (stt ?? 0)), stt],
    llm: [asked, llm],
    tts: [Math.max(0, audio - (tts ?? 0)), tts],
    send: [audio, send],
  };
  return SHOWN.flatMap((stage) => {
    const [from, ms] = bars[stage];
    return ms === undefined ? [] : [{ stage, from, ms: Math.min(ms, total - from) }];
  });
}

/** Where each stage of a reply that isn't there yet lies; what isn't over lasts until `now`. Pure. */
export function barsSoFar(marks: TurnMarks, now: number): readonly Bar[] {
  const {
    speechEnd,
    sttStart,
    sttFinal,
    turnEnd,
    llmStart,
    llmFirstToken,
    ttsStart,
    ttsFirstAudio,
    firstPacket,
  } = marks;
  if (speechEnd === undefined) return [];
  const bar = (stage: Shown, from: number | undefined, to: number | undefined): Bar[] =>
    from === undefined
      ? []
      : [
          {
            stage,
            from: Math.max(0, from - speechEnd),
            ms: Math.max(0, (to ?? now) - Math.max(from, speechEnd)),
            ...(to === undefined && { runs: true }),
          },
        ];
  // A recogniser that isn't asked tells by itself, or not at all.
  const asked = sttStart ?? (sttFinal === undefined ? undefined : speechEnd);
  return [
    ...bar('pause', speechEnd, turnEnd),
    ...bar('stt', asked, sttFinal ?? llmStart),
    ...bar('llm', llmStart, llmFirstToken ?? ttsStart),
    ...bar('tts', ttsStart, ttsFirstAudio ?? firstPacket),
    ...bar('send', ttsFirstAudio, firstPacket),
  ];
}

/** One turn: a row for each stage. */
function Waterfall({
  turn,
  bars,
  total,
  saved,
  scaleMs,
  targetMs,
}: {
  readonly turn: number;
  readonly bars: readonly Bar[];
  readonly total: number | undefined;
  readonly saved?: number | undefined;
  readonly scaleMs: number;
  readonly targetMs: number;
}) {
  const t = texts.value;
  const percent = (ms: number): string => `${((100 * ms) / scaleMs).toFixed(2)}%`;
  const runs = bars.some((bar) => bar.runs);
  return (
    <div class={`waterfall${runs ? ' runs' : ''}`}>
      <div class="waterfall-head">
        <span>{t.turn(turn)}</span>
        {runs ? (
          <span class="tag on">{t.running}</span>
        ) : (
          saved !== undefined && (
            <span class="dim saved">
              {milliseconds(saved)} {t.stages.saved}
            </span>
          )
        )}
        <b class={total !== undefined && total > targetMs ? 'slow' : ''}>{milliseconds(total)}</b>
      </div>
      <div class="bars">
        {targetMs < scaleMs && (
          <span class="target-track">
            <i
              class="target"
              style={{ left: percent(targetMs) }}
              title={`${t.target} ${milliseconds(targetMs)}`}
            />
          </span>
        )}
        {bars.map(({ stage, from, ms, runs: on = false }) => (
          <div key={stage} class="bar-row">
            <span class="bar-name">{t.stages[stage]}</span>
            <span class="bar-track">
              <span
                class={`bar ${stage}${on ? ' runs' : ''}`}
                style={{ left: percent(from), width: `max(3px, ${percent(ms)})` }}
              />
            </span>
            <span class="bar-ms">{milliseconds(ms)}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

const RUNNING_TICK_MS = 100;

/** The turn whose reply is being made, or heard, and isn't measured yet. */
export function RunningWaterfall({
  turn,
  marks,
  targetMs,
}: {
  readonly turn: number;
  readonly marks: TurnMarks;
  readonly targetMs: number;
}) {
  const { speechEnd, firstPacket } = marks;
  useTicks(firstPacket === undefined, RUNNING_TICK_MS);
  const bars = barsSoFar(marks, agentNow());
  if (speechEnd === undefined) return null;
  const total = Math.max(0, (firstPacket ?? agentNow()) - speechEnd);
  const scaleMs = Math.ceil(Math.max(targetMs, total) / 250) * 250;
  return <Waterfall turn={turn} bars={bars} total={total} scaleMs={scaleMs} targetMs={targetMs} />;
}

/** A round number that all these turns fit in. */
function scaleOf(latencies: readonly { readonly stages: Stages }[], targetMs: number): number {
  const longest = Math.max(targetMs, ...latencies.map(({ stages }) => stages.total ?? 0));
  return Math.ceil(longest / 250) * 250;
}

/** The turns that were measured, on one scale. `newest`: so many of the last, the last first. */
export function Waterfalls({
  latencies,
  targetMs,
  newest,
}: {
  readonly latencies: CallRecord['latencies'];
  readonly targetMs: number;
  readonly newest?: number;
}) {
  const measured = latencies.filter(({ stages }) => stages.total !== undefined);
  if (measured.length === 0) return <p class="dim">{texts.value.noLatency}</p>;
  const scaleMs = scaleOf(measured, targetMs);
  const shown = newest === undefined ? measured : [...measured].reverse().slice(0, newest);
  return (
    <>
      {shown.map(({ turn, stages }) => (
        <Waterfall
          key={turn}
          turn={turn}
          bars={barsOf(stages)}
          total={stages.total}
          saved={stages.saved}
          scaleMs={scaleMs}
          targetMs={targetMs}
        />
      ))}
    </>
  );
}
