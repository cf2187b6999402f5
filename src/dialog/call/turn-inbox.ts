import type { Clock } from '../../lib/clock.ts';
import type { TurnEvent } from '../turn/turn-states.ts';

/** An event without its instant, which is that of posting it. */
export type PostedEvent = TurnEvent extends infer E ? (E extends TurnEvent ? Omit<E, 'at'> : never) : never;

/**
 * What happens in a call, on its way to the turn machine: one event at a time, in order. What is posted while
 * another is handled comes after it.
 */
export class TurnInbox {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #waiting: TurnEvent[] = [];
  #handle: ((event: TurnEvent) => void) | undefined;
  #handling = false;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Who reads it; what was posted before waits for them. */
  serve(handle: (event: TurnEvent) => void): void {
    this.#handle = handle;
    this.#drain();
  }

  /** Handled when this returns, unless it was called from within the handling of another event. */
  post(event: PostedEvent, at = this.#clock.now()): void {
    this.#waiting.push({ ...event, at });
    this.#drain();
  }

  /** Before all that waits. */
  postFirst(event: PostedEvent): void {
    this.#waiting.unshift({ ...event, at: this.#clock.now() });
    this.#drain();
  }

  /** What the handling of an event throws comes to whoever has posted it; the rest waits for the next one. */
  #drain(): void {
    if (this.#handling || !this.#handle) return;
    this.#handling = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#handle(next);
    } finally {
      this.#handling = false;
    }
  }
}
