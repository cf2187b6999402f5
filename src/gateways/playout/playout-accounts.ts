import type { Milliseconds } from '../../lib/clock.ts';

/**
 * How much of each utterance has left, counted by the thread that sends and readable at any moment
 * by the main thread, also after the sending thread died. The last 64 utterances of a session are kept.
 *
 * A passage that is heard again after a pause counts once: `samples` is the furthest place that was heard.
 *
 *     entry   f64 utterance | f64 samples sent | f64 first packet | f64 last packet | f64 state
 *             f64 pauses | f64 milliseconds paused | f64 paused and counted until then (NaN: not paused)
 */
export interface PlayoutAccountsHandle {
  readonly memory: SharedArrayBuffer;
}

/** What is known of one utterance. */
export interface UtteranceAccount {
  readonly samples: number;
  /** Instants of the first and the last packet; undefined: none was sent. */
  readonly startedAt: Milliseconds | undefined;
  readonly lastAt: Milliseconds | undefined;
  readonly completed: boolean;
  readonly pauses: number;
  readonly pausedMs: Milliseconds;
}

const ENTRIES = 64;
const CELLS = 8;
const ID = 0;
const SAMPLES = 1;
const STARTED = 2;
const LAST = 3;
const STATE = 4;
const PAUSES = 5;
const PAUSED_MS = 6;
const RESTING = 7;
const PLAYING = 0;
const COMPLETED = 1;

/** The account of an utterance of which nothing was sent. */
export const NOTHING_PLAYED: UtteranceAccount = {
  samples: 0,
  startedAt: undefined,
  lastAt: undefined,
  completed: false,
  pauses: 0,
  pausedMs: 0,
};

export function createPlayoutAccounts(): PlayoutAccountsHandle {
  return { memory: new SharedArrayBuffer(ENTRIES * CELLS * 8) };
}

export class PlayoutAccounts {
  readonly #cells: Float64Array;

  constructor(handle: PlayoutAccountsHandle) {
    this.#cells = new Float64Array(handle.memory);
  }

  /** Sender's side: `utterance` has just been sent up to `position`. True: this was its first packet. */
  reach(utterance: number, position: number, at: Milliseconds): boolean {
    const entry = this.#entry(utterance);
    const first = Number.isNaN(this.#cells[entry + STARTED]);
    if (first) this.#cells[entry + STARTED] = at;
    this.#cells[entry + LAST] = at;
    this.#cells[entry + SAMPLES] = Math.max(this.#cells[entry + SAMPLES] as number, position);
    return first;
  }

  /** Sender's side: it was heard no further than to `position` after all. */
  takeBack(utterance: number, position: number): void {
    const entry = this.#entry(utterance);
    this.#cells[entry + SAMPLES] = Math.min(this.#cells[entry + SAMPLES] as number, position);
  }

  /** Sender's side: instead of it there is silence `at` this instant. True: from now on. */
  rest(utterance: number, at: Milliseconds): boolean {
    const entry = this.#entry(utterance);
    const begins = Number.isNaN(this.#cells[entry + RESTING]);
    if (begins) this.#cells[entry + PAUSES] = (this.#cells[entry + PAUSES] as number) + 1;
    else this.#countRest(entry, at);
    this.#cells[entry + RESTING] = at;
    return begins;
  }

  /** Sender's side: it goes on, or is over. */
  goOn(utterance: number, at: Milliseconds): void {
    if (!this.isResting(utterance)) return;
    const entry = this.#entry(utterance);
    this.#countRest(entry, at);
    this.#cells[entry + RESTING] = Number.NaN;
  }

  isResting(utterance: number): boolean {
    const entry = (utterance % ENTRIES) * CELLS;
    return this.#cells[entry + ID] === utterance && !Number.isNaN(this.#cells[entry + RESTING]);
  }

  /** Sender's side: the utterance's end has been reached. */
  complete(utterance: number): void {
    this.#cells[this.#entry(utterance) + STATE] = COMPLETED;
  }

  #countRest(entry: number, at: Milliseconds): void {
    const since = this.#cells[entry + RESTING] as number;
    this.#cells[entry + PAUSED_MS] = (this.#cells[entry + PAUSED_MS] as number) + at - since;
  }

  /** Where the entry is; begun anew if it was another utterance's. */
  #entry(utterance: number): number {
    const entry = (utterance % ENTRIES) * CELLS;
    if (this.#cells[entry + ID] === utterance) return entry;
    this.#cells[entry + SAMPLES] = 0;
    this.#cells[entry + STARTED] = Number.NaN;
    this.#cells[entry + LAST] = Number.NaN;
    this.#cells[entry + STATE] = PLAYING;
    this.#cells[entry + PAUSES] = 0;
    this.#cells[entry + PAUSED_MS] = 0;
    this.#cells[entry + RESTING] = Number.NaN;
    this.#cells[entry + ID] = utterance;
    return entry;
  }

  samplesOf(utterance: number): number {
    const entry = (utterance % ENTRIES) * CELLS;
    return this.#cells[entry + ID] === utterance ? (this.#cells[entry + SAMPLES] as number) : 0;
  }

  /** Everything that is known of `utterance`. */
  read(utterance: number): UtteranceAccount {
    const entry = (utterance % ENTRIES) * CELLS;
    if (this.#cells[entry + ID] !== utterance) return NOTHING_PLAYED;
    const started = this.#cells[entry + STARTED] as number;
    const last = this.#cells[entry + LAST] as number;
    return {
      samples: this.#cells[entry + SAMPLES] as number,
      startedAt: Number.isNaN(started) ? undefined : started,
      lastAt: Number.isNaN(last) ? undefined : last,
      completed: this.#cells[entry + STATE] === COMPLETED,
      pauses: this.#cells[entry + PAUSES] as number,
      pausedMs: this.#cells[entry + PAUSED_MS] as number,
    };
  }
}
