import { FRAME_MS } from './audio.ts';
import type { Milliseconds } from '../lib/clock.ts';

/**
 * The melody of a voice, as far as it tells what a sound is: speech has a pitch, a cough has none; the voice rises at the end
 * of a question, and stays level in the middle of a sentence. Pure. A frame costs only a copy, and a question less than a
 * millisecond.
 *
 * Pitch is found by normalised autocorrelation in windows of 40 ms of a signal of 4 kHz.
 */

const RATE_HZ = 4000;
const PER_FRAME = (FRAME_MS * RATE_HZ) / 1000;
const WINDOW = (40 * RATE_HZ) / 1000;
/** How much of the sound is looked at: usually the last phrase of a turn. */
const REACH_MS = 1400;
const REACH = (REACH_MS * RATE_HZ) / 1000;
/** 400 to 70 Hz: from children to low voices. */
const SHORTEST_LAG = RATE_HZ / 400;
const LONGEST_LAG = Math.floor(RATE_HZ / 70);
/** Lags that are compared at once; what a peak lies between is one more on either side. */
const AT_ONCE = 4;
const SILENCE = SHORTEST_LAG - 2 + AT_ONCE * Math.ceil((LONGEST_LAG + 3 - SHORTEST_LAG) / AT_ONCE);
/** A window whose autocorrelation is at least this has a pitch. */
const PERIODIC = 0.5;
/** A lag half as long, or a third, is the right one if it is nearly as good. */
const NEARLY = 0.85;
/** How many windows with a pitch a melody needs, and how many of them are its end. */
const LEAST_WINDOWS = 6;
const END_WINDOWS = 3;

/** What the melody of a stretch of sound is like. */
export interface Shape {
  /** The share of it that has a pitch, 0 … 1: most of speech, hardly any of a cough or a breath. */
  readonly pitched: number;
  /** By how many semitones its last 100 ms with a pitch lie above the rest; undefined: too little of it has one. */
  readonly rise: number | undefined;
}

export class Melody {
  /** As it was heard: only what is looked at is made into a signal of 4 kHz. */
  readonly #sound: Int16Array;
  /** A window, and silence before it, as long as the longest lag. */
  readonly #window = new Float64Array(SILENCE + WINDOW);
  readonly #likeness = new Float64Array(SILENCE + 1);
  readonly #perSample: number;
  /** Samples at 4 kHz. */
  #written = 0;

  /** Throws RangeError for rates that are no multiples of 4 kHz. */
  constructor(rateHz: number) {
    this.#perSample = rateHz / RATE_HZ;
    if (!Number.isInteger(this.#perSample)) throw new RangeError(`no melody is found at ${rateHz} Hz`);
    this.#sound = new Int16Array(REACH * this.#perSample);
  }

  /** The next frame of what is heard. */
  add(frame: Int16Array): void {
    // There is room for a whole number of frames.
    this.#sound.set(frame, (this.#written % REACH) * this.#perSample);
    this.#written += PER_FRAME;
  }

  /** The melody of the sound that lasted `lastsMs` and ended `agoMs` ago, as far back as is remembered. */
  of(lastsMs: Milliseconds, agoMs: Milliseconds): Shape {
    const end = this.#written - (agoMs * RATE_HZ) / 1000;
    const from = Math.max(0, this.#written - REACH, end - (lastsMs * RATE_HZ) / 1000);
    const pitches: number[] = [];
    let windows = 0;
    // From the end on, so that the last window ends where the voice does.
    for (let at = end - WINDOW; at >= from; at -= WINDOW / 2) {
      windows += 1;
      const hz = this.#pitch(at);
      if (hz > 0) pitches.push(12 * Math.log2(hz));
    }
    return {
      pitched: windows === 0 ? 0 : pitches.length / windows,
      rise:
        pitches.length < LEAST_WINDOWS ? undefined : median(pitches.slice(0, END_WINDOWS)) - median(pitches),
    };
  }

  /** Hz; 0: none. */
  #pitch(at: number): number {
    const window = this.#window;
    const likeness = this.#likeness;
    const parts = this.#perSample;
    for (let index = 0; index < WINDOW; index++) {
      const from = ((at + index) % REACH) * parts;
      let sum = 0;
      for (let part = 0; part < parts; part++) sum += this.#sound[from + part] as number;
      window[SILENCE + index] = sum / parts;
    }
    for (let lag = SHORTEST_LAG - 1; lag < SILENCE; lag += AT_ONCE) this.#correlate(lag);
    let energy = 0;
    for (const sample of window) energy += sample * sample;
    // What both ends share shrinks as the lag grows, and its energy with it.
    let left = energy;
    let right = energy;
    for (let lag = 1; lag <= LONGEST_LAG + 1; lag++) {
      left -= (window[SILENCE + WINDOW - lag] as number) ** 2;
      right -= (window[SILENCE + lag - 1] as number) ** 2;
      if (lag < SHORTEST_LAG - 1) continue;
      likeness[lag] = (likeness[lag] as number) / Math.sqrt(Math.max(1, left) * Math.max(1, right));
    }
    return RATE_HZ / this.#lag();
  }

  /**
   * The sums of the window's products with itself, that lag and the next three later. Four lags at once, two samples at a time:
   * half the time, for sums don't wait for one another, and a sample is loaded once for all lags.
   */
  #correlate(lag: number): void {
    const window = this.#window;
    let [first, second, third, fourth] = [0, 0, 0, 0];
    let before3 = window[SILENCE - lag - 3] as number;
    let before2 = window[SILENCE - lag - 2] as number;
    let before1 = window[SILENCE - lag - 1] as number;
    for (let index = SILENCE; index < SILENCE + WINDOW; index += 2) {
      const now = window[index] as number;
      const next = window[index + 1] as number;
      const then = window[index - lag] as number;
      const afterThen = window[index - lag + 1] as number;
      first += now * then + next * afterThen;
      second += now * before1 + next * then;
      third += now * before2 + next * before1;
      fourth += now * before3 + next * before2;
      before3 = before1;
      before2 = then;
      before1 = afterThen;
    }
    const likeness = this.#likeness;
    likeness[lag] = first;
    likeness[lag + 1] = second;
    likeness[lag + 2] = third;
    likeness[lag + 3] = fourth;
  }

  /** The period, in samples; Infinity: none. */
  #lag(): number {
    const likeness = this.#likeness;
    let best = SHORTEST_LAG;
    for (let lag = SHORTEST_LAG; lag <= LONGEST_LAG; lag++) {
      if ((likeness[lag] as number) > (likeness[best] as number)) best = lag;
    }
    if ((likeness[best] as number) < PERIODIC) return Infinity;
    for (const part of [3, 2]) {
      const shorter = Math.round(best / part);
      if (shorter < SHORTEST_LAG) continue;
      let near = shorter;
      for (const lag of [shorter - 1, shorter + 1]) {
        if ((likeness[lag] as number) > (likeness[near] as number)) near = lag;
      }
      if ((likeness[near] as number) < NEARLY * (likeness[best] as number)) continue;
      best = near;
      break;
    }
    // The peak lies between samples: that of the parabola through three of them.
    const before = likeness[best - 1] as number;
    const behind = likeness[best + 1] as number;
    const bend = before - 2 * (likeness[best] as number) + behind;
    return bend < 0 ? best + Math.max(-0.5, Math.min(0.5, (before - behind) / (2 * bend))) : best;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
