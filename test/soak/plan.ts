/** What a soak run does, settled before it begins by its seed: every call, and every fault. */
import { seeded } from '../../src/providers/embedded/random.ts';
import { CALLER_SENTENCES, CALLER_VOICES } from '../support/caller-audio.ts';

export interface PlannedCall {
  /** From 0 on, warm-up calls included; also its name in all raw data. */
  readonly call: number;
  readonly extension: '510001' | '510002';
  readonly voice: string;
  /** Names of recordings in lab/callers, in the order in which they are said. */
  readonly says: readonly string[];
  /** Whether they talk into the agent's replies instead of waiting for their end. */
  readonly interrupts: boolean;
  /** From the answer to the moment at which the caller hangs up. */
  readonly talkMs: number;
}

export const FAULT_KINDS = ['model-down', 'speech-down', 'ari-cut', 'ari-away', 'media-thread-dies'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface PlannedFault {
  readonly kind: FaultKind;
  /** From the beginning of the measured calls. */
  readonly atMs: number;
  /** 0: it is a moment. */
  readonly forMs: number;
}

export interface SoakPlan {
  readonly seed: number;
  /** False: on a machine that others keep busy, too, where it says nothing how soon somebody is served. Each fault comes once then. */
  readonly timed: boolean;
  readonly atOnce: number;
  /** The calls whose cost of the first time (pools, caches, compiled code) is not to be taken for a leak. */
  readonly warmUp: readonly PlannedCall[];
  /** One of each kind while they last: what stands in for a server that is down is loaded then. */
  readonly warmUpFaults: readonly PlannedFault[];
  readonly calls: readonly PlannedCall[];
  readonly faults: readonly PlannedFault[];
  /** New calls a second: so many that `atOnce` is reached soon and kept. */
  readonly perSecond: number;
}

export interface SoakSize {
  readonly seed: number;
  readonly calls: number;
  readonly timed: boolean;
  readonly warmUp: number;
  /** Undefined: as many as the machine bears, which is measured before. */
  readonly atOnce: number | undefined;
  /** Mean of the pauses between two faults; they come as long as there are calls. */
  readonly faultEveryMs: number;
  /** Nobody stays for longer. */
  readonly longestMs: number;
}

/** One call in ten ends within its first two seconds: in the greeting, or before. */
const AT_ONCE_SHARE = 0.1;
const AT_ONCE_MS = 2000;
const SHORTEST_MS = 3000;
const INTERRUPTING_SHARE = 0.2;
const SAID_AT_MOST = 12;
/** With these it is measured what a call costs. */
export const MEASURING_AT_ONCE = 12;
const MEASURING_CALLS = 48;
/** So long that whatever stands in for what is down is asked, and loaded. */
const ONCE_FAULT_MS = 2000;
/** How long a fault that isn't a moment lasts. */
const FAULT_MS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  'model-down': [2000, 5000],
  'speech-down': [2000, 5000],
  'ari-cut': [0, 0],
  'ari-away': [1000, 3000],
  'media-thread-dies': [0, 0],
};

/** Calls by which it is measured how many at once the machine bears. */
export function planMeasuring({ seed, longestMs }: Pick<SoakSize, 'seed' | 'longestMs'>): SoakPlan {
  const random = seeded(seed);
  const calls = Array.from({ length: MEASURING_CALLS }, (_, call) => plannedCall(call, longestMs, random));
  const none = { warmUp: [], warmUpFaults: [], faults: [], timed: true };
  return { ...none, seed, atOnce: MEASURING_AT_ONCE, calls, perSecond: paceOf(calls, MEASURING_AT_ONCE) };
}

export function planSoak(size: SoakSize & { readonly atOnce: number }): SoakPlan {
  const { seed, timed, atOnce, longestMs } = size;
  const random = seeded(seed);
  const all = Array.from({ length: size.warmUp + size.calls }, (_, call) =>
    plannedCall(call, longestMs, random),
  );
  const [warmUp, calls] = [all.slice(0, size.warmUp), all.slice(size.warmUp)];
  const warmUpFaults = oneOfEach(warmUp, atOnce, random);
  const faults = timed ? faultsThrough(calls, size, random) : oneOfEach(calls, atOnce, random);
  return { seed, timed, atOnce, warmUp, warmUpFaults, calls, faults, perSecond: paceOf(calls, atOnce) };
}

function oneOfEach(calls: readonly PlannedCall[], atOnce: number, random: () => number): PlannedFault[] {
  return FAULT_KINDS.map((kind, index) => ({
    ...plannedFault(kind, (lastsMs(calls, atOnce) * (1 + index)) / (2 + FAULT_KINDS.length), random),
    forMs: Math.min(ONCE_FAULT_MS, FAULT_MS[kind][0]),
  }));
}

/** Each kind before any comes again, and none in the first or last tenth, whose latencies are compared. */
function faultsThrough(
  calls: readonly PlannedCall[],
  { atOnce, faultEveryMs }: Pick<SoakSize, 'faultEveryMs'> & { readonly atOnce: number },
  random: () => number,
): PlannedFault[] {
  const faults: PlannedFault[] = [];
  const untilMs = 0.9 * lastsMs(calls, atOnce);
  for (let at = 0.1 * lastsMs(calls, atOnce) + faultEveryMs * random(); at < untilMs;) {
    faults.push(plannedFault(FAULT_KINDS[faults.length % FAULT_KINDS.length] as FaultKind, at, random));
    at += faultEveryMs * (0.5 + random());
  }
  return faults;
}

function lastsMs(calls: readonly PlannedCall[], atOnce: number): number {
  return calls.reduce((sum, { talkMs }) => sum + talkMs, 0) / atOnce;
}

function paceOf(calls: readonly PlannedCall[], atOnce: number): number {
  return Math.max(1, Math.ceil((1400 * calls.length) / lastsMs(calls, atOnce)));
}

function plannedFault(kind: FaultKind, atMs: number, random: () => number): PlannedFault {
  const [least, most] = FAULT_MS[kind];
  return { kind, atMs: Math.round(atMs), forMs: Math.round(least + random() * (most - least)) };
}

function plannedCall(call: number, longestMs: number, random: () => number): PlannedCall {
  const extension = random() < 0.5 ? '510001' : '510002';
  const sentences = CALLER_SENTENCES.filter(
    (one) => one.extension === extension && one.kind !== 'message' && one.kind !== 'outside',
  );
  const talkMs =
    random() < AT_ONCE_SHARE ? random() * AT_ONCE_MS : SHORTEST_MS + random() * (longestMs - SHORTEST_MS);
  return {
    call,
    extension,
    voice: CALLER_VOICES[Math.floor(random() * CALLER_VOICES.length)] as string,
    says: Array.from(
      { length: SAID_AT_MOST },
      () => (sentences[Math.floor(random() * sentences.length)] as (typeof sentences)[number]).name,
    ),
    interrupts: random() < INTERRUPTING_SHARE,
    talkMs: Math.round(talkMs),
  };
}
