/**
 * What Vonage keeps of the sound that it is sent until the caller has heard it: a queue of 20 ms messages
 * that drains in real time. Pure: who owns it calls `tick` every 20 ms.
 *
 * "Vonage can only buffer 3072 messages, about 60 seconds" (play-audio-into-a-websocket tutorial); `clear`
 * empties it; `notify` is answered when what was queued before it has been played
 * (developer.vonage.com/en/voice/voice-api/concepts/websockets). The reference doesn't say what becomes of
 * what doesn't fit (here: it is lost, and counted), nor of a `notify` that waits when `clear` comes: both
 * ways can be chosen.
 */
export const PLAYOUT_MAX_MESSAGES = 3072;

type Item = { readonly frame: Uint8Array } | { readonly notify: unknown };

export interface Tick {
  /** What the caller hears during these 20 ms; undefined: nothing. */
  readonly frame: Uint8Array | undefined;
  /** Payloads whose point has been reached. */
  readonly notified: readonly unknown[];
}

export class PlayoutBuffer {
  /** Messages that found no room. */
  overflowed = 0;
  /** The most messages that ever waited. */
  deepest = 0;
  /** Messages that a `clear` took away. */
  cleared = 0;
  readonly #limit: number;
  readonly #onClear: 'forget' | 'answer';
  #items: Item[] = [];
  #frames = 0;

  constructor(options: { readonly limit?: number; readonly notifiesOnClear?: 'forget' | 'answer' } = {}) {
    this.#limit = options.limit ?? PLAYOUT_MAX_MESSAGES;
    this.#onClear = options.notifiesOnClear ?? 'forget';
  }

  /** Messages that wait. */
  get size(): number {
    return this.#frames;
  }

  push(frame: Uint8Array): void {
    if (this.#frames >= this.#limit) {
      this.overflowed += 1;
      return;
    }
    this.#items.push({ frame });
    this.#frames += 1;
    this.deepest = Math.max(this.deepest, this.#frames);
  }

  notify(payload: unknown): void {
    this.#items.push({ notify: payload });
  }

  /** Payloads that are answered at once, if that is what `clear` does. */
  clear(): unknown[] {
    const waiting = this.#items.flatMap((item) => ('notify' in item ? [item.notify] : []));
    this.cleared += this.#frames;
    this.#items = [];
    this.#frames = 0;
    return this.#onClear === 'answer' ? waiting : [];
  }

  tick(): Tick {
    const notified: unknown[] = [];
    for (;;) {
      const item = this.#items.shift();
      if (!item) return { frame: undefined, notified };
      if ('frame' in item) {
        this.#frames -= 1;
        return { frame: item.frame, notified };
      }
      notified.push(item.notify);
    }
  }
}
