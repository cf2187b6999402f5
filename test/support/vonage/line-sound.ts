import { SpeechWatch } from '../../../lab/speech-watch.ts';
import { levelDbov } from '../../../src/media/level.ts';

/** One direction of a call as it was on the line: every 20 ms of it, silence included, without a hole. */
export class LineSound extends SpeechWatch {
  readonly rateHz: number;
  /** Wall clock of the first sample; 0 as long as there is none. */
  startedAt = 0;
  readonly #frameSamples: number;
  readonly #frames: (Int16Array | undefined)[] = [];

  constructor(rateHz: number) {
    super();
    this.rateHz = rateHz;
    this.#frameSamples = rateHz / 50;
  }

  /** The next 20 ms; undefined: silence. */
  add(frame: Int16Array | undefined): void {
    if (this.#frames.length === 0) this.startedAt = Date.now();
    const at = this.startedAt + this.#frames.length * 20;
    this.#frames.push(frame);
    this.hear(at, frame ? levelDbov(frame) : -127);
  }

  get durationMs(): number {
    return this.#frames.length * 20;
  }

  /** The sound between two instants of the wall clock (default: all of it). */
  samples(from = this.startedAt, to = this.startedAt + this.durationMs): Int16Array {
    const whole = new Int16Array(this.#frames.length * this.#frameSamples);
    this.#frames.forEach((frame, i) => {
      if (frame) whole.set(frame, i * this.#frameSamples);
    });
    const place = (at: number): number =>
      Math.max(0, Math.round(((at - this.startedAt) * this.rateHz) / 1000));
    return whole.subarray(place(from), place(to));
  }
}

/** Samples of a message: 16 bits, least significant byte first. */
export function samplesOf(message: Uint8Array): Int16Array {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return Int16Array.from({ length: message.byteLength >> 1 }, (_, i) => view.getInt16(2 * i, true));
}

/** A message of samples: 16 bits, least significant byte first. */
export function messageOfSamples(samples: Int16Array): Buffer {
  const message = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, i) => message.writeInt16LE(sample, 2 * i));
  return message;
}
