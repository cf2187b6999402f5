import { FailureDomain } from './failure-domain.ts';

/** A duration or an instant in milliseconds; fractions are kept. */
export type Milliseconds = number;

/**
 * The one source of time. Instants are monotonic, have the same zero in every thread of this
 * process, and mean nothing outside it; `wallClock` is for people and for records.
 */
export interface Clock {
  /** Monotonic instant, comparable across this process's threads. */
  now(): Milliseconds;
  /** Wall-clock instant, milliseconds since the Unix epoch. */
  wallClock(): Milliseconds;
  /**
   * Runs `action` once at the monotonic instant `at` (at once if that is past), in the failure domain that is
   * current now. Returns its cancel.
   */
  at(at: Milliseconds, action: () => void): () => void;
  /** Resolves after `duration`, or early (with `false`) when `signal` aborts; never rejects. */
  sleep(duration: Milliseconds, signal?: AbortSignal): Promise<boolean>;
}

// hrtime is the same monotonic clock in all threads, but costs a BigInt; performance.now() doesn't.
const origin = originOf(10);

/**
 * Where performance.now() has its zero. A thread that is held up between its two looks at the clock finds it too
 * early, by milliseconds on a busy machine; of several attempts, the latest is right.
 */
function originOf(attempts: number): Milliseconds {
  let latest = -Infinity;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    latest = Math.max(latest, Number(process.hrtime.bigint()) / 1e6 - performance.now());
  }
  return latest;
}

/** Monotonic instant with the same zero in every thread of this process. Allocates nothing. */
export function monotonicNow(): Milliseconds {
  return origin + performance.now();
}

export const systemClock: Clock = {
  now: monotonicNow,
  wallClock: () => Date.now(),
  at(at, action) {
    return after(at - monotonicNow(), FailureDomain.bind(action));
  },
  sleep(duration, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve(false);
        return;
      }
      const onAbort = (): void => {
        cancel();
        resolve(false);
      };
      const cancel = after(duration, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve(true);
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};

/** setTimeout counts in 32 bits: it takes what is more than 24.8 days away for now. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

function after(duration: Milliseconds, action: () => void): () => void {
  if (duration <= LONGEST_TIMEOUT_MS) {
    const timer = setTimeout(action, Math.max(0, duration));
    return () => {
      clearTimeout(timer);
    };
  }
  let cancel = (): void => {
    clearTimeout(timer);
  };
  const timer = setTimeout(() => {
    cancel = after(duration - LONGEST_TIMEOUT_MS, action);
  }, LONGEST_TIMEOUT_MS);
  return () => {
    cancel();
  };
}
