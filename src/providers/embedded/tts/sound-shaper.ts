/**
 * Makes one spoken piece fit for the telephone, stretch by stretch: the silence around it is cut,
 * its edges are faded so that no seam clicks, its level is brought to that of telephone speech, and
 * a pause of exactly `pauseMs` goes before it.
 */
export interface ShapeRequest {
  readonly rateHz: number;
  /** Seconds in the input at which sound begins and ends. */
  readonly soundStart: number;
  readonly soundEnd: number;
  readonly gain: number;
  readonly pauseMs: number;
}

/** Silence kept before the first sound: enough for the fade, short since the caller waits for it. */
export const LEAD_MS = 10;
/** Silence kept behind the last sound: the voice's own decay (measured: −45 dB after 40 ms). */
export const TAIL_MS = 60;
const FADE_IN_MS = 5;
const FADE_OUT_MS = 30;

export class SoundShaper {
  readonly #gain: number;
  readonly #from: number;
  readonly #to: number;
  readonly #fadeIn: number;
  readonly #fadeOut: number;
  readonly #pause: number;
  /** Samples of the input seen so far. */
  #seen = 0;

  constructor(request: ShapeRequest) {
    const samples = (ms: number): number => Math.round((ms * request.rateHz) / 1000);
    this.#gain = request.gain;
    this.#from = Math.max(0, samples(request.soundStart * 1000 - LEAD_MS));
    this.#to = samples(request.soundEnd * 1000 + TAIL_MS);
    this.#fadeIn = samples(FADE_IN_MS);
    this.#fadeOut = samples(FADE_OUT_MS);
    this.#pause = samples(request.pauseMs);
  }

  /** Milliseconds that a moment of the input (seconds) has in the output. */
  placeMs(second: number, rateHz: number): number {
    const sample = Math.min(Math.max(second * rateHz, this.#from), this.#to) - this.#from;
    return ((sample + this.#pause) * 1000) / rateHz;
  }

  /** The next samples of the output that this stretch of the input gives; perhaps none. */
  shape(input: Int16Array): Int16Array<ArrayBuffer> {
    const begin = Math.max(0, this.#from - this.#seen);
    const end = Math.min(input.length, this.#to - this.#seen);
    const first = this.#seen <= this.#from && end > begin;
    const lead = first ? this.#pause : 0;
    const output = new Int16Array(lead + Math.max(0, end - begin));
    for (let index = begin; index < end; index++) {
      const value = (input[index] as number) * this.#gain * this.#fade(this.#seen + index);
      output[lead + index - begin] = Math.max(-32768, Math.min(32767, Math.round(value)));
    }
    this.#seen += input.length;
    return output;
  }

  #fade(sample: number): number {
    const rise = (sample - this.#from + 0.5) / this.#fadeIn;
    const fall = (this.#to - sample - 0.5) / this.#fadeOut;
    const place = Math.min(rise, fall);
    return place >= 1 ? 1 : 0.5 - 0.5 * Math.cos(Math.PI * Math.max(0, place));
  }
}
