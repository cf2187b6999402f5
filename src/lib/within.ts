import type { Clock, Milliseconds } from './clock.ts';

/**
 * What `promise` settles with, if it does so within `limit`; else what `late` returns or throws. The promise
 * isn't stopped by that: nobody waits for it any more, and it may reject unheard.
 */
export async function within<T, Late>(
  promise: Promise<T>,
  limit: Milliseconds,
  late: () => Late,
  clock: Clock,
): Promise<T | Late> {
  let cancel = (): void => undefined;
  const timeUp = new Promise<void>((resolve) => {
    cancel = clock.at(clock.now() + limit, resolve);
  });
  try {
    return await Promise.race([promise, timeUp.then(late)]);
  } finally {
    cancel();
  }
}
