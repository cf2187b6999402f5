import type { Milliseconds } from '../lib/clock.ts';
import type { SampleRateHz } from './audio.ts';

/**
 * Packet-loss concealment after ITU-T G.711 Appendix I, for frames of 20 ms: what was heard
 * last is continued with its own pitch, first one period of it, then two, then three (so that it
 * doesn't buzz), fading after 10 ms and silent after 60 ms; the frame that ends the loss is faded in.
 * One thing differs: the appendix delays all sound by 3.75 ms to smooth the joint where a loss begins.
 * A listening machine gets its frames at once; here the estimate is bent to meet the last sample.
 */

/** The appendix's own rate: its numbers are samples of 8,000 Hz, and mean the same time at other rates. */
const APPENDIX_HZ = 8000;
/** Pitch is searched between 66 and 200 Hz (I.2.2), over 20 ms. */
const PITCH_MIN = 40;
const PITCH_MAX = 120;
const COMPARED = 160;
const PERIODS_MAX = 3;
/** Joints are spread over a quarter of a period. */
const HISTORY = PERIODS_MAX * PITCH_MAX + PITCH_MAX / 4;
/** 10 ms: another period is added each time, and the level falls by a fifth after the first. */
const STAGE = 80;
const FADE = 5 * STAGE;
/** The return to real sound takes 4 ms more for each 10 ms of loss but the first, up to 10 ms. */
const RETURN_STEP = 32;
const RETURN_MAX = 80;

/** One stream's concealment. Allocates nothing per frame. */
export class Concealment {
  /** Samples to one of the appendix. */
  readonly #scale: number;
  readonly #stage: number;
  readonly #settle: number;
  readonly #history: Int16Array;
  /** The history at the beginning of the loss, from which all of it is estimated. */
  readonly #source: Float64Array;
  /** Samples estimated since the loss began; 0: no loss. */
  #lost = 0;
  #pitch = 0;
  #joint = 0;
  /** How far the estimate's first sample would miss the last real one. */
  #step = 0;
  #periods = 1;
  #at = 0;
  /** Samples for which the estimate of one period less still fades out, and where it is. */
  #crossing = 0;
  #crossingAt = 0;

  /**
   * `rateHz`: a multiple of 8,000. `settleMs`: how long a decoder with memory is far off after a loss; the estimate
   * fades out over no less than that.
   */
  constructor(rateHz: SampleRateHz, settleMs: Milliseconds = 0) {
    this.#settle = (rateHz * settleMs) / 1000;
    this.#scale = rateHz / APPENDIX_HZ;
    this.#stage = STAGE * this.#scale;
    this.#history = new Int16Array(HISTORY * this.#scale);
    this.#source = new Float64Array(HISTORY * this.#scale);
  }

  /** A frame that was received. After a loss its beginning is changed, in place: faded in. */
  good(frame: Int16Array): void {
    if (this.#lost > 0) {
      const scale = this.#scale;
      const wanted = this.#joint + RETURN_STEP * scale * (this.#lost / this.#stage - 1);
      const longest = Math.max(RETURN_MAX * scale, this.#settle);
      const length = Math.min(longest, frame.length, Math.max(this.#joint, wanted, this.#settle));
      for (let i = 0; i < length; i++) {
        const share = (i + 1) / (length + 1);
        frame[i] = clip(share * (frame[i] as number) + (1 - share) * this.#estimate());
      }
      this.#lost = 0;
    }
    this.#remember(frame);
  }

  /** Fills `into` with an estimate of the next frame, which was lost. */
  conceal(into: Int16Array): void {
    if (this.#lost === 0) this.#begin();
    for (let i = 0; i < into.length; i++) into[i] = clip(this.#estimate());
    this.#remember(into);
  }

  /** A new stream begins: what was heard before has nothing to do with it. */
  reset(): void {
    this.#history.fill(0);
    this.#lost = 0;
  }

  #remember(frame: Int16Array): void {
    const history = this.#history;
    const size = history.length;
    const kept = Math.min(frame.length, size);
    history.copyWithin(0, kept);
    for (let i = 0; i < kept; i++) {
      history[size - kept + i] = frame[frame.length - kept + i] as number;
    }
  }

  #begin(): void {
    const source = this.#source;
    source.set(this.#history);
    this.#pitch = findPitch(source, this.#scale);
    this.#joint = this.#pitch >> 2;
    const last = source.length - 1;
    this.#step = (source[last] as number) - (source[last - this.#pitch] as number);
    this.#periods = 1;
    this.#at = 0;
    this.#crossing = 0;
  }

  /** The next sample of the estimate. */
  #estimate(): number {
    const n = this.#lost++;
    const stage = this.#stage;
    const fade = FADE * this.#scale;
    if (n >= stage + fade) return 0;
    if (n > 0 && n % stage === 0 && this.#periods < PERIODS_MAX) {
      this.#crossing = this.#joint;
      this.#crossingAt = this.#at;
      this.#periods += 1;
      this.#at %= this.#pitch;
    }
    let value = this.#repeated(this.#periods, this.#at);
    this.#at = (this.#at + 1) % (this.#periods * this.#pitch);
    if (this.#crossing > 0) {
      const share = this.#crossing / (this.#joint + 1);
      value += share * (this.#repeated(this.#periods - 1, this.#crossingAt) - value);
      this.#crossingAt = (this.#crossingAt + 1) % ((this.#periods - 1) * this.#pitch);
      this.#crossing -= 1;
    }
    if (n < this.#joint) value += this.#step * (1 - (n + 1) / (this.#joint + 1));
    return n < stage ? value : value * (1 - (n - stage) / fade);
  }

  /** Sample `at` of the last `periods` periods, whose end runs into their beginning. */
  #repeated(periods: number, at: number): number {
    const source = this.#source;
    const length = periods * this.#pitch;
    const value = source[source.length - length + at] as number;
    const intoJoint = at - (length - this.#joint);
    if (intoJoint < 0) return value;
    const before = source[source.length - length - this.#joint + intoJoint] as number;
    return value + ((intoJoint + 1) / (this.#joint + 1)) * (before - value);
  }
}

/** The lag at which the last 20 ms resemble most what came before: on a coarse grid, then around its best. */
function findPitch(source: Float64Array, scale: number): number {
  const [min, max, grid] = [PITCH_MIN * scale, PITCH_MAX * scale, 2 * scale];
  let best = max;
  let bestLikeness = 0;
  for (let lag = min; lag <= max; lag += grid) {
    const found = likeness(source, lag, COMPARED * scale, grid);
    if (found > bestLikeness) {
      best = lag;
      bestLikeness = found;
    }
  }
  const coarse = best;
  bestLikeness = likeness(source, coarse, COMPARED * scale, 1);
  for (let lag = Math.max(min, coarse - grid + 1); lag <= Math.min(max, coarse + grid - 1); lag++) {
    const found = likeness(source, lag, COMPARED * scale, 1);
    if (found > bestLikeness) {
      best = lag;
      bestLikeness = found;
    }
  }
  return best;
}

/** Correlation of the last samples with those `lag` before, normalised to the energy of the latter. */
function likeness(source: Float64Array, lag: number, compared: number, step: number): number {
  let product = 0;
  let energy = 1;
  for (let i = source.length - compared; i < source.length; i += step) {
    const before = source[i - lag] as number;
    product += (source[i] as number) * before;
    energy += before * before;
  }
  return product / Math.sqrt(energy);
}

function clip(value: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(value)));
}
