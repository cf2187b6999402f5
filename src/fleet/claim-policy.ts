import type { Milliseconds } from '../lib/clock.ts';

/** How things stand with a program when a call is offered to the whole fleet. */
export interface Standing {
  /** Why it wouldn't take the call at present, if it wouldn't: `draining`, `busy`, `unknown-extension`, …. */
  readonly refusal?: string | undefined;
  /** 0: it has nothing to do, 1: as much as it can. */
  readonly fullness: number;
  /** Calls by which it has more than the least busy of the others, as far as that is known; less than none: fewer. */
  readonly ahead?: number | undefined;
  /** How late its machine is, of what is bearable: 0 to 1. */
  readonly lateness?: number | undefined;
  /** Drawn for each call, 0 to 1: of equals, now this one is first and then that one. */
  readonly lot?: number | undefined;
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
/** Of it, what the lot decides: more than by which two nodes learn of an offer apart (some 0.5 ms on quiet machines). */
const LOT_MS: Milliseconds = 5;
/** So many calls ahead of the least busy a node waits half as long as it can. */
const HALFWAY_CALLS = 8;
/** A machine isn't to be spared for being late before it is half as late as is bearable: a little is chance. */
const NOTABLY_LATE = 0.5;

/**
 * Whoever has less to do claims earlier. Where it is known what the others have, the first calls ahead of them count most (8 ms
 * each): more than machines are usually late. Where it isn't, the delay grows with the square root, for the same reason.
 */
export function claimVerdict(standing: Standing, limits: FleetLimits): ClaimVerdict {
  const { refusal, callsOfFleet = 0, callsOfCaller = 0 } = standing;
  const reason =
    refusal ??
    (callsOfFleet >= (limits.maxCalls ?? Infinity) ? 'fleet-limit' : undefined) ??
    (callsOfCaller >= (limits.maxCallsPerCaller ?? Infinity) ? 'fleet-caller-limit' : undefined);
  if (reason !== undefined) return { claim: false, reason };
  return { claim: true, afterMs: delayOf(standing) };
}

function delayOf({ fullness, ahead, lateness = 0, lot }: Standing): Milliseconds {
  const more = Math.max(0, ahead ?? 0);
  const byCalls =
    ahead === undefined ? Math.sqrt(Math.min(1, Math.max(0, fullness))) : more / (more + HALFWAY_CALLS);
  const byLateness = (lateness - NOTABLY_LATE) / (1 - NOTABLY_LATE);
  const share = Math.min(1, Math.max(byCalls, byLateness));
  const lots = lot === undefined ? 0 : LOT_MS;
  return (LONGEST_DELAY_MS - lots) * share + lots * (lot ?? 0);
}
