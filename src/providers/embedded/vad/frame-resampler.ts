import type { SampleRateHz } from '../../../media/audio.ts';
import { Resampler } from '../../../media/resampler.ts';

/**
 * Frame by frame from one rate to another: each frame gives a whole frame. The sound comes later by what
 * the filter holds back (2 ms from 24 to 16 kHz).
 */
export class FrameResampler {
  readonly #resampler: Resampler;
  #first = true;

  constructor(fromHz: SampleRateHz, toHz: SampleRateHz) {
    this.#resampler = new Resampler(fromHz, toHz);
  }

  /** Fills `into` with as much time as `frame` has. */
  convert(frame: Int16Array, into: Int16Array): void {
    const samples = this.#resampler.process(frame);
    // The first frame lacks what the filter holds back; from then on as much comes as goes.
    const missing = this.#first ? Math.max(0, into.length - samples.length) : 0;
    this.#first = false;
    into.fill(0, 0, missing);
    for (let n = missing; n < into.length; n++) {
      into[n] = Math.max(-32768, Math.min(32767, Math.round((samples[n - missing] ?? 0) * 32768)));
    }
  }
}
