/**
 * Packet-loss concealment after ITU-T G.711 Appendix I, for 20 ms frames at 8,000 Hz: what was heard
 * last is continued with its own pitch, first one period of it, then two, then three (so that it
 * doesn't buzz), fading after 10 ms and silent after 60 ms; the frame that ends the loss is faded in.
 * One thing differs: the appendix delays all sound by 3.75 ms to smooth the joint where a loss begins.
 * A listening machine gets its frames at once; here the estimate is bent to meet the last sample.
 */

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
  readonly #history = new Float64Array(HISTORY);
  /** The history at the beginning of the loss, from which all of it is estimated. */
  readonly #source = new Float64Array(HISTORY);
  /** Samples estimated since the loss began; 0: no loss. */
  #lost = 0;
  #pitch = PITCH_MAX;
  #joint = 0;
  /** How far the estimate's first sample would miss the last real one. */
  #step = 0;
  #periods = 1;
  #at = 0;
  /** Samples for which the estimate of one period less still fades out, and where it is. */
  #crossing = 0;
  #crossingAt = 0;

  /** A frame that was received. After a loss its beginning is changed, in place: faded in. */
  good(frame: Int16Array): void {
    if (this.#lost > 0) {
      const wanted = this.#joint + RETURN_STEP * (this.#lost / STAGE - 1);
      const length = Math.min(RETURN_MAX, frame.length, Math.max(this.#joint, wanted));
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
    const kept = Math.min(frame.length, HISTORY);
    history.copyWithin(0, kept);
    for (let i = 0; i < kept; i++) {
      history[HISTORY - kept + i] = frame[frame.length - kept + i] as number;
    }
  }

  #begin(): void {
    const source = this.#source;
    source.set(this.#history);
    this.#pitch = findPitch(source);
    this.#joint = this.#pitch >> 2;
    this.#step = (source[HISTORY - 1] as number) - (source[HISTORY - 1 - this.#pitch] as number);
    this.#periods = 1;
    this.#at = 0;
    this.#crossing = 0;
  }

  /** The next sample of the estimate. */
  #estimate(): number {
    const n = this.#lost++;
    if (n >= STAGE + FADE) return 0;
    if (n > 0 && n % STAGE === 0 && this.#periods < PERIODS_MAX) {
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
    return n < STAGE ? value : value * (1 - (n - STAGE) / FADE);
  }

  /** Sample `at` of the last `periods` periods, whose end runs into their beginning. */
  #repeated(periods: number, at: number): number {
    const source = this.#source;
    const length = periods * this.#pitch;
    const value = source[HISTORY - length + at] as number;
    const intoJoint = at - (length - this.#joint);
    if (intoJoint < 0) return value;
    const before = source[HISTORY - length - this.#joint + intoJoint] as number;
    return value + ((intoJoint + 1) / (this.#joint + 1)) * (before - value);
  }
}

/** The lag at which the last 20 ms resemble most what came before: every other one, then its neighbours. */
function findPitch(source: Float64Array): number {
  let best = PITCH_MAX;
  let bestLikeness = 0;
  for (let lag = PITCH_MIN; lag <= PITCH_MAX; lag += 2) {
    const found = likeness(source, lag, 2);
    if (found > bestLikeness) {
      best = lag;
      bestLikeness = found;
    }
  }
  const coarse = best;
  bestLikeness = likeness(source, coarse, 1);
  for (const lag of [coarse - 1, coarse + 1]) {
    if (lag < PITCH_MIN || lag > PITCH_MAX) continue;
    const found = likeness(source, lag, 1);
    if (found > bestLikeness) {
      best = lag;
      bestLikeness = found;
    }
  }
  return best;
}

/** Correlation of the last 20 ms with those `lag` before, normalised to the energy of the latter. */
function likeness(source: Float64Array, lag: number, step: number): number {
  let product = 0;
  let energy = 1;
  for (let i = HISTORY - COMPARED; i < HISTORY; i += step) {
    const before = source[i - lag] as number;
    product += (source[i] as number) * before;
    energy += before * before;
  }
  return product / Math.sqrt(energy);
}

function clip(value: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(value)));
}
