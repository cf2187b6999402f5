import type { Milliseconds } from '../lib/clock.ts';
import { FRAME_MS, type SampleRateHz } from '../media/audio.ts';
import { AudioRingReader, type AudioRingHandle } from '../media/audio-ring.ts';

/** A detector hears a soft onset late (p90 110–140 ms) and says so later still: what a turn reaches back. */
export const PREROLL_FRAMES = 15;

/**
 * The sound of one turn, copied out of the ring as it comes (a ring holds 5 s, a turn may last longer).
 * Of a turn that is longer than `longestMs`, the end is kept.
 */
export class TurnRecording {
  readonly rateHz: SampleRateHz;
  readonly #reader: AudioRingReader;
  readonly #frames: { readonly number: number; readonly samples: Int16Array }[] = [];
  readonly #longest: number;
  #nextFrame: number;
  #wanted: { readonly frame: number; readonly resolve: () => void } | undefined;
  #closed = false;

  constructor(heard: AudioRingHandle, fromFrame: number, longestMs: Milliseconds) {
    this.#reader = new AudioRingReader(heard);
    this.#nextFrame = Math.max(0, fromFrame - PREROLL_FRAMES);
    this.#reader.seek(this.#nextFrame);
    this.rateHz = this.#reader.rateHz;
    this.#longest = longestMs / FRAME_MS;
    void this.#copy();
  }

  /** The newest frame that has been copied. */
  get lastFrame(): number {
    return this.#nextFrame - 1;
  }

  /** What was heard up to and with `frame`, or up to the end of the call; and which frame of the ring each 20 ms of it are. */
  async upTo(frame: number): Promise<{ readonly samples: Int16Array; readonly frames: readonly number[] }> {
    if (this.#nextFrame <= frame && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wanted = { frame, resolve };
        this.#settle();
      });
    }
    const surplus = Math.max(0, this.#nextFrame - 1 - frame);
    const heard = this.#frames.slice(0, Math.max(0, this.#frames.length - surplus));
    return {
      samples: joined(heard.map(({ samples }) => samples)),
      frames: heard.map(({ number }) => number),
    };
  }

  close(): void {
    this.#closed = true;
    this.#settle();
  }

  async #copy(): Promise<void> {
    while (!this.#closed) {
      const frame = new Int16Array(this.#reader.samplesPerFrame);
      if (this.#reader.read(frame)) {
        this.#nextFrame = this.#reader.info.frame + 1;
        this.#frames.push({ number: this.#reader.info.frame, samples: frame });
        if (this.#frames.length > this.#longest) this.#frames.shift();
        this.#settle();
      } else if (!(await this.#reader.wait()) && this.#reader.closed) {
        this.close();
      }
    }
  }

  #settle(): void {
    if (!this.#wanted || (!this.#closed && this.#nextFrame <= this.#wanted.frame)) return;
    this.#wanted.resolve();
    this.#wanted = undefined;
  }
}

function joined(frames: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    whole.set(frame, at);
    at += frame.length;
  }
  return whole;
}
