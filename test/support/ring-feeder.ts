import { AudioRingWriter, createAudioRing, type AudioRingHandle } from '../../src/media/audio-ring.ts';
import type { SampleRateHz } from '../../src/media/audio.ts';
import { levelDbov } from '../../src/media/level.ts';

/** Plays a media worker: writes a call's audio into its ring, with arrival times as in a real call. */
export class RingFeeder {
  readonly handle: AudioRingHandle;
  readonly startedAt: number;
  readonly #writer: AudioRingWriter;

  constructor(rateHz: SampleRateHz = 8000, startedAt = 10_000) {
    this.handle = createAudioRing(rateHz, 1024);
    this.startedAt = startedAt;
    this.#writer = new AudioRingWriter(this.handle);
  }

  get frame(): number {
    return this.#writer.nextFrame;
  }

  /** When frame `frame` arrived. */
  timeOf(frame: number): number {
    return this.startedAt + frame * 20;
  }

  /** Writes everything at once (at most the ring's 20 s); a last short frame is padded with silence. */
  write(samples: Int16Array, flags = 0): void {
    const length = this.#writer.samplesPerFrame;
    for (let at = 0; at < samples.length; at += length) this.#frame(samples.subarray(at, at + length), flags);
  }

  silence(ms: number, flags = 0): void {
    for (let left = ms; left > 0; left -= 20) this.#frame(new Int16Array(0), flags);
  }

  close(): void {
    this.#writer.close();
  }

  #frame(samples: Int16Array, flags: number): void {
    const { slot } = this.#writer;
    slot.fill(0);
    slot.set(samples);
    this.#writer.commit(this.timeOf(this.frame), levelDbov(slot), flags);
  }
}
