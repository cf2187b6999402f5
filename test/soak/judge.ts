/** What a soak run must keep to, settled beforehand, and how it is computed from the raw data. Pure. */
import { seeded } from '../../src/providers/embedded/random.ts';
import type { SeenCall } from './callers.ts';
import type { DoneFault } from './faults.ts';
import type { PlannedCall } from './plan.ts';
import type { SoakRaw } from './raw.ts';
import { HELD_KINDS, type HeldKind } from './state.ts';

/** The pass line. */
export const PASS = {
  failedShare: 0.001,
  /** A kind more than before is a leak. */
  leaked: 0,
  /** Memory is flat when its slope's 95 % interval reaches 0, or stays below this, MB in 1,000 calls. */
  megabytesPerThousand: 2,
  /** Likewise the last tenth's median wait for a reply over the first tenth's: reaches 1, or stays below. */
  latencyRatio: 1.1,
} as const;

/** From the answer: somebody speaks. */
const GREETED_MS = 5000;
/** From the end of a question: somebody speaks. */
const REPLIED_MS = 8000;
/** No packet for so long is a call that was lost; a media thread that dies costs less. */
const SILENT_MS = 2000;
/** So long after a fault what it has begun may go on. */
const AFTER_FAULT_MS = 3000;
/** Fewer calls say nothing about latency. */
const ENOUGH_CALLS = 300;
/** Nor about memory, which grows for some 350 calls to what so many at once need (measured): they must lie in the fifth that is left out. */
const ENOUGH_FOR_MEMORY = 2000;
const WARM_SHARE = 0.2;
const BLOCKS = 20;
/** Student's t at 97.5 % with BLOCKS − 2 degrees of freedom. */
const T_18 = 2.101;
const RESAMPLES = 2000;

/** What became of one call; `refused`: while a fault was, the dialplan told the caller with words that nobody is there. */
export type Outcome = 'served' | 'refused' | { readonly failed: string };

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

export interface Line {
  readonly name: string;
  readonly limit: string;
  readonly measured: string;
  /** Undefined: too few calls to tell. */
  readonly holds: boolean | undefined;
}

export interface Verdict {
  readonly lines: readonly Line[];
  readonly failures: readonly { readonly call: number; readonly why: string }[];
  readonly holds: boolean;
  /** What is worth knowing and has no limit. */
  readonly notes: readonly string[];
}

/** `timed` as in the plan. */
export function outcomeOf(
  planned: PlannedCall,
  seen: SeenCall,
  faults: readonly DoneFault[],
  timed = true,
): Outcome {
  const { answeredAt, endedAt, left, heard } = seen;
  if (answeredAt === undefined) return { failed: 'not answered' };
  if (endedAt === undefined) return { failed: 'no end' };
  if (!heard) return { failed: 'nothing is known of its sound' };
  const lasted = endedAt - answeredAt;
  const during = (from: number, until: number): boolean =>
    faults.some((fault) => from <= fault.until + AFTER_FAULT_MS && until >= fault.from);
  const spoke = heard.firstSpeechAt !== undefined;
  if (left) {
    // As long as no program is connected, the dialplan answers. On a machine that is too busy for what stands in, too.
    return spoke && during(answeredAt - 1000, timed ? answeredAt : endedAt)
      ? 'refused'
      : { failed: `hung up on after ${lasted} of ${planned.talkMs} ms` };
  }
  if (!timed) return 'served';
  if ((heard.firstSpeechAt ?? endedAt) - answeredAt > GREETED_MS) return { failed: 'not greeted in time' };
  for (const { endedAt: asked, repliedAt } of heard.asked) {
    if ((repliedAt ?? endedAt) - asked > REPLIED_MS) return { failed: 'not replied to in time' };
  }
  if (heard.longestGapMs > SILENT_MS) return { failed: `no packet for ${heard.longestGapMs} ms` };
  return 'served';
}

/** Waits for a reply, ms, of questions that weren't said into the agent's words. */
export function waitsOf({ heard }: SeenCall): number[] {
  return (heard?.asked ?? []).flatMap(({ endedAt, repliedAt, interrupting }) =>
    repliedAt === undefined || interrupting ? [] : [repliedAt - endedAt],
  );
}

/**
 * Slope of `y` over `x` and its 95 % interval: least squares through the means of 20 stretches, since values that follow
 * each other resemble each other. The first fifth is left out. Undefined: too few.
 */
export function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): Interval | undefined {
  const kept = points.slice(Math.floor(points.length * WARM_SHARE)).filter(({ y }) => Number.isFinite(y));
  if (kept.length < 2 * BLOCKS) return undefined;
  const blocks = Array.from({ length: BLOCKS }, (_, index) => {
    const block = kept.slice(
      Math.floor((index * kept.length) / BLOCKS),
      Math.floor(((index + 1) * kept.length) / BLOCKS),
    );
    return { x: mean(block.map(({ x }) => x)), y: mean(block.map(({ y }) => y)) };
  });
  const [x, y] = [mean(blocks.map((block) => block.x)), mean(blocks.map((block) => block.y))];
  const spread = blocks.reduce((sum, block) => sum + (block.x - x) ** 2, 0);
  const estimate = blocks.reduce((sum, block) => sum + (block.x - x) * (block.y - y), 0) / spread;
  const rest = blocks.reduce((sum, block) => sum + (block.y - y - estimate * (block.x - x)) ** 2, 0);
  const error = Math.sqrt(rest / (BLOCKS - 2) / spread);
  return { estimate, low: estimate - T_18 * error, high: estimate + T_18 * error };
}

/** Median of `last` over that of `first`, and its 95 % interval: bootstrap over whole calls. Undefined: one is empty. */
export function ratioOf(
  first: readonly (readonly number[])[],
  last: readonly (readonly number[])[],
): Interval | undefined {
  if (first.flat().length === 0 || last.flat().length === 0) return undefined;
  const random = seeded(1);
  const again = (calls: readonly (readonly number[])[]): number =>
    median(calls.flatMap(() => calls[Math.floor(random() * calls.length)] ?? []));
  const ratios = Array.from({ length: RESAMPLES }, () => again(last) / again(first))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  return {
    estimate: median(last.flat()) / median(first.flat()),
    low: ratios[Math.floor(0.025 * ratios.length)] ?? NaN,
    high: ratios[Math.floor(0.975 * ratios.length)] ?? NaN,
  };
}

export function judge(raw: SoakRaw): Verdict {
  const { plan, faults, samples, before, after } = raw;
  // Who ended it early has made fewer calls.
  const made = 1 + raw.calls.findLastIndex(({ calledAt }) => calledAt !== undefined);
  const calls = raw.calls.slice(0, made);
  const outcomes = calls.map((seen, index) => ({
    call: seen.call,
    outcome: outcomeOf(plan.calls[index] as PlannedCall, seen, faults, plan.timed),
  }));
  const failures = outcomes.flatMap(({ call, outcome }) =>
    typeof outcome === 'object' ? [{ call, why: outcome.failed }] : [],
  );
  const refused = outcomes.filter(({ outcome }) => outcome === 'refused').length;
  const share = failures.length / outcomes.length;
  const waits = calls.map(waitsOf);
  const tenth = Math.floor(waits.length / 10);
  const enough = calls.length >= ENOUGH_CALLS;
  const enoughForMemory = calls.length >= ENOUGH_FOR_MEMORY;
  const memory = (of: (sample: SoakRaw['samples'][number]) => number): Interval | undefined =>
    slopeOf(samples.map((sample) => ({ x: sample.calls / 1000, y: of(sample) / 1e6 })));
  const ratio = ratioOf(waits.slice(0, tenth), waits.slice(-tenth));
  const leaked = (kind: HeldKind): number => after.held[kind] - before.held[kind];

  const lines: Line[] = [
    {
      name: 'failed calls',
      limit: `< ${100 * PASS.failedShare} %`,
      measured: `${failures.length} of ${outcomes.length} (${(100 * share).toFixed(2)} %)`,
      holds: share < PASS.failedShare,
    },
    ...HELD_KINDS.map((kind) => ({
      name: `leaked ${kind}`,
      limit: String(PASS.leaked),
      measured: `${Math.max(0, leaked(kind))} (${before.held[kind]} before, ${after.held[kind]} after)`,
      holds: leaked(kind) <= PASS.leaked,
    })),
    memoryLine(
      'resident memory',
      memory(({ resident }) => resident),
      enoughForMemory,
    ),
    memoryLine(
      "main thread's heap and buffers",
      memory(({ heap }) => heap),
      enoughForMemory,
    ),
    {
      name: 'reply latency, last tenth ÷ first',
      limit: `interval reaches 1, or < ${PASS.latencyRatio}`,
      measured: ratio ? shown(ratio) : '–',
      holds:
        enough && ratio ? (ratio.low <= 1 && ratio.high >= 1) || ratio.high < PASS.latencyRatio : undefined,
    },
  ];
  return {
    ...{ lines, failures, holds: lines.every(({ holds }) => holds !== false) },
    notes: [
      `${refused} callers were told by the dialplan that nobody is there, during ${faults.length} faults: ${tallied(faults)}`,
      waitsNote('replies', waits.flat()),
      waitsNote('of the first tenth', waits.slice(0, tenth).flat()),
      waitsNote('of the last tenth', waits.slice(-tenth).flat()),
      `longest time without a packet: ${Math.max(...calls.map(({ heard }) => heard?.longestGapMs ?? 0))} ms`,
      `packets lost on their way to the callers: ${lostShare(calls)}`,
      `other listeners than before: ${changed(raw)}`,
    ],
  };
}

/** Of the main thread: `Socket close +2`. */
function changed({ before, after }: Pick<SoakRaw, 'before' | 'after'>): string {
  const of = ({ threads }: SoakRaw['after']): Readonly<Record<string, number>> =>
    threads.find(({ thread }) => thread === 'main')?.listenersOf ?? {};
  const [then, now] = [of(before), of(after)];
  const kinds = [...new Set([...Object.keys(then), ...Object.keys(now)])].sort();
  return (
    kinds
      .map((kind) => [kind, (now[kind] ?? 0) - (then[kind] ?? 0)] as const)
      .filter(([, more]) => more !== 0)
      .map(([kind, more]) => `${kind} ${more > 0 ? '+' : '−'}${Math.abs(more)}`)
      .join(', ') || 'none'
  );
}

function memoryLine(name: string, slope: Interval | undefined, enough: boolean): Line {
  return {
    name: `${name}, MB in 1,000 calls`,
    limit: `interval reaches 0, or < ${PASS.megabytesPerThousand}`,
    measured: slope ? shown(slope) : '–',
    holds: enough && slope ? slope.low <= 0 || slope.high < PASS.megabytesPerThousand : undefined,
  };
}

function shown({ estimate, low, high }: Interval): string {
  return `${estimate.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

function waitsNote(name: string, waits: readonly number[]): string {
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor(share * sorted.length)] ?? NaN);
  return `${name}: ${sorted.length}, after ${at(0.5)} ms (p50), ${at(0.95)} ms (p95), ${at(0.99)} ms (p99)`;
}

function lostShare(calls: readonly SeenCall[]): string {
  const sum = (of: 'lost' | 'packets'): number =>
    calls.reduce((all, { heard }) => all + (heard?.[of] ?? 0), 0);
  const [lost, received] = [sum('lost'), sum('packets')];
  return `${lost} of ${lost + received} (${((100 * lost) / (lost + received)).toFixed(3)} %)`;
}

function tallied(faults: readonly DoneFault[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of faults) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${kind} × ${count}`).join(', ') || 'none';
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length === 0
    ? NaN
    : ((sorted[Math.ceil(middle - 1)] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}
