import type { Clock } from '../../lib/clock.ts';
import type { TurnEvent } from '../turn/turn-states.ts';

/** An event without its instant, which is that of posting it. */
export type PostedEvent = TurnEvent extends infer E ? (E extends TurnEvent ? Omit<E, 'at'> : never) : never;

type Handler = (event: TurnEvent) => void;

/** What becomes of an event that is posted. */
type Standing =
  /** It waits until `serve` is called. */
  | { readonly is: 'unread' }
  | { readonly is: 'served'; readonly handle: Handler }
  /** It waits for the one that is being handled. */
  | { readonly is: 'handling'; readonly handle: Handler }
  | { readonly is: 'closed' };

/**
 * What happens in a call, on its way to the turn machine: one event at a time, in order. What is posted while
 * another is handled comes after it.
 */
export class TurnInbox {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #waiting: TurnEvent[] = [];
  #standing: Standing = { is: 'unread' };

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Nothing is handled any more. */
  get closed(): boolean {
    return this.#standing.is === 'closed';
  }

  /** From now on `handle` takes the events, those that were posted before first. */
  serve(handle: Handler): void {
    this.#standing = { is: 'served', handle };
    this.#drain();
  }

  /** Handled when this returns, unless it was called from within the handling of another event. */
  post(event: PostedEvent, at = this.#clock.now()): void {
    if (this.closed) return;
    this.#waiting.push({ ...event, at });
    this.#drain();
  }

  /** Before all that waits. */
  postFirst(event: PostedEvent): void {
    this.#waiting.unshift({ ...event, at: this.#clock.now() });
    this.#drain();
  }

  close(): void {
    this.#standing = { is: 'closed' };
    this.#waiting.length = 0;
  }

  /** What the handling of an event throws comes to whoever has posted it; the rest waits for the next one. */
  #drain(): void {
    if (this.#standing.is !== 'served') return;
    const served = this.#standing;
    this.#standing = { is: 'handling', handle: served.handle };
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) served.handle(next);
    } finally {
      if (!this.closed) this.#standing = served;
    }
  }
}
