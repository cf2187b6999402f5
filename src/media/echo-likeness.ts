import { FRAME_MS } from './audio.ts';
import { RealFft } from './fft.ts';

/** How much of what was heard is held against what was sent … */
const HEARD_FRAMES = 240 / FRAME_MS;
/** … and the longest delay at which it is looked for there. */
const DELAY_FRAMES = 400 / FRAME_MS;
/** High frequencies count as much as low ones: two voices are alike below 500 Hz. */
const PRE_EMPHASIS = 0.9;

/** What a comparison needs, once for all calls of a rate: it is done at once, and keeps nothing. */
class Workbench {
  readonly fft: RealFft;
  readonly samples: Float64Array;
  readonly heardRe: Float64Array;
  readonly heardIm: Float64Array;
  readonly sentRe: Float64Array;
  readonly sentIm: Float64Array;

  constructor(samples: number) {
    this.fft = new RealFft(2 ** Math.ceil(Math.log2(samples)));
    this.samples = new Float64Array(this.fft.size);
    this.heardRe = new Float64Array(this.fft.bins);
    this.heardIm = new Float64Array(this.fft.bins);
    this.sentRe = new Float64Array(this.fft.bins);
    this.sentIm = new Float64Array(this.fft.bins);
  }

  /** Into `samples[shift]`: the sum of the products of `heard` and `sent` from `shift` on. */
  correlate(heard: Float64Array, sent: Float64Array): void {
    const { fft, samples, heardRe, heardIm, sentRe, sentIm } = this;
    samples.fill(0).set(heard);
    fft.forward(samples, heardRe, heardIm);
    samples.fill(0).set(sent);
    fft.forward(samples, sentRe, sentIm);
    for (let bin = 0; bin < fft.bins; bin++) {
      const re = heardRe[bin] as number;
      const im = heardIm[bin] as number;
      heardRe[bin] = re * (sentRe[bin] as number) + im * (sentIm[bin] as number);
      heardIm[bin] = re * (sentIm[bin] as number) - im * (sentRe[bin] as number);
    }
    fft.inverse(heardRe, heardIm, samples);
  }
}

const workbenches = new Map<number, Workbench>();

function workbenchFor(samples: number): Workbench {
  let workbench = workbenches.get(samples);
  if (!workbench) workbenches.set(samples, (workbench = new Workbench(samples)));
  return workbench;
}

/**
 * Whether what was just heard is what was sent before: the highest correlation of the two over all delays. An answer
 * from the first quarter of a second on, while an `EchoCanceller` still learns; and no answer once it has learnt.
 */
export class EchoLikeness {
  readonly #frame: number;
  /** Pre-emphasised, the newest last. */
  readonly #heard: Float64Array;
  readonly #sent: Float64Array;
  #lastHeard = 0;
  #lastSent = 0;

  constructor(samplesPerFrame: number) {
    this.#frame = samplesPerFrame;
    this.#heard = new Float64Array(HEARD_FRAMES * samplesPerFrame);
    this.#sent = new Float64Array((HEARD_FRAMES + DELAY_FRAMES) * samplesPerFrame);
  }

  /** The next frame that was sent, and the one that was heard with or after it. */
  add(sent: Int16Array, heard: Int16Array): void {
    this.#lastSent = emphasise(sent, this.#sent, this.#frame, this.#lastSent);
    this.#lastHeard = emphasise(heard, this.#heard, this.#frame, this.#lastHeard);
  }

  /**
   * 0: nothing in common; 1: the same sound. Measured over 240 ms through G.711 and a room: an echo alone has 0.3 or
   * more, another voice 0.3 at most, and both at once, as loud as each other, lie between.
   */
  likeness(): number {
    const count = this.#sent.length;
    const workbench = workbenchFor(count);
    workbench.correlate(this.#heard, this.#sent);
    const window = this.#heard.length;
    let sentPower = 0;
    let heardPower = 0;
    for (let index = 0; index < window; index++) {
      heardPower += (this.#heard[index] as number) ** 2;
      sentPower += (this.#sent[index] as number) ** 2;
    }
    let best = 0;
    for (let shift = 0; shift + window <= count; shift++) {
      const power = Math.max(sentPower, 0) * heardPower;
      if (power > 1) best = Math.max(best, (workbench.samples[shift] as number) ** 2 / power);
      sentPower += (this.#sent[shift + window] ?? 0) ** 2 - (this.#sent[shift] as number) ** 2;
    }
    return Math.sqrt(best);
  }
}

function emphasise(samples: Int16Array, into: Float64Array, frame: number, before: number): number {
  into.copyWithin(0, frame);
  const start = into.length - frame;
  let last = before;
  for (let index = 0; index < frame; index++) {
    const sample = samples[index] as number;
    into[start + index] = sample - PRE_EMPHASIS * last;
    last = sample;
  }
  return last;
}
