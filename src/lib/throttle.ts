import type { Clock, Milliseconds } from './clock.ts';

/** For what may happen without end, and is to be told: the first time, and then once in a while. */
export class Throttle {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #everyMs: Milliseconds;
  #times = 0;
  #toldAt = -Infinity;

  constructor(clock: Pick<Clock, 'now'>, everyMs: Milliseconds) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** It has happened. Returns how often since it was told last, this time included; undefined: not to be told now. */
  due(): number | undefined {
    this.#times += 1;
    const now = this.#clock.now();
    if (now - this.#toldAt < this.#everyMs) return undefined;
    const times = this.#times;
    [this.#times, this.#toldAt] = [0, now];
    return times;
  }
}
