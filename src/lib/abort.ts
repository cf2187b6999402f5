import type { Clock, Milliseconds } from './clock.ts';

/** Runs `action` once when `signal` aborts, at once if it has already. Returns how to withdraw it. */
export function onAbort(signal: AbortSignal, action: () => void): () => void {
  if (signal.aborted) {
    action();
    return () => undefined;
  }
  const listener = (): void => {
    action();
  };
  signal.addEventListener('abort', listener, { once: true });
  return () => {
    signal.removeEventListener('abort', listener);
  };
}

/**
 * When one request is to stop: together with `parent`, or when its deadline passes. It has one deadline at a time
 * (for the first byte, then for each token). Its owner must call `release` or `abort` in the end: the parent
 * keeps it until then. (AbortSignal.any leaves that to the garbage collector, and knows no Clock.)
 */
export class RequestAbort {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  #unlink = (): void => undefined;
  #disarm = (): void => undefined;
  #missed: Error | undefined;

  /** Without a parent it is for its deadline alone. */
  constructor(parent: AbortSignal | undefined, clock: Clock) {
    this.#clock = clock;
    if (!parent) return;
    this.#unlink = onAbort(parent, () => {
      this.abort(parent.reason);
    });
  }

  /** For the request. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The error of the deadline that has passed; undefined if none has. */
  get missed(): Error | undefined {
    return this.#missed;
  }

  /**
   * Aborts at the instant `at` (`Infinity`: never), in place of the deadline before; `missed` is `late`'s error then. It is made only then:
   * each token of a model's answer has a deadline, and hardly any is missed.
   */
  deadline(at: Milliseconds, late: () => Error): void {
    this.#disarm();
    if (at === Infinity || this.signal.aborted) return;
    this.#disarm = this.#clock.at(at, () => {
      this.#missed = late();
      this.abort(this.#missed);
    });
  }

  clearDeadline(): void {
    this.#disarm();
  }

  /** Stops the request, and lets go of the parent. Idempotent. */
  abort(reason?: unknown): void {
    this.release();
    this.#controller.abort(reason);
  }

  /** The request is over by itself: no deadline, and the parent's abort means nothing to it. Idempotent. */
  release(): void {
    this.#disarm();
    this.#unlink();
  }
}

/** Resolves with the promise, or with `undefined` as soon as `signal` aborts. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) {
    promise.catch(() => undefined);
    return undefined;
  }
  const aborted = Promise.withResolvers<undefined>();
  const withdraw = onAbort(signal, () => {
    aborted.resolve(undefined);
  });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    withdraw();
  }
}

/**
 * The values of `source` until `signal` aborts. Ends with the signal even when the source doesn't
 * notice it: a provider that hangs must not hold a call.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  if (signal.aborted) return;
  const iterator = source[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = await orAborted(iterator.next(), signal);
      if (!next) return;
      isOver = next.done === true;
      if (isOver) return;
      yield next.value;
    }
  } catch (error) {
    isOver = true;
    throw error;
  } finally {
    // Not awaited: a generator that waits for its next value returns only after that.
    if (!isOver) iterator.return?.().then(undefined, () => undefined);
  }
}

/**
 * Resolves with the promise, or with what `late` gives (or throws) if that takes longer than `ms`. The promise isn't
 * stopped by that: it isn't waited for any more, and its rejection is ignored.
 */
export async function within<T, Late = T>(
  promise: Promise<T>,
  ms: Milliseconds,
  clock: Pick<Clock, 'now' | 'at'>,
  late: () => Late | Promise<Late>,
): Promise<T | Late> {
  const passed = Promise.withResolvers<typeof LATE>();
  const disarm = clock.at(clock.now() + ms, () => {
    passed.resolve(LATE);
  });
  try {
    const value = await Promise.race([promise, passed.promise]);
    return value === LATE ? await late() : value;
  } finally {
    disarm();
  }
}

const LATE = Symbol('late');
