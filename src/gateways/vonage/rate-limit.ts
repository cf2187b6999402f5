import type { Milliseconds } from '../../lib/clock.ts';

export interface RateLimit {
  /** False: that was one too many, now. */
  admit(now: Milliseconds): boolean;
}

/** A token bucket: `perSecond` in the long run, and `burst` of them at once. */
export function createRateLimit(perSecond: number, burst: number): RateLimit {
  let tokens = burst;
  let at: Milliseconds | undefined;
  return {
    admit(now) {
      if (at !== undefined) tokens = Math.min(burst, tokens + ((now - at) * perSecond) / 1000);
      at = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
