import type { Milliseconds } from '../../lib/clock.ts';

/** What a caller who waits hears, so that they know that somebody is at work. */
export interface Filler {
  /** So long after the caller's last sound, or after the filler before. */
  readonly afterMs: Milliseconds;
  /** "One moment", or a tone. */
  readonly kind: 'words' | 'tone';
}

/** Decides when a caller who waits for the agent hears that they are being seen to, and how. */
export interface FillerPolicy {
  /** `given`: how many fillers they have had since anything else was heard. */
  next(given: number): Filler;
  /** When the first filler is due. */
  firstAt(wait: Wait): Milliseconds;
}

/** How long a caller has waited for an answer. Instants. */
export interface Wait {
  /** Their last sound. */
  readonly lastAt: Milliseconds;
  /** When it was, or will be at the soonest, certain that they have finished. */
  readonly certainAt: Milliseconds;
  /** Since when the voice has the first words of the answer; missing: it hasn't. */
  readonly nearAt?: Milliseconds | undefined;
}

/** The time that an answer usually takes once it is certain that the caller has finished: no filler comes before it is over. */
const ANSWERS_WITHIN_MS = 500;
/** The time that a voice usually takes from the first words to the first sound: a filler would only delay that. */
const SPEAKS_WITHIN_MS = 300;

/** First a filler of that `kind`, and then a tone each time. */
export function fillersAfter(
  afterMs: Milliseconds,
  againMs: Milliseconds,
  kind: Filler['kind'] = 'words',
): FillerPolicy {
  return {
    next: (given) => (given === 0 ? { afterMs, kind } : { afterMs: againMs, kind: 'tone' }),
    firstAt: ({ lastAt, certainAt, nearAt = -Infinity }) =>
      Math.max(lastAt + afterMs, certainAt + ANSWERS_WITHIN_MS, nearAt + SPEAKS_WITHIN_MS),
  };
}
