import type { Milliseconds } from '../../lib/clock.ts';
import type { EndReason } from '../contract/end-reason.ts';

/** What is left out has no limit. */
export interface AdmissionLimits {
  /** Calls at a time. */
  readonly maxCalls: number;
  /** Calls at a time from one number. */
  readonly maxCallsPerCaller?: number | undefined;
  /** Calls that are taken within any minute. */
  readonly callsPerMinute?: number | undefined;
  /** Lateness of the main thread, beyond which a new call would make the running ones wait for their answers. */
  readonly maxEventLoopDelayMs?: Milliseconds | undefined;
  /** Lateness of packets, beyond which a new call would cost the running ones sound. */
  readonly maxMediaLatenessMs?: Milliseconds | undefined;
}

/** How things stand when a call comes in. Refusals that are being spoken are no calls here. */
export interface Load {
  readonly calls: number;
  /** Of these, those from the new call's number: 0 if it is withheld, or if we call. */
  readonly callsOfCaller: number;
  readonly callsInLastMinute: number;
  readonly eventLoopDelayMs: Milliseconds;
  /** Of the running call whose packets leave latest, smoothed. */
  readonly mediaLatenessMs: Milliseconds;
  /** The call isn't new: an earlier run of the program has left it. */
  readonly goesOn: boolean;
}

export type Refusal = Extract<
  EndReason,
  'busy' | 'caller-limit' | 'minute-limit' | 'main-thread-late' | 'media-late'
>;

/** Why one more call isn't taken; undefined: it is. */
export function refusalFor(load: Load, limits: AdmissionLimits): Refusal | undefined {
  if (load.calls >= limits.maxCalls) return 'busy';
  if (load.goesOn) return undefined;
  if (load.callsOfCaller >= (limits.maxCallsPerCaller ?? Infinity)) return 'caller-limit';
  if (load.callsInLastMinute >= (limits.callsPerMinute ?? Infinity)) return 'minute-limit';
  if (load.eventLoopDelayMs > (limits.maxEventLoopDelayMs ?? Infinity)) return 'main-thread-late';
  if (load.mediaLatenessMs > (limits.maxMediaLatenessMs ?? Infinity)) return 'media-late';
  return undefined;
}

/**
 * How much of what can be taken is taken: 0 (nothing) to 1. The scarcest counts: room for calls, the main thread's time, or
 * the media threads'.
 */
export function fullness(load: Load, limits: AdmissionLimits): number {
  const shares = [
    load.calls / limits.maxCalls,
    load.eventLoopDelayMs / (limits.maxEventLoopDelayMs ?? Infinity),
    load.mediaLatenessMs / (limits.maxMediaLatenessMs ?? Infinity),
  ];
  return Math.min(1, Math.max(...shares));
}

/** What stands in a number's place, in SIP (RFC 3323 §4.1.1.3: `anonymous`) and at carriers. */
const WITHHELD: ReadonlySet<string> = new Set([
  ...['', 'anonymous', 'unknown', 'restricted', 'private', 'unavailable', 'withheld', 'blocked'],
]);

/** Whether this stands for whoever doesn't show their number: two of them needn't be the same person. */
export function isWithheld(number: string | undefined): boolean {
  return number === undefined || WITHHELD.has(number.trim().toLowerCase());
}
