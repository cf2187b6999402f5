import type { Clock, Milliseconds } from '../../src/lib/clock.ts';
import { FailureDomain } from '../../src/lib/failure-domain.ts';

interface Timer {
  readonly at: Milliseconds;
  readonly order: number;
  readonly action: () => void;
}

/** A clock that stands still until it is told to go on: time in tests costs none and never races. */
export class ManualClock implements Clock {
  #now: Milliseconds;
  #order = 0;
  readonly #timers = new Set<Timer>();
  readonly #wallAtZero: Milliseconds;

  constructor(options: { now?: Milliseconds; wallClock?: Milliseconds } = {}) {
    this.#now = options.now ?? 1000;
    this.#wallAtZero = (options.wallClock ?? Date.UTC(2026, 0, 15, 9)) - this.#now;
  }

  now(): Milliseconds {
    return this.#now;
  }

  wallClock(): Milliseconds {
    return this.#wallAtZero + this.#now;
  }

  at(at: Milliseconds, action: () => void): () => void {
    const timer: Timer = { at, order: this.#order++, action: FailureDomain.bind(action) };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  sleep(duration: Milliseconds, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve(false);
        return;
      }
      const cancel = this.at(this.#now + duration, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve(true);
      });
      const onAbort = (): void => {
        cancel();
        resolve(false);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Timers that wait; a test that ends with any has left something open. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets `duration` pass, instant by instant; what a timer sets off is done before the next one. */
  async advance(duration: Milliseconds): Promise<void> {
    const until = this.#now + duration;
    await settle();
    for (;;) {
      const next = this.#next();
      if (!next || next.at > until) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
      await settle();
    }
    this.#now = until;
  }

  /** Advances in small steps until `condition` holds. Throws after `limit`. */
  async until(condition: () => boolean, limit: Milliseconds = 60_000): Promise<void> {
    const end = this.#now + limit;
    await settle();
    while (!condition()) {
      if (this.#now >= end) throw new Error(`it didn't happen within ${limit} ms: ${condition.toString()}`);
      const next = this.#next();
      await this.advance(next ? Math.max(0, Math.min(next.at, end) - this.#now) : end - this.#now);
    }
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}

/** Everything that follows from what has happened is done: promises, and their promises. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
