import type { Clock, Milliseconds } from '../lib/clock.ts';

const BEAT_MS: Milliseconds = 500;
/** Ten seconds of beats. */
const BEATS = 20;
/** Then calls are past help: speech is answered a second late. */
const STALLED_MS: Milliseconds = 1000;

export interface EventLoopWatch {
  /**
   * The middle one of the last ten seconds' delays. One long stall passes; a loop that is always late doesn't. 0 in the
   * first seconds, when models are loaded.
   */
  delayMs(): Milliseconds;
  /** Why the main thread can't be called alive; undefined: it is. */
  trouble(): string | undefined;
  close(): void;
}

/**
 * Sees how late the main thread comes to its work. A loop that stands still answers no health check
 * anyhow; this finds the one that still answers, but too late for a telephone call.
 */
export function watchEventLoop(clock: Clock): EventLoopWatch {
  const delays: Milliseconds[] = [];
  let cancel = (): void => undefined;
  const beat = (due: Milliseconds): void => {
    cancel = clock.at(due, () => {
      const now = clock.now();
      delays.push(Math.max(0, now - due));
      if (delays.length > BEATS) delays.shift();
      beat(now + BEAT_MS);
    });
  };
  beat(clock.now() + BEAT_MS);
  const delayMs = (): Milliseconds => {
    if (delays.length < BEATS / 2) return 0;
    return delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)] ?? 0;
  };
  return {
    delayMs,
    trouble() {
      if (delayMs() < STALLED_MS) return undefined;
      return `the main thread comes ${Math.round(delayMs())} ms late to its work`;
    },
    close() {
      cancel();
    },
  };
}
