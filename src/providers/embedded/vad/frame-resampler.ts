import type { SampleRateHz } from '../../../media/audio.ts';
import { floatToInt16 } from '../../../media/pcm.ts';
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
    into.fill(0);
    floatToInt16(samples.subarray(0, into.length - missing), into.subarray(missing));
  }
}
