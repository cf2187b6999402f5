/**
 * A lifetime: process → call → turn. Closing a scope aborts its signal, closes its children
 * (newest first), runs what was deferred (newest first), and joins every error into one.
 */
export class Scope {
  readonly name: string;
  readonly #controller = new AbortController();
  readonly #deferred: (() => unknown)[] = [];
  #closing: Promise<void> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Aborted as soon as the scope begins to close. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Runs `action` when the scope closes; at once if it is closed already. Returns how to withdraw it. */
  defer(action: () => unknown): () => void {
    if (this.closed) {
      void Promise.resolve().then(action);
      return () => undefined;
    }
    this.#deferred.push(action);
    return () => {
      const index = this.#deferred.indexOf(action);
      if (index >= 0) this.#deferred.splice(index, 1);
    };
  }

  /** A scope that closes with this one, or earlier by itself. */
  child(name: string): Scope {
    const child = new Scope(`${this.name}/${name}`);
    const withdraw = this.defer(() => child.close());
    child.defer(withdraw);
    return child;
  }

  /** Idempotent: every caller awaits the same closing. Rejects with an AggregateError if anything failed. */
  close(reason?: unknown): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: unknown): Promise<void> {
    this.#controller.abort(reason);
    const errors: unknown[] = [];
    for (const action of this.#deferred.splice(0).reverse()) {
      try {
        await action();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `closing ${this.name} failed`);
  }
}
