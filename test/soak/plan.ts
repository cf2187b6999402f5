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
  readonly atOnce: number;
  /** The calls whose cost of the first time (pools, caches, compiled code) is not to be taken for a leak. */
  readonly warmUp: readonly PlannedCall[];
  readonly calls: readonly PlannedCall[];
  readonly faults: readonly PlannedFault[];
  /** New calls a second: so many that `atOnce` is reached soon and kept. */
  readonly perSecond: number;
}

export interface SoakSize {
  readonly seed: number;
  readonly calls: number;
  readonly atOnce: number;
  /** Mean of the pauses between two faults; they come as long as there are calls. */
  readonly faultEveryMs: number;
  /** Nobody stays for longer. */
  readonly longestMs: number;
}

/** One call in ten ends within its first two seconds: in the greeting, or before. */
const AT_ONCE_SHARE = 0.1;
const AT_ONCE_MS = 2000;
const SHORTEST_MS = 4000;
const INTERRUPTING_SHARE = 0.2;
const SAID_AT_MOST = 12;
/** How long a fault that isn't a moment lasts. */
const FAULT_MS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  'model-down': [2000, 5000],
  'speech-down': [2000, 5000],
  'ari-cut': [0, 0],
  'ari-away': [1000, 3000],
  'media-thread-dies': [0, 0],
};

export function planSoak(size: SoakSize): SoakPlan {
  const { seed, atOnce, longestMs } = size;
  const random = seeded(seed);
  const warmUpCalls = Math.max(10, atOnce);
  const all = Array.from({ length: warmUpCalls + size.calls }, (_, call) =>
    plannedCall(call, longestMs, random),
  );
  const [warmUp, calls] = [all.slice(0, warmUpCalls), all.slice(warmUpCalls)];
  const meanMs = calls.reduce((sum, { talkMs }) => sum + talkMs, 0) / calls.length;
  const lastsMs = (calls.length * meanMs) / atOnce;
  const faults: PlannedFault[] = [];
  // Each kind before any comes again, and none in the first or last tenth, whose latencies are compared.
  for (let at = 0.1 * lastsMs + size.faultEveryMs * random(); at < 0.9 * lastsMs;) {
    const kind = FAULT_KINDS[faults.length % FAULT_KINDS.length] as FaultKind;
    const [least, most] = FAULT_MS[kind];
    faults.push({ kind, atMs: Math.round(at), forMs: Math.round(least + random() * (most - least)) });
    at += size.faultEveryMs * (0.5 + random());
  }
  return { seed, atOnce, warmUp, calls, faults, perSecond: Math.max(1, Math.ceil((1400 * atOnce) / meanMs)) };
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
