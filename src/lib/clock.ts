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
  /** Runs `action` once at the monotonic instant `at` (at once if that is past). Returns its cancel. */
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
    const timer = setTimeout(action, Math.max(0, at - monotonicNow()));
    return () => {
      clearTimeout(timer);
    };
  },
  sleep(duration, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve(false);
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        resolve(false);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve(true);
        },
        Math.max(0, duration),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
