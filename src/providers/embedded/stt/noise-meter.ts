/** Samples of one measurement: 10 ms at 16 kHz. */
const STEP = 160;
/** Mean square of a line that is as good as silent (−58 dBov): whatever is said over it is clean. */
const SILENT = 40 ** 2;
/** Below this ratio of loud to quiet the line is noisy (measured: medians 55 dB clean, 29 at 30 dB, 19 at 20 dB). */
const NOISY_BELOW_DB = 26;

/** Tells from the first part of a turn, which a pause precedes, whether there is noise on the line. */
export class NoiseMeter {
  readonly #powers: number[] = [];
  #sum = 0;
  #count = 0;

  start(): void {
    this.#powers.length = 0;
    this.#sum = 0;
    this.#count = 0;
  }

  push(samples: Int16Array): void {
    for (const sample of samples) {
      this.#sum += sample * sample;
      this.#count += 1;
      if (this.#count < STEP) continue;
      this.#powers.push(this.#sum / STEP);
      this.#sum = 0;
      this.#count = 0;
    }
  }

  /** Loud against quiet parts: 90th against 10th percentile of 10 ms each. */
  get noisy(): boolean {
    const sorted = [...this.#powers].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    const quiet = at(0.1);
    return quiet > SILENT && 10 * Math.log10(at(0.9) / quiet) < NOISY_BELOW_DB;
  }
}
