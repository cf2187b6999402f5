import { SILERO_CONTEXT, SILERO_WINDOW, type SileroRateHz } from './silero-model.ts';

/**
 * What a call's model may still be asked for: the window that is being filled, and some before it. Samples stay where they
 * are until the end is reached; then those that are still wanted move to the front.
 */
export class ModelWindows {
  readonly #window: number;
  readonly #context: number;
  /** Samples that are kept before the window. */
  readonly #past: number;
  readonly #samples: Int16Array;
  /** Where the window begins, and how much of it is there. */
  #at: number;
  #filled = 0;

  /** `past`: so many windows before the one that is being filled can be asked for. */
  constructor(rateHz: SileroRateHz, past: number) {
    this.#window = SILERO_WINDOW[rateHz];
    this.#context = SILERO_CONTEXT[rateHz];
    this.#past = this.#context + past * this.#window;
    this.#samples = new Int16Array(this.#past + past * this.#window);
    this.#at = this.#past;
  }

  get isFull(): boolean {
    return this.#filled === this.#window;
  }

  /** Fills the window with what comes in a frame from a sample on. Returns how many samples it had room for. */
  add(frame: Int16Array, from: number): number {
    const count = Math.min(frame.length - from, this.#window - this.#filled);
    const into = this.#at + this.#filled;
    for (let index = 0; index < count; index++) {
      this.#samples[into + index] = frame[from + index] as number;
    }
    this.#filled += count;
    return count;
  }

  /** Begins the next window. */
  next(): void {
    this.#filled = 0;
    this.#at += this.#window;
    if (this.#at < this.#samples.length) return;
    this.#samples.copyWithin(0, this.#at - this.#past);
    this.#at = this.#past;
  }

  /** The window, or one before it, with the context before that, as the model takes it (−1 … 1). */
  read(ago: number, into: Float32Array): void {
    const from = this.#at - ago * this.#window - this.#context;
    for (let index = 0; index < into.length; index++) {
      into[index] = (this.#samples[from + index] as number) / 32768;
    }
  }

  /** What comes next has nothing to do with what was there. */
  clear(): void {
    this.#samples.fill(0);
    this.#at = this.#past;
    this.#filled = 0;
  }
}
