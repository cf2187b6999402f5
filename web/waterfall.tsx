import type { CallRecord } from '../src/dialog/call/call-record.ts';
import type { TurnMarks } from '../src/dialog/contract/call-events.ts';
import { agentNow } from './live-state.ts';
import { barsOf, barsSoFar, type Bar, type Stages } from './reply-bars.ts';
import { milliseconds, texts } from './texts.ts';
import { useTicks } from './ticks.ts';

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
