import type { Clock, Milliseconds } from '../../lib/clock.ts';

/** How long one provider may keep the caller waiting, however often it is asked. */
export class Patience {
  readonly #ms: Milliseconds;
  readonly #clock: Clock;
  #by: Milliseconds | undefined;
  #disarm = (): void => undefined;

  constructor(ms: Milliseconds, clock: Clock) {
    this.#ms = ms;
    this.#clock = clock;
  }

  /** The caller waits from now on, if he hasn't before. */
  arm(onLate: () => void): void {
    if (this.#ms === Infinity) return;
    this.#by ??= this.#clock.now() + this.#ms;
    this.#disarm = this.#clock.at(this.#by, onLate);
  }

  /** He has got something: he waits no more, and may wait anew. */
  rewarded(): void {
    this.disarm();
    this.#by = undefined;
  }

  disarm(): void {
    this.#disarm();
  }
}
