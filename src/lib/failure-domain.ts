import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock, Milliseconds } from './clock.ts';
import { messageOf } from './errors.ts';

export interface FailureDomainOptions {
  readonly clock: Pick<Clock, 'now' | 'at'>;
  /** Told of everything that fails in the domain, each time. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * What is to be done about a failure: returns for how long that may take, or undefined if there is nothing that
 * it can do (any more). When the time is up and the domain isn't closed, the next thing is tried.
 */
export type Remedy = (error: unknown) => Milliseconds | undefined;

/**
 * What a bug may cost: a call. Whatever runs in a domain (`run`, `bind`), and whatever that starts, belongs to it:
 * AsyncLocalStorage goes along with timers, immediates, promises, sockets and requests. What it throws comes to
 * `fail`, directly or through the process's handlers of what nobody caught (app/uncaught-failures.ts).
 *
 * Node forgets the store in two places, so `bind` and `run` catch by themselves: a throw out of
 * AsyncLocalStorage.run or of a function that it has bound reaches the process after the store was left, and a
 * listener runs in the context of the code that emits, not of the code that added it (both seen with Node 22.18 and 24.21).
 */
export class FailureDomain {
  readonly #options: FailureDomainOptions;
  readonly #remedies: Remedy[] = [];
  readonly #known = new WeakSet();
  #cancelTimer: () => void = () => undefined;
  #isRemedying = false;
  #failed = false;
  #closed = false;

  constructor(options: FailureDomainOptions) {
    this.#options = options;
  }

  /** The domain that what runs now belongs to. */
  static current(): FailureDomain | undefined {
    return storage.getStore();
  }

  /** The function, for others to call: it runs in the domain that is current now, and what it throws is that one's. */
  static bind<Args extends readonly unknown[]>(action: (...args: Args) => void): (...args: Args) => void {
    return FailureDomain.current()?.bind(action) ?? action;
  }

  /** Runs what belongs to no call, though a call has asked for it: a connection or a thread that others use, too. */
  static outside<T>(action: () => T): T {
    return storage.exit(action);
  }

  /** Runs `action`; what it throws is the current domain's failure, and isn't thrown on. */
  static attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      FailureDomain.report(error);
    }
  }

  /** For a failure that was caught where nothing can be done about it. */
  static report(error: unknown): void {
    const domain = FailureDomain.current();
    if (domain) domain.fail(error);
    else belongsToNoCall(error);
  }

  /** Something has failed in it. */
  get failed(): boolean {
    return this.#failed;
  }

  /** True: what it was for is over, and failures are only told of. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Runs `action` in the domain. Undefined: it threw, and the domain has failed. */
  run<T>(action: () => T): T | undefined {
    return storage.run(this, () => {
      try {
        return action();
      } catch (error) {
        this.fail(error);
        return undefined;
      }
    });
  }

  bind<Args extends readonly unknown[]>(action: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      this.run(() => {
        action(...args);
      });
    };
  }

  /** The newest remedy is tried first, and each as often as it has something to offer. Returns how to withdraw it. */
  onFailure(remedy: Remedy): () => void {
    this.#remedies.push(remedy);
    return () => {
      const index = this.#remedies.indexOf(remedy);
      if (index >= 0) this.#remedies.splice(index, 1);
    };
  }

  /** The same error again, from another promise that waited for the same, is no other failure. */
  fail(error: unknown): void {
    if (typeof error === 'object' && error !== null) {
      if (this.#known.has(error)) return;
      this.#known.add(error);
    }
    this.#tell(error);
    // What a remedy sets off may fail, too; if nothing comes of the remedy, its time runs out.
    if (!this.#closed && !this.#isRemedying) this.#remedy(error);
  }

  /** What it was for is over. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#remedies.length = 0;
  }

  #remedy(error: unknown): void {
    this.#cancelTimer();
    this.#isRemedying = true;
    const remedyMs = storage.run(this, () => this.#tryRemedies(error));
    this.#isRemedying = false;
    if (this.#closed || remedyMs === undefined) return;
    const { clock } = this.#options;
    // Not in the domain: it is what looks after it.
    this.#cancelTimer = storage.exit(() =>
      clock.at(clock.now() + remedyMs, () => {
        const late = new Error(`it isn't over ${remedyMs} ms after it failed (${messageOf(error)})`);
        this.#tell(late);
        if (!this.#closed) this.#remedy(late);
      }),
    );
  }

  #tryRemedies(error: unknown): Milliseconds | undefined {
    for (const remedy of [...this.#remedies].reverse()) {
      try {
        const remedyMs = remedy(error);
        if (remedyMs !== undefined) return remedyMs;
      } catch (another) {
        this.#tell(another);
      }
    }
    return undefined;
  }

  #tell(error: unknown): void {
    this.#failed = true;
    try {
      this.#options.onFailure(error);
    } catch (another) {
      belongsToNoCall(another);
    }
  }
}

const storage = new AsyncLocalStorage<FailureDomain>();

/**
 * Reports a failure with which the program can't go on (a thread that it can't do without is abandoned, say): the
 * process lets its calls come to their end, and exits (main.ts).
 */
export function belongsToNoCall(error: unknown): void {
  // As an unhandled rejection it reaches the handler that the program, or a test, has installed.
  storage.exit(() => void Promise.reject(error instanceof Error ? error : new Error(messageOf(error))));
}
