import type { Milliseconds } from '../lib/clock.ts';
import type { SampleRateHz } from './audio.ts';

/** Of the lower rate's Nyquist frequency: flat up to here, and nothing left from there on. */
const PASS_EDGE = 0.8;
const STOP_EDGE = 1;
/** What is left of images and aliases; the filter is made for a little less than is promised (80 dB). */
const STOPBAND_DB = 86;
/** Input is worked through in blocks of so many samples, which bounds the memory. */
const BLOCK = 2048;

/**
 * Changes the sample rate of a stream, piece by piece: a polyphase FIR low-pass (Kaiser window) that
 * keeps its state, so that pieces of any size give bit for bit what the whole would. Output sample
 * `k` lies exactly at `k / toHz` of the input's time: nothing is delayed or lost, the last
 * `latencyMs` merely come with `flush`. Up to 0.8 of the lower Nyquist frequency the gain is 1 within
 * 0.01 dB; images and aliases lie below −80 dB (measured: test/media/resampler.test.ts).
 */
export class Resampler {
  readonly fromHz: SampleRateHz;
  readonly toHz: SampleRateHz;
  readonly #filter: PolyphaseFilter;
  readonly #buffer: Float32Array;
  #filled = 0;
  /** Where in the buffer the next output's taps begin, and which phase of the filter it needs. */
  #position = 0;
  #phase = 0;

  constructor(fromHz: SampleRateHz, toHz: SampleRateHz) {
    this.fromHz = fromHz;
    this.toHz = toHz;
    this.#filter = filterFor(fromHz, toHz);
    this.#buffer = new Float32Array(this.#filter.taps + BLOCK + this.#filter.stepWhole);
    this.reset();
  }

  /** How much of the input's end is held back until more comes, or `flush`. */
  get latencyMs(): Milliseconds {
    return (this.#filter.taps * 500) / this.fromHz;
  }

  /** Takes samples (int16, or floats of nominal range −1 … 1); gives those that are ready, as floats. */
  process(input: Float32Array | Int16Array): Float32Array {
    const output = new Float32Array(this.#countFor(input.length));
    const scale = input instanceof Int16Array ? 1 / 32768 : 1;
    let written = 0;
    for (let from = 0; from < input.length; from += BLOCK) {
      const to = Math.min(from + BLOCK, input.length);
      for (let i = from; i < to; i++) this.#buffer[this.#filled++] = (input[i] as number) * scale;
      written = this.#run(output, written);
    }
    return output;
  }

  /** The rest of the stream. All in all `input · toHz / fromHz` samples have come, rounded up. */
  flush(): Float32Array {
    const rest = this.process(new Float32Array(this.#filter.taps / 2));
    this.reset();
    return rest;
  }

  /** Forgets what came: a new stream begins. */
  reset(): void {
    this.#buffer.fill(0);
    this.#filled = Math.max(0, this.#filter.taps / 2 - 1);
    this.#position = 0;
    this.#phase = 0;
  }

  /** How many outputs `added` more inputs make ready. */
  #countFor(added: number): number {
    const { taps, phases, stepWhole, stepPhases } = this.#filter;
    const starts = this.#filled + added - Math.max(1, taps) - this.#position;
    if (starts < 0) return 0;
    // The n-th further output begins at floor((phase + n · step) / phases): count those ≤ starts.
    const step = stepWhole * phases + stepPhases;
    return Math.floor(((starts + 1) * phases - 1 - this.#phase) / step) + 1;
  }

  #run(output: Float32Array, offset: number): number {
    const { taps, phases, stepWhole, stepPhases, coefficients } = this.#filter;
    const buffer = this.#buffer;
    const last = this.#filled - Math.max(1, taps);
    let written = offset;
    let position = this.#position;
    let phase = this.#phase;
    while (position <= last) {
      output[written++] =
        taps === 0 ? (buffer[position] as number) : dot(buffer, position, coefficients, phase * taps, taps);
      position += stepWhole;
      phase += stepPhases;
      if (phase >= phases) {
        phase -= phases;
        position += 1;
      }
    }
    const done = Math.min(position, this.#filled);
    buffer.copyWithin(0, done, this.#filled);
    this.#filled -= done;
    this.#position = position - done;
    this.#phase = phase;
    return written;
  }
}

/** Four sums side by side, because one sum would wait for itself; always in the same order. */
function dot(x: Float32Array, at: number, h: Float32Array, from: number, taps: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < taps; i += 4) {
    a += (x[at + i] as number) * (h[from + i] as number);
    b += (x[at + i + 1] as number) * (h[from + i + 1] as number);
    c += (x[at + i + 2] as number) * (h[from + i + 2] as number);
    d += (x[at + i + 3] as number) * (h[from + i + 3] as number);
  }
  return a + b + (c + d);
}

interface PolyphaseFilter {
  /** Inputs that one output is made of, a multiple of 4; 0: the rates are equal. */
  readonly taps: number;
  readonly phases: number;
  /** From one output to the next: whole input samples, and phases. */
  readonly stepWhole: number;
  readonly stepPhases: number;
  /** `taps` coefficients for each phase, in the order of the input. */
  readonly coefficients: Float32Array;
}

/** One filter for each pair of rates that was ever used: 30 at most, 0.2 MB the largest. */
const filters = new Map<string, PolyphaseFilter>();

function filterFor(fromHz: SampleRateHz, toHz: SampleRateHz): PolyphaseFilter {
  const key = `${fromHz}:${toHz}`;
  let filter = filters.get(key);
  if (!filter) {
    filter = design(fromHz, toHz);
    filters.set(key, filter);
  }
  return filter;
}

function design(fromHz: number, toHz: number): PolyphaseFilter {
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const phases = toHz / divisor;
  const step = fromHz / divisor;
  const steps = { phases, stepWhole: Math.floor(step / phases), stepPhases: step % phases };
  if (fromHz === toHz) return { ...steps, taps: 0, coefficients: new Float32Array(0) };

  const nyquistHz = Math.min(fromHz, toHz) / 2;
  const transition = (2 * Math.PI * (STOP_EDGE - PASS_EDGE) * nyquistHz) / fromHz;
  // Kaiser's estimate of length and shape for the wanted attenuation.
  const taps = 4 * Math.ceil((STOPBAND_DB - 7.95) / (2.285 * transition) / 4);
  const beta = 0.1102 * (STOPBAND_DB - 8.7);
  const cutoff = ((PASS_EDGE + STOP_EDGE) * nyquistHz) / fromHz;
  const centre = taps / 2;
  const coefficients = new Float32Array(taps * phases);
  for (let phase = 0; phase < phases; phase++) {
    const taking = coefficients.subarray(phase * taps, (phase + 1) * taps);
    for (let tap = 0; tap < taps; tap++) {
      // Distance, in input samples, from the output's instant to the tap's.
      const time = tap + 1 - centre - phase / phases;
      const edge = time / centre;
      const window = Math.abs(edge) < 1 ? bessel(beta * Math.sqrt(1 - edge * edge)) : 0;
      taking[tap] = sinc(cutoff * time) * window;
    }
    // Unity at 0 Hz in each phase by itself: a constant stays a constant.
    const sum = taking.reduce((total, value) => total + value, 0);
    taking.forEach((value, tap) => (taking[tap] = value / sum));
  }
  return { ...steps, taps, coefficients };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
