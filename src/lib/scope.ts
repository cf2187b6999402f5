import type { Clock, Milliseconds } from './clock.ts';
import { within } from './abort.ts';

/** How long closing may take. */
export interface ScopeLimit {
  readonly clock: Clock;
  /** For each deferred action; what takes longer is left behind, and named in the error. */
  readonly actionMs: Milliseconds;
}

interface Deferred {
  readonly action: () => unknown;
  readonly name: string;
  /** Limits its own actions. */
  readonly scope?: Scope;
}

/**
 * A lifetime: process → call → turn. Closing a scope aborts its signal, closes its children
 * (newest first), runs what was deferred (newest first), and joins every error into one. With a limit,
 * which its children inherit, an action that hangs keeps nothing else from being closed.
 */
export class Scope {
  readonly name: string;
  readonly #limit: ScopeLimit | undefined;
  readonly #controller = new AbortController();
  readonly #deferred: Deferred[] = [];
  #closing: Promise<void> | undefined;

  constructor(name: string, limit?: ScopeLimit) {
    this.name = name;
    this.#limit = limit;
  }

  /** Aborted as soon as the scope begins to close. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Runs `action` when the scope closes; at once if it is closed already. `name` says in an error what it was
   * that hung. Returns how to withdraw it.
   */
  defer(action: () => unknown, name = 'something without a name'): () => void {
    return this.#defer({ action, name });
  }

  /** A scope that closes with this one, or earlier by itself. */
  child(name: string): Scope {
    const child = new Scope(`${this.name}/${name}`, this.#limit);
    const withdraw = this.#defer({ action: () => child.close(), name, scope: child });
    child.defer(withdraw);
    return child;
  }

  /** Idempotent: every caller awaits the same closing. Rejects with an AggregateError if anything failed. */
  close(reason?: unknown): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  #defer(deferred: Deferred): () => void {
    if (this.closed) {
      void Promise.resolve().then(deferred.action);
      return () => undefined;
    }
    this.#deferred.push(deferred);
    return () => {
      const index = this.#deferred.indexOf(deferred);
      if (index >= 0) this.#deferred.splice(index, 1);
    };
  }

  async #close(reason: unknown): Promise<void> {
    this.#controller.abort(reason);
    const errors: unknown[] = [];
    for (const deferred of this.#deferred.splice(0).reverse()) {
      try {
        await this.#run(deferred);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `closing ${this.name} failed`);
  }

  async #run({ action, name, scope }: Deferred): Promise<void> {
    if (this.#limit === undefined || scope !== undefined) {
      await action();
      return;
    }
    const { clock, actionMs } = this.#limit;
    const late = (): never => {
      throw new Error(`${this.name}: ${name} wasn't closed within ${actionMs} ms`);
    };
    await within(Promise.resolve(action()), actionMs, clock, late);
  }
}
