import { describe, expect, it } from 'vitest';
import { AudioRingWriter, createAudioRing, type AudioRingHandle } from '../../../../src/media/audio-ring.ts';
import type { SampleRateHz } from '../../../../src/media/audio.ts';
import { turnSamples } from '../../../../src/providers/embedded/end-of-turn/turn-samples.ts';
import { tone } from '../../../media/signals.ts';

const LENGTH = 320;

/** A ring at 16 kHz in which each sample of a frame is the frame's number. */
function numbered(frames: number, slots = 512): AudioRingHandle {
  const ring = createAudioRing(16_000, slots);
  const writer = new AudioRingWriter(ring);
  for (let frame = 0; frame < frames; frame++) {
    writer.slot.fill(frame);
    writer.commit(frame * 20, -20);
  }
  return ring;
}

/** The first and the last frame's numbers, and how many frames. */
function seen(samples: Float32Array): [number, number, number] {
  return [Math.round(samples[0]! * 32_768), Math.round(samples.at(-1)! * 32_768), samples.length / LENGTH];
}

describe("a turn's samples", () => {
  it('begin half a second before the speech, and end with the last frame that counts', () => {
    expect(seen(turnSamples({ heard: numbered(300), begin: 100, end: 199 }))).toEqual([75, 199, 125]);
  });

  it('begin with the call where speech began in its first half second', () => {
    expect(seen(turnSamples({ heard: numbered(300), begin: 20, end: 99 }))).toEqual([0, 99, 100]);
  });

  it('are the last 8 s of a longer turn', () => {
    expect(seen(turnSamples({ heard: numbered(500), begin: 30, end: 489 }))).toEqual([90, 489, 400]);
  });

  it('are what the ring still has', () => {
    // One slot is the writer's.
    expect(seen(turnSamples({ heard: numbered(300, 100), begin: 200, end: 280 }))).toEqual([201, 280, 80]);
    expect(turnSamples({ heard: numbered(300, 100), begin: 100, end: 150 })).toHaveLength(0);
  });

  it('are what has been heard by now', () => {
    expect(seen(turnSamples({ heard: numbered(110), begin: 100, end: 120 }))).toEqual([75, 109, 35]);
    expect(turnSamples({ heard: numbered(0), begin: 0, end: 10 })).toHaveLength(0);
  });

  it.each<SampleRateHz>([8000, 24_000, 48_000])('come at 16 kHz from a ring at %i Hz', (rateHz) => {
    const ring = createAudioRing(rateHz);
    const writer = new AudioRingWriter(ring);
    const heard = tone(440, rateHz, rateHz, 0.5);
    for (let at = 0; at < heard.length; at += writer.samplesPerFrame) {
      for (let i = 0; i < writer.samplesPerFrame; i++) writer.slot[i] = Math.round(heard[at + i]! * 32_768);
      writer.commit(0, -9);
    }
    const samples = turnSamples({ heard: ring, begin: 25, end: 49 });
    expect(samples).toHaveLength(16_000);
    const expected = tone(440, 16_000, 16_000, 0.5);
    const worst = Math.max(
      ...samples.subarray(1000, 15_000).map((sample, at) => Math.abs(sample - expected[1000 + at]!)),
    );
    expect(worst).toBeLessThan(0.001);
  });
});
