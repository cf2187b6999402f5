import { FailureDomain } from './failure-domain.ts';

/**
 * A set of listeners. Each runs in the failure domain in which it was added; one that was added outside of any, in
 * that of whoever emits. One that throws keeps neither the others from hearing nor anything from going on: it is a
 * failure of its domain.
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
      try {
        listener(event);
      } catch (error) {
        FailureDomain.report(error);
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
