/** What `make bench PART=calls` has measured, and its tables. Pure. */
import type { Raw } from './raw.ts';
import { markdown, type Curves } from './report.ts';

/** Of one core. */
export interface CpuOf {
  /** The agent's threads. */
  readonly main: number;
  readonly media: number;
  readonly voiceActivity: number;
  readonly others: number;
  readonly asterisk: number;
  readonly vendors: number;
  /** SIPp, and the callers' sound. */
  readonly callers: number;
  /** With all that ran beside. */
  readonly machine: number;
}

export interface SetUpRow {
  readonly kind: 'set-up';
  /** A second. */
  readonly calls: number;
  /** From the INVITE to its 200, of each call; from there to the first sound of speech. */
  readonly answeredMs: readonly number[];
  readonly greetedMs: readonly number[];
  /** Calls that weren't answered, weren't greeted, or were hung up on. */
  readonly failed: number;
  readonly cpu: CpuOf;
  readonly processors: number;
}

export interface GrowthRow extends Omit<SetUpRow, 'kind'> {
  readonly kind: 'growth';
  /** From the last packet of a question that was speech, to the first of the reply, on the wire. */
  readonly replyMs: readonly number[];
  readonly unanswered: number;
  /** That came to the callers, and that didn't. */
  readonly packets: number;
  readonly lost: number;
  /** The agent's. */
  readonly rssMb: number;
}

export type CallsRow = SetUpRow | GrowthRow;

/** Replies this much later than with the fewest calls: it bends. */
const LATER = 1.25;
const LOST = 0.001;
/** A machine without rest. */
const FULL = 0.9;

export function callsText(raw: Raw<CallsRow>): string {
  const growth = growthOf(raw);
  const setUp = raw.all.filter((row) => row.kind === 'set-up');
  return [
    bend(growth),
    markdown({
      head: 'calls|answered after p50|p95 ms|greeted p50|p95 ms|replies|p50|p95|p99 ms|no reply|failed|lost'.split(
        '|',
      ),
      rows: growth.map((row) => [
        String(row.calls),
        ...percentiles(row.answeredMs, [0.5, 0.95]),
        ...percentiles(row.greetedMs, [0.5, 0.95]),
        String(row.replyMs.length),
        ...percentiles(row.replyMs, [0.5, 0.95, 0.99]),
        String(row.unanswered),
        String(row.failed),
        `${(100 * lostShare(row)).toFixed(3)} %`,
      ]),
    }),
    'Percent of a core: the agent’s threads; then all who share the machine. In brackets for each call.',
    markdown({
      head: 'calls|main|media|voice activity|others|agent|Asterisk|vendors|callers|other programs|agent’s memory MB'.split(
        '|',
      ),
      rows: growth.map(({ calls, cpu, rssMb }) => [
        String(calls),
        ...[cpu.main, cpu.media, cpu.voiceActivity, cpu.others, agentOf(cpu)].map((share) =>
          ofCalls(share, calls),
        ),
        ...[cpu.asterisk, cpu.vendors, cpu.callers, othersOf(cpu)].map(percent),
        rssMb.toFixed(0),
      ]),
    }),
    'Calls that come at such a rate for three seconds, and stay for two and a half each.',
    markdown({
      head: 'calls a second|calls|answered after p50|p95|p99 ms|greeted p50|p95 ms|failed|agent|Asterisk|machine'.split(
        '|',
      ),
      rows: setUp.map(({ calls, answeredMs, greetedMs, failed, cpu }) => [
        String(calls),
        String(answeredMs.length + failed),
        ...percentiles(answeredMs, [0.5, 0.95, 0.99]),
        ...percentiles(greetedMs, [0.5, 0.95]),
        String(failed),
        ...[agentOf(cpu), cpu.asterisk, cpu.machine].map(percent),
      ]),
    }),
  ].join('\n\n');
}

export function callsCurves(raw: Raw<CallsRow>): Curves {
  const growth = growthOf(raw);
  const curve = (name: string, of: (row: GrowthRow) => number): Curves['curves'][number] => ({
    name,
    points: growth.map((row) => [row.calls, of(row)] as const),
  });
  return {
    title: 'Calls through Asterisk: waits on the wire',
    unit: 'ms',
    curves: [
      curve('reply p50', ({ replyMs }) => at(replyMs, 0.5)),
      curve('reply p95', ({ replyMs }) => at(replyMs, 0.95)),
      curve('answered p95', ({ answeredMs }) => at(answeredMs, 0.95)),
    ],
  };
}

/** Where it bends, and why. */
function bend(growth: readonly GrowthRow[]): string {
  const [first] = growth;
  if (!first) return '';
  const floor = at(first.replyMs, 0.95);
  const why = (row: GrowthRow): string => {
    const { cpu, processors } = row;
    const parts = [
      ['Asterisk', cpu.asterisk],
      ['the callers', cpu.callers],
      ['the vendors', cpu.vendors],
      ['the agent', agentOf(cpu)],
      ['other programs', othersOf(cpu)],
    ] as const;
    const split = parts
      .toSorted(([, one], [, other]) => other - one)
      .map(([name, share]) => `${name} ${percent(share)}`)
      .join(', ');
    const full = cpu.machine > FULL * processors;
    return (
      `of ${100 * processors} % of a core, ${percent(cpu.machine)} % are used (${split}): ` +
      (full
        ? 'the machine is full'
        : 'the machine isn’t full, the agent’s busiest thread takes ' +
          `${percent(Math.max(cpu.main, cpu.media, cpu.voiceActivity))} %`)
    );
  };
  const bent = growth.find(
    (row) =>
      at(row.replyMs, 0.95) > LATER * floor || lostShare(row) > LOST || row.failed > 0 || row.unanswered > 0,
  );
  const last = growth.at(-1) ?? first;
  return bent
    ? `It bends at ${bent.calls} calls (replies’ p95 over ${LATER} times that of ${first.calls}, more than ${100 * LOST} % lost, or a call or ` +
        `reply that failed); ${why(bent)}.`
    : `It doesn’t bend up to ${last.calls} calls; there, ${why(last)}.`;
}

function growthOf({ all }: Raw<CallsRow>): readonly GrowthRow[] {
  return all.filter((row) => row.kind === 'growth');
}

function agentOf({ main, media, voiceActivity, others }: CpuOf): number {
  return main + media + voiceActivity + others;
}

/** What ran on the machine and has no part in the bench. */
function othersOf(cpu: CpuOf): number {
  return Math.max(0, cpu.machine - agentOf(cpu) - cpu.asterisk - cpu.vendors - cpu.callers);
}

function lostShare({ lost, packets }: GrowthRow): number {
  return lost / Math.max(1, lost + packets);
}

function percent(share: number): string {
  return (100 * share).toFixed(0);
}

function ofCalls(share: number, calls: number): string {
  return `${(100 * share).toFixed(1)} (${((100 * share) / calls).toFixed(2)})`;
}

function percentiles(values: readonly number[], of: readonly number[]): string[] {
  return of.map((share) => (values.length === 0 ? '' : at(values, share).toFixed(0)));
}

/** The value below which that share of them lies; of few, the greatest. */
export function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
