import type { Milliseconds } from '../../lib/clock.ts';

export interface BackOff {
  /** The first pause at its longest. */
  readonly firstMs: Milliseconds;
  /** No pause is longer. */
  readonly longestMs: Milliseconds;
}

/**
 * Asterisk is in use again within two seconds of its return, however long it was away: a restart takes 2–5 s, and a
 * caller's patience in silence is about as long. A connection that is refused costs next to nothing.
 */
export const RECONNECT_BACK_OFF: BackOff = { firstMs: 250, longestMs: 1500 };

/**
 * The pause before the `attempt`-th try (from 1): doubling, and jittered over its upper half, so that
 * many apps that lost the same server don't come back in one instant. `random` is in [0, 1).
 */
export function backOffMs(attempt: number, random: number, { firstMs, longestMs }: BackOff): Milliseconds {
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(30, attempt - 1));
  return ceiling / 2 + (ceiling / 2) * random;
}
