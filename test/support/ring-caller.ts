import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNow } from '../../src/lib/clock.ts';
import {
  AudioRingReader,
  AudioRingWriter,
  createAudioRing,
  type AudioRingHandle,
} from '../../src/media/audio-ring.ts';
import type { SampleRateHz } from '../../src/media/audio.ts';
import { levelDbov } from '../../src/media/level.ts';
import { testVoice } from './provider-servers/test-voice.ts';

/** A caller's side of a call, faster than life (`pace` times): speech and silence go into their ring. */
export class RingCaller {
  readonly heard: AudioRingHandle;
  readonly #writer: AudioRingWriter;
  readonly #pace: number;

  constructor(options: { readonly rateHz?: SampleRateHz; readonly pace?: number } = {}) {
    this.heard = createAudioRing(options.rateHz ?? 8000);
    this.#writer = new AudioRingWriter(this.heard);
    this.#pace = options.pace ?? 8;
  }

  get frame(): number {
    return this.#writer.nextFrame;
  }

  /** Resolves with the first and the last frame. */
  async play(samples: Int16Array): Promise<{ readonly first: number; readonly last: number }> {
    const size = this.#writer.samplesPerFrame;
    const first = this.frame;
    for (let at = 0, frames = 0; at < samples.length; at += size, frames++) {
      const { slot } = this.#writer;
      slot.fill(0);
      slot.set(samples.subarray(at, at + size));
      this.#writer.commit(monotonicNow(), levelDbov(slot));
      if (frames % 2 === 1) await sleep(40 / this.#pace);
    }
    return { first, last: this.frame - 1 };
  }

  async silence(ms: number): Promise<void> {
    await this.play(new Int16Array((this.#writer.samplesPerFrame * ms) / 20));
  }

  hangUp(): void {
    this.#writer.close();
  }
}

/** What stands in a ring from one frame to another. */
export function ringSound(heard: AudioRingHandle, first: number, last: number): Int16Array {
  const reader = new AudioRingReader(heard, first);
  const size = reader.samplesPerFrame;
  const samples = new Int16Array((last - first + 1) * size);
  for (let at = 0; at < samples.length && reader.read(samples, at); at += size);
  return samples;
}

/** What somebody says, as a recording of 8 kHz without silence around it. */
export async function utterance(text: string, rateHz = 8000): Promise<Int16Array> {
  const { samples, words } = await testVoice({ text, voice: 'caller', rateHz });
  return samples.subarray(0, Math.round(((words.at(-1)?.endMs ?? 0) * rateHz) / 1000));
}

/**
 * Hears what `utterance` said: of the texts that it may have been, the one that lasts as long as the
 * voice in this sound. So a server's answer depends on what really arrived.
 */
export function hearsByLength(
  ...texts: readonly string[]
): (sound: { samples: Int16Array; rateHz: number }) => string {
  const known = texts.map(async (text) => ({ text, ms: voicedMs(await utterance(text), 8000) }));
  const lengths: { text: string; ms: number }[] = [];
  void Promise.all(known).then((all) => lengths.push(...all));
  return ({ samples, rateHz }) => {
    const ms = voicedMs(samples, rateHz);
    if (ms < 60) return '';
    const [best] = lengths.toSorted((a, b) => Math.abs(a.ms - ms) - Math.abs(b.ms - ms));
    return best && Math.abs(best.ms - ms) < 150 ? best.text : `[${ms} ms of something else]`;
  };
}

function voicedMs(samples: Int16Array, rateHz: number): number {
  const step = (rateHz * 20) / 1000;
  let ms = 0;
  for (let at = 0; at + step <= samples.length; at += step) {
    if (levelDbov(samples.subarray(at, at + step)) > -45) ms += 20;
  }
  return ms;
}
