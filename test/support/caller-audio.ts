import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AudioRingWriter, createAudioRing, type AudioRingHandle } from '../../src/media/audio-ring.ts';
import { monotonicNow } from '../../src/lib/clock.ts';

const CALLERS = new URL('../../lab/callers/', import.meta.url);

/** A recorded caller, 8 kHz: `callerAudio('ked', 'd-hours')`. */
export function callerAudio(voice: string, name: string): Int16Array {
  return readUlawWav(readFileSync(new URL(`${voice}/${name}.wav`, CALLERS)));
}

/** Samples of a mono 8 kHz mu-law WAV file. */
export function readUlawWav(file: Buffer): Int16Array {
  for (let at = 12; at + 8 <= file.length;) {
    const length = file.readUInt32LE(at + 4);
    if (file.toString('latin1', at, at + 4) === 'data') {
      return Int16Array.from(file.subarray(at + 8, at + 8 + length), ulawToLinear);
    }
    at += 8 + length + (length & 1);
  }
  throw new Error('not a WAV file');
}

/** ITU-T G.711. */
function ulawToLinear(byte: number): number {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return code & 0x80 ? -magnitude : magnitude;
}

export interface RingFeeder {
  readonly heard: AudioRingHandle;
  /** Writes `samples` as frames of 20 ms, `pace` times as fast as they would come; returns first and last frame. */
  play(samples: Int16Array, pace?: number): Promise<{ first: number; last: number }>;
  close(): void;
}

/** The caller's side of a media session: a ring and its writer. Silence surrounds what is played. */
export function createRingFeeder(): RingFeeder {
  const heard = createAudioRing(8000);
  const writer = new AudioRingWriter(heard);
  const write = (samples: Int16Array): void => {
    writer.slot.fill(0);
    writer.slot.set(samples);
    writer.commit(monotonicNow(), -30);
  };
  return {
    heard,
    async play(samples, pace = 50) {
      const size = writer.samplesPerFrame;
      for (let n = 0; n < 20; n++) write(new Int16Array(0));
      const first = writer.nextFrame;
      for (let at = 0; at < samples.length; at += size) {
        write(samples.subarray(at, at + size));
        await sleep(20 / pace);
      }
      return { first, last: writer.nextFrame - 1 };
    },
    close() {
      writer.close();
    },
  };
}
