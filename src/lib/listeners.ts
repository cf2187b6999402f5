import { messageOf } from './errors.ts';

/**
 * A set of listeners. One that throws keeps neither the others from hearing nor anything from going on:
 * its error becomes an unhandled rejection, which the program tells in its log (main.ts).
 */
export class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>();

  /** Returns how to withdraw it. */
  add(listener: (event: Event) => void): () => void {
    const own = (event: Event): void => {
      listener(event);
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
        void Promise.reject(error instanceof Error ? error : new Error(messageOf(error)));
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
