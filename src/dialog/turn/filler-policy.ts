import type { Milliseconds } from '../../lib/clock.ts';

/** An audible sign that somebody is at work. */
export interface Filler {
  /** So long after the caller's last sound, or after the sign before. */
  readonly afterMs: Milliseconds;
  /** "One moment", or a sign without words. */
  readonly sign: 'words' | 'tone';
}

/** Decides when a caller who waits for the agent hears that they are being seen to, and how. */
export interface FillerPolicy {
  /** `given`: how many signs they have had since anything else was heard. */
  next(given: number): Filler;
}

/** Words first, and then again and again a tone. */
export function fillersAfter(afterMs: Milliseconds, againMs: Milliseconds): FillerPolicy {
  return {
    next: (given) => (given === 0 ? { afterMs, sign: 'words' } : { afterMs: againMs, sign: 'tone' }),
  };
}
