import type { Milliseconds } from '../lib/clock.ts';

/** How things stand with a program when a call is offered to the whole fleet. */
export interface Standing {
  /** Why it wouldn't take the call at present, if it wouldn't: `draining`, `busy`, `unknown-extension`, …. */
  readonly refusal?: string | undefined;
  /** 0: it has nothing to do, 1: as much as it can. */
  readonly fullness: number;
  /** Calls at a time of the whole fleet and, of these, of the caller's number, as far as is known. */
  readonly callsOfFleet?: number | undefined;
  readonly callsOfCaller?: number | undefined;
}

export interface FleetLimits {
  readonly maxCalls?: number | undefined;
  readonly maxCallsPerCaller?: number | undefined;
}

/** When to claim, from the offer on; or why not to. */
export type ClaimVerdict =
  | { readonly claim: true; readonly afterMs: Milliseconds }
  | { readonly claim: false; readonly reason: string };

/** The longest that a caller waits for the least busy to come forward; an offer lasts 400 ms. */
export const LONGEST_DELAY_MS: Milliseconds = 80;

/**
 * Whoever has less to do claims earlier. The delay grows with the square root: where there are few calls, one more or
 * less has to make a difference beyond the jitter of the network (some 0.5 ms), also with room for a thousand.
 */
export function claimVerdict(standing: Standing, limits: FleetLimits): ClaimVerdict {
  const { refusal, fullness, callsOfFleet = 0, callsOfCaller = 0 } = standing;
  const reason =
    refusal ??
    (callsOfFleet >= (limits.maxCalls ?? Infinity) ? 'fleet-limit' : undefined) ??
    (callsOfCaller >= (limits.maxCallsPerCaller ?? Infinity) ? 'fleet-caller-limit' : undefined);
  if (reason !== undefined) return { claim: false, reason };
  return { claim: true, afterMs: LONGEST_DELAY_MS * Math.sqrt(Math.min(1, Math.max(0, fullness))) };
}
