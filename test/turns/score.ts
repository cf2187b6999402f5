import type { Milliseconds } from '../../src/lib/clock.ts';
import type { AgentSpan, CallerSpan, CallLog } from './call-log.ts';

/** A gap on the wire that is shorter is none: two packets. */
const GAP_MS = 40;
/** Who begins after a shorter silence goes on. */
const BEGIN_MS = 200;
/** An agent that is to yield does so within this (tau-voice). */
const YIELD_MS = 2000;
/** An answer that comes later is none. */
const ANSWER_MS = 5000;
/** A pause is cut, too, by who begins just as it ends: both decided in it. */
const LATE_MS = 200;
/** Of a sentence this much may be missing at its end: the last frame is silent, or fades. */
const TAIL_MS = 60;

/** What one call was. */
export interface Verdict {
  readonly log: CallLog;
  /** For each interruption: from its onset to silence on the wire; undefined: the agent didn't stop, or went on. */
  readonly yields: readonly { readonly text: string; readonly ms: Milliseconds | undefined }[];
  /** What became of the answer that was disturbed; `void`: the agent wasn't speaking. */
  readonly disturbed?: Disturbed | undefined;
  /** For each turn that wants one: from its end to the answer; undefined: none came. Turns that were cut into have none. */
  readonly responses: readonly (Milliseconds | undefined)[];
  /** Turns of the caller's, and how often the agent began to speak into one. */
  readonly turns: number;
  readonly interruptions: number;
  readonly holds: readonly { readonly ms: Milliseconds; readonly whole: boolean; readonly cut: boolean }[];
  /** Turns that the agent answered, and nobody had taken. */
  readonly falseTurns: number;
  readonly number?: { readonly whole: boolean; readonly arrived: boolean } | undefined;
}

export interface Disturbed {
  readonly outcome: 'unbroken' | 'resumed' | 'lost' | 'void';
  /** Silence on the wire within the answer. */
  readonly gapMs: Milliseconds;
}

export function judge(log: CallLog): Verdict {
  const starts = startsOf(log.agent);
  const turns = log.caller.filter(({ role }) => role !== 'disturbance');
  const holds = turns.flatMap((turn) =>
    turn.holds.map(({ from, to, whole }) => ({
      ms: Math.round(to - from),
      whole,
      cut: starts.some((at) => at > from && at <= to + LATE_MS),
    })),
  );
  return {
    log,
    yields: turns.filter(({ role }) => role === 'interruption').flatMap((turn) => yieldOf(log, turn)),
    disturbed: disturbedOf(log),
    responses: turns.flatMap((turn) => responseOf(log, turn)),
    turns: turns.length,
    interruptions: turns.reduce(
      (sum, { from, to }) => sum + starts.filter((at) => at > from && at < to).length,
      0,
    ),
    holds,
    falseTurns: Math.max(0, log.turns.length - turns.length),
    number: log.class === 'digits' ? numberOf(log, turns[0]) : undefined,
  };
}

/** When the agent began to speak after a silence. */
function startsOf(spans: readonly AgentSpan[]): Milliseconds[] {
  return spans
    .filter((span, index) => span.from - (spans[index - 1]?.to ?? -Infinity) >= BEGIN_MS)
    .map(({ from }) => from);
}

function says(log: CallLog, span: AgentSpan): boolean {
  return span.said.some(({ text }) => log.answer.some((sentence) => sentence.text === text));
}

/** It begins and ends within two packets, which fade: nobody can tell what they are of. */
function fades({ from, to, said }: AgentSpan): boolean {
  return said.length === 0 && to - from <= GAP_MS;
}

function yieldOf(log: CallLog, { from, text }: CallerSpan): Verdict['yields'] {
  const during = log.agent.findIndex((span) => span.from <= from && span.to > from && says(log, span));
  if (during < 0) return [];
  const last = log.agent.findIndex(
    (span, index) => index >= during && (log.agent[index + 1]?.from ?? Infinity) - span.to >= BEGIN_MS,
  );
  const ms = (log.agent[last]?.to ?? Infinity) - from;
  const wentOn = log.agent.slice(last + 1).some((span) => says(log, span) && !isReply(log, span));
  return [{ text, ms: ms <= YIELD_MS && !wentOn && !wasWhole(log) ? ms : undefined }];
}

/** It begins with a sentence's first words, and not with the rest of one. */
function isReply(log: CallLog, span: AgentSpan): boolean {
  const first = span.said[0];
  return first !== undefined && first.from < 100 && first.text === log.answer[0]?.text;
}

/** The whole answer was heard. */
function wasWhole(log: CallLog): boolean {
  return log.answer.every(({ text, ms }) => {
    const heard = log.agent.flatMap((span) => span.said).filter((said) => said.text === text);
    return Math.max(0, ...heard.map(({ to }) => to)) >= ms - TAIL_MS;
  });
}

function disturbedOf(log: CallLog): Disturbed | undefined {
  const disturbance = log.caller.find(({ role }) => role === 'disturbance');
  const answering = log.agent.findIndex((span) => says(log, span));
  if (!disturbance && log.class !== 'echo') return undefined;
  const began = log.agent[answering];
  const onset = disturbance?.from ?? began?.from ?? 0;
  if (!began || !log.agent.some((span) => says(log, span) && span.from <= onset && span.to > onset)) {
    return { outcome: 'void', gapMs: 0 };
  }
  const last = log.agent.findLastIndex((span) => says(log, span));
  const spans = log.agent.slice(answering, last + 1);
  const gaps = spans.slice(1).map((span, index) => span.from - (spans[index]?.to ?? 0));
  const gapMs = gaps.reduce((sum, gap) => sum + gap, 0);
  // Said anew from its beginning, it is another answer.
  const unbroken =
    spans.every((span) => says(log, span) || fades(span)) &&
    !spans.slice(1).some((span) => isReply(log, span));
  if (!wasWhole(log) || !unbroken) return { outcome: 'lost', gapMs };
  return { outcome: gapMs > GAP_MS ? 'resumed' : 'unbroken', gapMs };
}

function responseOf(log: CallLog, { to }: CallerSpan): Verdict['responses'] {
  if (log.agent.some((span) => span.from < to && span.to > to)) return [];
  const answer = log.agent.find((span) => span.from >= to && !log.phrases.includes(span.said[0]?.text ?? ''));
  const ms = (answer?.from ?? Infinity) - to;
  return [ms <= ANSWER_MS ? ms : undefined];
}

const DIGITS = /\b(zero|oh|one|two|three|four|five|six|seven|eight|nine)\b/g;

/** `whole`: the number, as it was heard, came in one turn; `arrived`: in several, and nothing of it is missing. */
function numberOf(log: CallLog, turn: CallerSpan | undefined): Verdict['number'] {
  const digits = (text: string): string => (text.match(DIGITS) ?? []).join(' ');
  const wanted = digits(turn?.heard ?? '');
  return {
    whole: log.turns.some(({ text }) => digits(text).includes(wanted)),
    arrived: digits(log.turns.map(({ text }) => text).join(' ')).includes(wanted),
  };
}

// ── Many calls ────────────────────────────────────────────────────────────────────────────────

export interface Share {
  readonly n: number;
  readonly of: number;
}

export interface Times {
  readonly n: number;
  readonly p50: Milliseconds | undefined;
  readonly p95: Milliseconds | undefined;
}

export interface Score {
  readonly variant: string;
  readonly half: string;
  readonly calls: number;
  readonly yields: readonly (YieldScore & { readonly of: string })[];
  readonly disturbances: readonly DisturbanceScore[];
  readonly interruptions: Share;
  readonly responses: Times & { readonly unanswered: number };
  readonly holds: readonly {
    readonly ms: Milliseconds;
    readonly all: Share;
    readonly whole: Share;
    readonly open: Share;
  }[];
  readonly numbers: { readonly whole: Share; readonly arrived: Share };
  readonly falseTurns: readonly {
    readonly of: string;
    readonly calls: number;
    readonly turns: number;
    readonly ended: number;
  }[];
}

export interface YieldScore {
  readonly yielded: Share;
  /** The agent wasn't giving its answer just then: stopped by its own echo, mostly. Not among those above. */
  readonly void: number;
  readonly in300: Share;
  readonly times: Times;
}

export interface DisturbanceScore {
  readonly of: string;
  readonly calls: number;
  readonly void: number;
  readonly unbroken: number;
  readonly resumed: number;
  readonly lost: number;
  readonly gap: Times;
  readonly falseTurns: number;
}

export const DISTURBANCES = ['back-channel', 'vocal noise', 'other noise', 'talk to others', 'echo'] as const;
const INTERRUPTIONS = ['interruption', 'echo with interruption', 'noisy line'] as const;
/** Nobody says anything, or nothing that the machine should answer. */
const NOBODY = ['noise alone', 'silence', 'echo'] as const;

export function score(variant: string, half: string, logs: readonly CallLog[]): Score {
  const verdicts = logs.map(judge);
  const of = (name: string): Verdict[] => verdicts.filter(({ log }) => log.class === name);
  const responses = verdicts.flatMap((verdict) => verdict.responses);
  const holds = verdicts.flatMap((verdict) => verdict.holds);
  const numbers = verdicts.flatMap((verdict) => verdict.number ?? []);
  const stops = of('interruption').filter(({ log }) => log.kind === 'Stop!');
  return {
    variant,
    half,
    calls: logs.length,
    yields: [
      ...INTERRUPTIONS.map((name) => ({ of: name, ...yieldScore(of(name)) })),
      { of: '“Stop!” alone', ...yieldScore(stops) },
    ],
    disturbances: DISTURBANCES.map((name) => disturbanceScore(name, of(name))),
    interruptions: {
      n: verdicts.reduce((sum, { interruptions }) => sum + interruptions, 0),
      of: verdicts.reduce((sum, { turns }) => sum + turns, 0),
    },
    responses: { ...times(responses), unanswered: responses.filter((ms) => ms === undefined).length },
    holds: [...new Set(holds.map(({ ms }) => ms))]
      .sort((a, b) => a - b)
      .map((ms) => {
        const alike = holds.filter((hold) => hold.ms === ms);
        const cut = (list: typeof holds): Share => ({
          n: list.filter((hold) => hold.cut).length,
          of: list.length,
        });
        return {
          ms,
          all: cut(alike),
          whole: cut(alike.filter(({ whole }) => whole)),
          open: cut(alike.filter(({ whole }) => !whole)),
        };
      }),
    numbers: {
      whole: { n: numbers.filter(({ whole }) => whole).length, of: numbers.length },
      arrived: { n: numbers.filter(({ arrived }) => arrived).length, of: numbers.length },
    },
    falseTurns: NOBODY.map((name) => ({
      of: name,
      calls: of(name).length,
      turns: of(name).reduce((sum, { falseTurns }) => sum + falseTurns, 0),
      ended: of(name).filter(({ log }) => log.ended).length,
    })),
  };
}

function yieldScore(verdicts: readonly Verdict[]): YieldScore {
  const all = verdicts.flatMap((verdict) => verdict.yields);
  const yielded = all.flatMap(({ ms }) => ms ?? []);
  return {
    yielded: { n: yielded.length, of: all.length },
    void: verdicts.length - all.length,
    in300: { n: yielded.filter((ms) => ms <= 300).length, of: all.length },
    times: times(yielded),
  };
}

function disturbanceScore(of: string, verdicts: readonly Verdict[]): DisturbanceScore {
  const all = verdicts.flatMap(({ disturbed }) => disturbed ?? []);
  const count = (outcome: Disturbed['outcome']): number =>
    all.filter((one) => one.outcome === outcome).length;
  return {
    of,
    calls: all.length,
    void: count('void'),
    unbroken: count('unbroken'),
    resumed: count('resumed'),
    lost: count('lost'),
    gap: times(all.filter(({ outcome }) => outcome === 'resumed').map(({ gapMs }) => gapMs)),
    falseTurns: verdicts.reduce((sum, { falseTurns }) => sum + falseTurns, 0),
  };
}

/** Those that are known; the nearest rank. */
export function times(values: readonly (Milliseconds | undefined)[]): Times {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const rank = (share: number): Milliseconds | undefined =>
    known[Math.max(0, Math.ceil(share * known.length) - 1)];
  return { n: known.length, p50: rank(0.5), p95: rank(0.95) };
}

// ── Cut-offs against dead air, as livekit/eot-bench has it ──────────────────────────────────────

/**
 * How long people's pauses are: shares of eot-bench's (every silence of 100 ms or more within a turn) up to so long. Read
 * from its row with nothing but silence, which cuts off 55.6 % at 300 ms, 21.7 % at 600, 10 % at 1000 and 5 % at 1600.
 */
const LENGTHS: readonly (readonly [upToMs: number, share: number])[] = [
  [300, 0.444],
  [600, 0.339],
  [1000, 0.117],
  [1600, 0.05],
  [Infinity, 0.05],
];

/** What one setting of the knob gives. */
export interface EndOfTurnPoint {
  readonly pauseMs: Milliseconds;
  readonly holds: Share;
  /** Share of pauses that are cut off, if they were as long as people's are: ours are as many of each length. */
  readonly cut: number;
  /** From the end of what was said to the answer of a model and a voice that need no time. */
  readonly deadAirMs: Milliseconds;
  readonly ends: number;
}

export function endOfTurnPoint(pauseMs: Milliseconds, logs: readonly CallLog[]): EndOfTurnPoint {
  const verdicts = logs.map(judge);
  const holds = verdicts.flatMap((verdict) => verdict.holds);
  const ends = verdicts.flatMap((verdict) => verdict.responses).filter((ms) => ms !== undefined);
  return {
    pauseMs,
    holds: { n: holds.filter(({ cut }) => cut).length, of: holds.length },
    cut: weighted(holds),
    deadAirMs: ends.reduce((sum, ms) => sum + ms, 0) / Math.max(1, ends.length),
    ends: ends.length,
  };
}

function weighted(holds: Verdict['holds']): number {
  let [cut, all, from] = [0, 0, 0];
  for (const [upTo, share] of LENGTHS) {
    const alike = holds.filter(({ ms }) => ms > from && ms <= upTo);
    from = upTo;
    if (alike.length === 0) continue;
    cut += (share * alike.filter((hold) => hold.cut).length) / alike.length;
    all += share;
  }
  return all === 0 ? 0 : cut / all;
}

/** The cut-offs' share at a mean dead air, and the mean dead air at a share; undefined: the knob doesn't reach it. */
export interface EndOfTurn {
  readonly points: readonly EndOfTurnPoint[];
  readonly cutAt: Readonly<Record<300 | 600, number | undefined>>;
  readonly deadAirAt: Readonly<Record<5 | 10, Milliseconds | undefined>>;
}

export function endOfTurn(points: readonly EndOfTurnPoint[]): EndOfTurn {
  const curve = points.map(({ deadAirMs, cut }) => [deadAirMs, cut] as const).sort(([a], [b]) => a - b);
  const swapped = curve.map(([ms, cut]) => [-cut, ms] as const);
  const cutAt = (ms: Milliseconds): number | undefined => between(curve, ms);
  return {
    points,
    cutAt: { 300: cutAt(300), 600: cutAt(600) },
    deadAirAt: { 5: between(swapped, -0.05), 10: between(swapped, -0.1) },
  };
}

/** The first place at which the line through `points` has `x`. */
function between(points: readonly (readonly [x: number, y: number])[], x: number): number | undefined {
  for (const [index, [right, above]] of points.entries()) {
    const [left, below] = points[index - 1] ?? [right, above];
    if (left <= x && x <= right)
      return left === right ? above : below + ((above - below) * (x - left)) / (right - left);
  }
  return undefined;
}
