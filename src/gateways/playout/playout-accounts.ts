import type { Milliseconds } from '../../lib/clock.ts';

/**
 * How much of each utterance has left, counted by the thread that sends and readable at any moment
 * by the main thread, also after the sending thread died. The last 64 utterances of a session are kept.
 *
 *     entry   f64 utterance | f64 samples sent | f64 first packet | f64 last packet | f64 state
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
}

const ENTRIES = 64;
const CELLS = 5;
const ID = 0;
const SAMPLES = 1;
const STARTED = 2;
const LAST = 3;
const STATE = 4;
const PLAYING = 0;
const COMPLETED = 1;

/** The account of an utterance of which nothing was sent. */
export const NOTHING_PLAYED: UtteranceAccount = {
  samples: 0,
  startedAt: undefined,
  lastAt: undefined,
  completed: false,
};

export function createPlayoutAccounts(): PlayoutAccountsHandle {
  return { memory: new SharedArrayBuffer(ENTRIES * CELLS * 8) };
}

export class PlayoutAccounts {
  readonly #cells: Float64Array;

  constructor(handle: PlayoutAccountsHandle) {
    this.#cells = new Float64Array(handle.memory);
  }

  /** Sender's side: `samples` of `utterance` have just left. True: they were its first. */
  add(utterance: number, samples: number, at: Milliseconds): boolean {
    const entry = (utterance % ENTRIES) * CELLS;
    const first = this.#cells[entry + ID] !== utterance;
    if (first) {
      this.#cells[entry + SAMPLES] = 0;
      this.#cells[entry + STARTED] = at;
      this.#cells[entry + STATE] = PLAYING;
      this.#cells[entry + ID] = utterance;
    }
    this.#cells[entry + LAST] = at;
    this.#cells[entry + SAMPLES] = (this.#cells[entry + SAMPLES] as number) + samples;
    return first;
  }

  /** Sender's side: the utterance's end has been reached. */
  complete(utterance: number): void {
    const entry = (utterance % ENTRIES) * CELLS;
    if (this.#cells[entry + ID] !== utterance) {
      this.#cells[entry + SAMPLES] = 0;
      this.#cells[entry + STARTED] = Number.NaN;
      this.#cells[entry + LAST] = Number.NaN;
      this.#cells[entry + ID] = utterance;
    }
    this.#cells[entry + STATE] = COMPLETED;
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
    };
  }
}
