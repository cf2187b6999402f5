import { CEPSTRA, type CepstraBlock } from './front-end.ts';

/** Frames that are collected before the first estimate: 0.6 s of a turn. */
const HOLD_FRAMES = 60;

/**
 * Subtracts the cepstral mean, which is what a telephone line and a voice's loudness add to every frame. The mean
 * comes from the turn's own first 0.6 s and follows it from there, so the search starts 0.6 s late and
 * catches up at once. (Sphinx's own live normalisation starts from a mean of wideband speech and needs
 * seconds to leave it: measured, the first words of a call were lost.)
 */
export class MeanNormaliser {
  readonly #sum = new Float64Array(CEPSTRA);
  #pause = 0;
  /** Frames that the mean is made of. */
  #seen = 0;
  #done = 0;

  /** `pause`: frames before the speech, which say nothing about voice and line (measured: digits lost by them). */
  start(pause = 0): void {
    this.#sum.fill(0);
    this.#pause = pause;
    this.#seen = 0;
    this.#done = 0;
  }

  /** Frames that can be searched. */
  get ready(): number {
    return this.#done;
  }

  /** Takes rows up to `frames` of `raw`, and writes those that can be searched into `normalised`. */
  advance(raw: CepstraBlock, normalised: CepstraBlock, frames: number, last = false): void {
    if (frames < this.#pause + HOLD_FRAMES && !last) return;
    if (frames <= this.#pause) this.#pause = 0; // nothing but the pause came
    if (this.#seen === 0) {
      const first = Math.min(frames - this.#pause, HOLD_FRAMES);
      while (this.#seen < first) this.#take(raw);
    }
    while (this.#done < frames) {
      if (this.#done >= this.#pause + this.#seen) this.#take(raw);
      const at = this.#done * CEPSTRA;
      for (let k = 0; k < CEPSTRA; k++) {
        normalised.values[at + k] = (raw.values[at + k] as number) - (this.#sum[k] as number) / this.#seen;
      }
      this.#done += 1;
    }
  }

  #take(raw: CepstraBlock): void {
    const at = (this.#pause + this.#seen) * CEPSTRA;
    for (let k = 0; k < CEPSTRA; k++)
      this.#sum[k] = (this.#sum[k] as number) + (raw.values[at + k] as number);
    this.#seen += 1;
  }
}
