import type { Milliseconds } from '../lib/clock.ts';

/** A node as the shared store tells of it. */
export interface NodeRow {
  readonly node: string;
  readonly run: string;
  readonly state: 'running' | 'draining';
  readonly calls: number;
  readonly maxCalls: number;
  /** Asterisks that it can't reach, by their names. */
  readonly unreachable: readonly string[];
  /** Since its last heartbeat, by the store's clock. */
  readonly ageMs: Milliseconds;
}

/** Between two heartbeats in the store. */
export const BEAT_MS: Milliseconds = 300;
/** Without one for so long it is looked whether the node is still there. */
export const STALE_MS: Milliseconds = 600;
/**
 * And its sign of life at an Asterisk has to stand still for so long. A node doubts by itself that its calls are its own
 * after 1 s without one (telephony/asterisk/heartbeat.ts): before anybody else takes them.
 */
export const STILL_MS: Milliseconds = 1250;
/** A node that hasn't been there for so long has no calls that count. */
export const THERE_MS: Milliseconds = 10_000;
/** And after so long it isn't looked for any more. */
export const FORGOTTEN_MS: Milliseconds = 10 * 60_000;
/** Who judges others has to have been well itself for so long: after a freeze, or the store's, nobody's age says anything. */
export const SETTLED_MS: Milliseconds = 2500;

/** Nodes that may be gone from an Asterisk: to be looked at there. */
export function suspects(
  rows: readonly NodeRow[],
  me: string,
  server: string,
  settledMs: Milliseconds,
): readonly string[] {
  if (settledMs < SETTLED_MS) return [];
  return rows
    .filter(({ node, ageMs }) => node !== me && ageMs < FORGOTTEN_MS)
    .filter(({ ageMs, unreachable }) => ageMs > STALE_MS || unreachable.includes(server))
    .map(({ node }) => node);
}

/** What a look at a node's sign of life says; `still`: not long enough to be sure. */
export type Sign = 'lives' | 'still' | 'dead';

/** Watches one node's sign of life at one Asterisk: dead once it has stood still for `STILL_MS`. */
export class Pulse {
  #last: string | undefined;
  /** When it was first certain that the sign is what it is. */
  #since: Milliseconds | undefined;

  /**
   * The sign was read at some instant between the question and its answer, which may lie far apart: who asks may have been
   * held up itself. So it has stood still from the first answer to the last question, at least.
   */
  look(sign: string | undefined, askedAt: Milliseconds, answeredAt: Milliseconds): Sign {
    const changed = this.#since !== undefined && sign !== this.#last;
    if (changed || this.#since === undefined) this.#since = answeredAt;
    this.#last = sign;
    if (changed) return 'lives';
    return askedAt - this.#since >= STILL_MS ? 'dead' : 'still';
  }
}
