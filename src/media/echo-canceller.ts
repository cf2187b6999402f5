import { FRAME_MS } from './audio.ts';
import { RealFft } from './fft.ts';
import { SILENCE_DBOV } from './level.ts';

/**
 * Takes the echo of the agent's own voice out of what is heard: learns the path from the one to the other (its delay
 * and the room's colour, up to 400 ms in all), and subtracts what it makes of what was sent. Pure: frames in, a frame out.
 *
 * The path is a filter in pieces of two frames, in the frequency domain, and each of its bins is followed by a Kalman filter
 * (Enzner and Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control", Signal Processing 86, 2006;
 * in pieces: Kuech, Mabande, Enzner, ICASSP 2014). It weighs each step by how sure it is of the path against how loud
 * the rest of the line is, and so needs nobody to tell it when both talk at once: the caller's voice passes untouched.
 * Measured through G.711: 12–20 dB less echo after four seconds of the agent's speech, and no dB less of the caller.
 */
const REACH_FRAMES = 400 / FRAME_MS;
const PIECE_FRAMES = 2;
const PIECES = REACH_FRAMES / PIECE_FRAMES;

/** How much of the path is as it was a frame before: the handset moves, the room changes. */
const PERSISTENCE = 0.998;
/** Power that a piece of the path is thought to have before anything was heard. */
const FIRST_DOUBT = 0.03;
/** Power of a bin below which nothing is learnt from it: a line's noise, about −50 dBov. */
const LINE_NOISE = 1e-3;
/** How slowly the estimate of what isn't echo follows. */
const NEAR_FOLLOW = 0.8;
/** A line as quiet as this has no echo that anybody would take for speech. */
const QUIET_DBOV = -55;

/** What a step needs and doesn't keep, once for all calls of a rate. */
class Workbench {
  readonly fft: RealFft;
  readonly re: Float64Array;
  readonly im: Float64Array;
  readonly gain: Float64Array;
  readonly block: Float64Array;

  constructor(size: number) {
    this.fft = new RealFft(size);
    this.re = new Float64Array(this.fft.bins);
    this.im = new Float64Array(this.fft.bins);
    this.gain = new Float64Array(this.fft.bins);
    this.block = new Float64Array(size);
  }
}

const workbenches = new Map<number, Workbench>();

function workbenchFor(size: number): Workbench {
  let workbench = workbenches.get(size);
  if (!workbench) workbenches.set(size, (workbench = new Workbench(size)));
  return workbench;
}

export class EchoCanceller {
  readonly #frame: number;
  readonly #fft: RealFft;
  readonly #bins: number;
  /** What was sent, as far back as a path reaches, and so much more as a transform wants: `#past` samples up to `#end`. */
  readonly #sent: Int16Array;
  readonly #past: number;
  #end: number;
  /** Frames of silence at its end. */
  #silentFrames = Infinity;
  /** Spectra of it, one for each frame, by the frame's number modulo REACH_FRAMES; `#isStale`: it isn't there yet. */
  readonly #sentRe: Float32Array;
  readonly #sentIm: Float32Array;
  #newest = 0;
  readonly #isStale = new Uint8Array(REACH_FRAMES);
  /** The path, a piece after another, and how much each of its bins may be off. */
  readonly #pathRe: Float32Array;
  readonly #pathIm: Float32Array;
  readonly #doubt: Float32Array;
  readonly #near: Float64Array;
  readonly #re: Float64Array;
  readonly #im: Float64Array;
  readonly #gain: Float64Array;
  readonly #block: Float64Array;
  #constrained = 0;
  #echoDbov = SILENCE_DBOV;
  /** What it takes for the echo in the last frame. */
  readonly echo: Int16Array;

  constructor(samplesPerFrame: number) {
    this.#frame = samplesPerFrame;
    this.echo = new Int16Array(samplesPerFrame);
    const size = 2 ** Math.ceil(Math.log2((PIECE_FRAMES + 1) * samplesPerFrame));
    const { fft, re, im, gain, block } = workbenchFor(size);
    const { bins } = fft;
    this.#fft = fft;
    this.#bins = bins;
    this.#past = size + (REACH_FRAMES - 1) * samplesPerFrame;
    this.#sent = new Int16Array(this.#past + REACH_FRAMES * samplesPerFrame);
    this.#end = this.#past;
    this.#sentRe = new Float32Array(REACH_FRAMES * bins);
    this.#sentIm = new Float32Array(REACH_FRAMES * bins);
    this.#pathRe = new Float32Array(PIECES * bins);
    this.#pathIm = new Float32Array(PIECES * bins);
    this.#doubt = new Float32Array(PIECES * bins).fill(FIRST_DOUBT);
    this.#near = new Float64Array(bins);
    this.#re = re;
    this.#im = im;
    this.#gain = gain;
    this.#block = block;
  }

  /** How loud the echo is thought to have been in the last frame, dBov. */
  get echoDbov(): number {
    return this.#echoDbov;
  }

  /**
   * The next frame that was sent, and the frame that was heard with or after it, of which the echo is taken. Both are as long
   * as a frame. An echo that comes earlier than what caused it isn't found. `heardDbov`: the level of what was
   * heard. False: it was left as it is.
   */
  cancel(sent: Int16Array, heard: Int16Array, heardDbov: number): boolean {
    this.#keep(sent);
    this.#echoDbov = SILENCE_DBOV;
    this.echo.fill(0);
    if (this.#silentFrames >= REACH_FRAMES || heardDbov < QUIET_DBOV) return false;
    this.#transformSent();
    const start = this.#fft.size - this.#frame;
    const rest = this.#block;
    this.#estimate(rest);
    let power = 0;
    let restPower = 0;
    let echoPower = 0;
    for (let index = 0; index < this.#frame; index++) {
      const sample = (heard[index] as number) / 32768;
      const echo = rest[start + index] as number;
      const left = sample - echo;
      this.echo[index] = echo * 32768;
      rest[start + index] = left;
      power += sample * sample;
      restPower += left * left;
      echoPower += echo * echo;
    }
    this.#echoDbov = Math.max(SILENCE_DBOV, 10 * Math.log10(echoPower / this.#frame));
    // A path that isn't known yet may add more than it takes.
    const isLess = restPower < power;
    if (isLess) {
      for (let index = 0; index < this.#frame; index++) {
        heard[index] = Math.round((rest[start + index] as number) * 32768);
      }
    }
    rest.fill(0, 0, start);
    this.#learn(rest);
    return isLess;
  }

  /** The echo comes so many samples later than before, or sooner: the path is as it was, but for that. */
  move(samples: number): void {
    const length = PIECE_FRAMES * this.#frame;
    const path = new Float64Array(PIECES * length);
    const block = this.#block;
    for (let piece = 0; piece < PIECES; piece++) {
      this.#readPiece(piece);
      path.set(block.subarray(0, length), piece * length);
    }
    for (let piece = 0; piece < PIECES; piece++) {
      block.fill(0);
      for (let index = 0; index < length; index++) block[index] = path[piece * length + index - samples] ?? 0;
      this.#writePiece(piece);
    }
  }

  #keep(sent: Int16Array): void {
    const frame = this.#frame;
    // Moved to the front once in a while, not with each frame.
    if (this.#end === this.#sent.length) {
      this.#sent.copyWithin(0, this.#end - this.#past);
      this.#end = this.#past;
    }
    const start = this.#end;
    this.#end += frame;
    let isSilent = true;
    for (let index = 0; index < frame; index++) {
      const sample = sent[index] as number;
      if (sample > 8 || sample < -8) isSilent = false;
      this.#sent[start + index] = sample;
    }
    this.#silentFrames = isSilent ? this.#silentFrames + 1 : 0;
    this.#newest = (this.#newest + 1) % REACH_FRAMES;
    this.#isStale[this.#newest] = 1;
  }

  /** Where the spectrum lies that the path's piece is applied to. */
  #spectrumOf(piece: number): number {
    return this.#slotOf(piece) * this.#bins;
  }

  #slotOf(piece: number): number {
    return (this.#newest - piece * PIECE_FRAMES + REACH_FRAMES) % REACH_FRAMES;
  }

  /** Only what a step needs: after a pause the frames between two pieces are needed by the next step, if there is one. */
  #transformSent(): void {
    for (let piece = 0; piece < PIECES; piece++) {
      const slot = this.#slotOf(piece);
      if (this.#isStale[slot] === 1) this.#transform(piece * PIECE_FRAMES, slot);
    }
  }

  /** Of the block that ended `ago` frames before the newest. */
  #transform(ago: number, slot: number): void {
    const { size } = this.#fft;
    const re = this.#re;
    const im = this.#im;
    const block = this.#block;
    const start = this.#end - ago * this.#frame - size;
    for (let index = 0; index < size; index++) block[index] = (this.#sent[start + index] as number) / 32768;
    this.#fft.forward(block, re, im);
    this.#sentRe.set(re, slot * this.#bins);
    this.#sentIm.set(im, slot * this.#bins);
    this.#isStale[slot] = 0;
  }

  /** The echo of what was sent, in the last frame of `block`; and into `#gain` the power of it that is in doubt, in each bin. */
  #estimate(block: Float64Array): void {
    const bins = this.#bins;
    const sentRe = this.#sentRe;
    const sentIm = this.#sentIm;
    const pathRe = this.#pathRe;
    const pathIm = this.#pathIm;
    const doubts = this.#doubt;
    const re = this.#re.fill(0);
    const im = this.#im.fill(0);
    const doubtful = this.#gain.fill(0);
    for (let piece = 0; piece < PIECES; piece++) {
      const from = this.#spectrumOf(piece);
      const path = piece * bins;
      for (let bin = 0; bin < bins; bin++) {
        const xRe = sentRe[from + bin] as number;
        const xIm = sentIm[from + bin] as number;
        const hRe = pathRe[path + bin] as number;
        const hIm = pathIm[path + bin] as number;
        re[bin] = (re[bin] as number) + xRe * hRe - xIm * hIm;
        im[bin] = (im[bin] as number) + xRe * hIm + xIm * hRe;
        doubtful[bin] = (doubtful[bin] as number) + (doubts[path + bin] as number) * (xRe * xRe + xIm * xIm);
      }
    }
    this.#fft.inverse(re, im, block);
  }

  /** `rest`: what is left of what was heard, in its last frame, and silence before it. */
  #learn(rest: Float64Array): void {
    const bins = this.#bins;
    const sentRe = this.#sentRe;
    const sentIm = this.#sentIm;
    const pathRe = this.#pathRe;
    const pathIm = this.#pathIm;
    const doubts = this.#doubt;
    const nears = this.#near;
    const re = this.#re;
    const im = this.#im;
    const gain = this.#gain;
    const share = this.#frame / this.#fft.size;
    this.#fft.forward(rest, re, im);
    for (let bin = 0; bin < bins; bin++) {
      const power = (re[bin] as number) ** 2 + (im[bin] as number) ** 2;
      const near = NEAR_FOLLOW * (nears[bin] as number) + (1 - NEAR_FOLLOW) * power;
      nears[bin] = near;
      gain[bin] = 1 / (share * (gain[bin] as number) + near + LINE_NOISE);
    }
    for (let piece = 0; piece < PIECES; piece++) {
      const from = this.#spectrumOf(piece);
      const path = piece * bins;
      for (let bin = 0; bin < bins; bin++) {
        const xRe = sentRe[from + bin] as number;
        const xIm = sentIm[from + bin] as number;
        const restRe = re[bin] as number;
        const restIm = im[bin] as number;
        const doubt = doubts[path + bin] as number;
        const step = doubt * (gain[bin] as number);
        const hRe = (pathRe[path + bin] as number) + step * (xRe * restRe + xIm * restIm);
        const hIm = (pathIm[path + bin] as number) + step * (xRe * restIm - xIm * restRe);
        pathRe[path + bin] = hRe;
        pathIm[path + bin] = hIm;
        const kept = 1 - share * step * (xRe * xRe + xIm * xIm);
        doubts[path + bin] = PERSISTENCE ** 2 * kept * doubt + (1 - PERSISTENCE ** 2) * (hRe ** 2 + hIm ** 2);
      }
    }
    this.#constrain();
  }

  /** A piece is as long as its frames, which the steps above don't know: one of them in turn is cut to it. */
  #constrain(): void {
    const piece = this.#constrained;
    this.#constrained = (piece + 1) % PIECES;
    this.#readPiece(piece);
    this.#block.fill(0, PIECE_FRAMES * this.#frame);
    this.#writePiece(piece);
  }

  /** A piece of the path in samples, into the block. */
  #readPiece(piece: number): void {
    const path = piece * this.#bins;
    this.#re.set(this.#pathRe.subarray(path, path + this.#bins));
    this.#im.set(this.#pathIm.subarray(path, path + this.#bins));
    this.#fft.inverse(this.#re, this.#im, this.#block);
  }

  #writePiece(piece: number): void {
    this.#fft.forward(this.#block, this.#re, this.#im);
    this.#pathRe.set(this.#re, piece * this.#bins);
    this.#pathIm.set(this.#im, piece * this.#bins);
  }
}
