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
/**
 * While its callers still get sound, only its main thread stands still, and it may come back; for so long that is waited for.
 * Well before the watchdog lets its callers go (10 s without a beat).
 */
export const STALLED_MS: Milliseconds = 5000;
/** From when on it is watched whether they do. */
export const DOUBTFUL_MS: Milliseconds = STILL_MS - 250;
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

/** Watches one node's sign of life at one Asterisk. */
export class Pulse {
  #last: string | undefined;
  /** When it was first certain that the sign is what it is. */
  #since: Milliseconds | undefined;

  /**
   * For how long it has stood still; undefined: it has changed since the last look. The sign was read at some instant between the
   * question and its answer, which may lie far apart: who asks may have been held up itself. So what counts is from the first
   * answer to the last question.
   */
  look(sign: string | undefined, askedAt: Milliseconds, answeredAt: Milliseconds): Milliseconds | undefined {
    const changed = this.#since !== undefined && sign !== this.#last;
    if (changed || this.#since === undefined) this.#since = answeredAt;
    this.#last = sign;
    return changed ? undefined : Math.max(0, askedAt - this.#since);
  }
}

/** How many packets a caller has been sent so far, in anybody's words; undefined: nobody can tell. */
export interface Hearer {
  readonly channel: string;
  packets(): Promise<string | undefined>;
}

/** So many callers say enough of all. */
const HEARERS = 3;

/** Watches whether a node's callers still get sound: it has threads of its own for that. */
export class Sound {
  #before = new Map<string, string>();

  /** Whether all of them whom two looks have found have got something between these. Never rejects. */
  async flows(callers: readonly Hearer[]): Promise<boolean> {
    const asked = callers
      .toSorted((one, other) => (one.channel < other.channel ? -1 : 1))
      .slice(0, HEARERS)
      .map(async (caller) => [caller.channel, await caller.packets().catch(() => undefined)] as const);
    const now = new Map<string, string>();
    for (const [channel, packets] of await Promise.all(asked))
      if (packets !== undefined) now.set(channel, packets);
    const known = [...now].filter(([channel]) => this.#before.has(channel));
    const flows =
      known.length > 0 && known.every(([channel, packets]) => this.#before.get(channel) !== packets);
    this.#before = now;
    return flows;
  }
}
