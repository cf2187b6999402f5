import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { orAborted } from '../../lib/abort.ts';

export interface StallWatchOptions {
  readonly clock: Clock;
  /** Longest time without any progress. */
  readonly stallMs: Milliseconds;
  /** What is watched has ended, or was stopped. */
  readonly signal: AbortSignal;
  readonly onStall: () => void;
}

/** Notices when nothing goes on any more. Waiting for somebody else (`patiently`) doesn't count. */
export class StallWatch {
  readonly #options: StallWatchOptions;
  /** Things that are waited for at the moment. */
  readonly #waits = new Set<symbol>();
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(options: StallWatchOptions) {
    this.#options = options;
  }

  /** Something has happened: the next thing must happen within `stallMs`. */
  progress(): void {
    const { clock, stallMs, signal, onStall } = this.#options;
    this.#cancel();
    if (this.#stopped || signal.aborted || this.#waits.size > 0) return;
    this.#cancel = clock.at(clock.now() + stallMs, onStall);
  }

  /** Waits for something that may take its time; undefined as soon as `signal` aborts. */
  async patiently<T>(promise: Promise<T>): Promise<T | undefined> {
    const wait = Symbol('wait');
    this.#waits.add(wait);
    this.#cancel();
    try {
      return await orAborted(promise, this.#options.signal);
    } finally {
      this.#waits.delete(wait);
      this.progress();
    }
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }
}
