/**
 * Lets a few in at a time. Of those who wait the newest is next: who comes after a flood doesn't wait for all of it, and
 * who has waited for long has mostly given up.
 */
export class Turnstile {
  readonly #mostWaiting: number;
  readonly #waiting: ((turn: boolean) => void)[] = [];
  #free: number;

  constructor(atOnce: number, mostWaiting: number) {
    this.#free = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Somebody waits. */
  get crowded(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Undefined: in, at once. Else it resolves with true when it is one's turn, or with false when so many came meanwhile
   * that it won't be. Who is in must `leave`.
   */
  enter(): Promise<boolean> | undefined {
    if (this.#free > 0) {
      this.#free -= 1;
      return undefined;
    }
    if (this.#waiting.length >= this.#mostWaiting) this.#waiting.shift()?.(false);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.pop();
    if (next) next(true);
    else this.#free += 1;
  }
}
