import { levelDbov } from '../../../src/media/level.ts';

export interface DetectorOptions {
  /** Louder is voice, dBov (default −45). */
  readonly thresholdDbov?: number;
  /** Voiced time before speech has begun, ms of audio (default 60). */
  readonly startMs?: number;
}

const STEP_MS = 20;

/**
 * Finds speech in a stream by its energy, 20 ms after 20 ms. Its only clock is the audio: instants are
 * milliseconds of sound received.
 */
export class SoundDetector {
  readonly #threshold: number;
  readonly #startMs: number;
  readonly #step: Int16Array;
  #filled = 0;
  #positionMs = 0;
  #voicedMs = 0;
  #lastVoicedMs = -Infinity;

  constructor(rateHz: number, options: DetectorOptions = {}) {
    this.#threshold = options.thresholdDbov ?? -45;
    this.#startMs = options.startMs ?? 60;
    this.#step = new Int16Array((rateHz * STEP_MS) / 1000);
  }

  /** Milliseconds of audio received, in whole steps. */
  get positionMs(): number {
    return this.#positionMs;
  }

  /** Where the last voiced step ended; −Infinity if there never was one. */
  get lastVoicedMs(): number {
    return this.#lastVoicedMs;
  }

  /** Voice has been heard for long enough, and goes on or has just stopped. */
  get speaking(): boolean {
    return this.#voicedMs >= this.#startMs;
  }

  /** Time since the last voiced step, in audio. */
  get silenceMs(): number {
    return this.#positionMs - this.#lastVoicedMs;
  }

  /** Takes audio; tells after every complete step whether that was voiced. */
  push(samples: Int16Array, onStep: (voiced: boolean) => void): void {
    for (let at = 0; at < samples.length;) {
      const count = Math.min(this.#step.length - this.#filled, samples.length - at);
      this.#step.set(samples.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled < this.#step.length) return;
      this.#filled = 0;
      this.#positionMs += STEP_MS;
      const voiced = levelDbov(this.#step) > this.#threshold;
      if (voiced) {
        this.#voicedMs += STEP_MS;
        this.#lastVoicedMs = this.#positionMs;
      } else if (this.silenceMs > 200) {
        this.#voicedMs = 0;
      }
      onStep(voiced);
    }
  }
}
