import { FailureDomain } from './failure-domain.ts';

/**
 * A set of listeners. Each runs in the failure domain in which it was added, or, if it was added outside of any, in
 * that of the code that emits. When one throws, the others are still called and `emit` returns: it is a failure of
 * the listener's domain.
 */
export class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>();

  /** Returns how to withdraw it. */
  add(listener: (event: Event) => void): () => void {
    const bound = FailureDomain.bind(listener);
    const own = (event: Event): void => {
      bound(event);
    };
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  emit(event: Event): void {
    for (const listener of [...this.#listeners]) {
      FailureDomain.attempt(() => {
        listener(event);
      });
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
