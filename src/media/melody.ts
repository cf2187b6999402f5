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
  /** Means of a few 16-bit samples: exact in single precision. */
  readonly #samples = new Float32Array(REACH);
  readonly #window = new Float64Array(WINDOW);
  readonly #likeness = new Float64Array(LONGEST_LAG + 2);
  readonly #perSample: number;
  #written = 0;

  /** Throws RangeError for rates that are no multiples of 4 kHz. */
  constructor(rateHz: number) {
    this.#perSample = rateHz / RATE_HZ;
    if (!Number.isInteger(this.#perSample)) throw new RangeError(`no melody is found at ${rateHz} Hz`);
  }

  /** The next frame of what is heard. */
  add(frame: Int16Array): void {
    const parts = this.#perSample;
    for (let index = 0; index < PER_FRAME; index++) {
      let sum = 0;
      for (let part = 0; part < parts; part++) sum += frame[index * parts + part] as number;
      this.#samples[(this.#written + index) % REACH] = sum / parts;
    }
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
    for (let index = 0; index < WINDOW; index++) {
      window[index] = this.#samples[(at + index) % REACH] as number;
    }
    let energy = 0;
    for (const sample of window) energy += sample * sample;
    // What both ends share shrinks as the lag grows, and its energy with it.
    let left = energy;
    let right = energy;
    for (let lag = 1; lag <= LONGEST_LAG + 1; lag++) {
      left -= (window[WINDOW - lag] as number) ** 2;
      right -= (window[lag - 1] as number) ** 2;
      if (lag < SHORTEST_LAG - 1) continue;
      let product = 0;
      for (let index = lag; index < WINDOW; index++) {
        product += (window[index] as number) * (window[index - lag] as number);
      }
      likeness[lag] = product / Math.sqrt(Math.max(1, left) * Math.max(1, right));
    }
    return RATE_HZ / this.#lag();
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
