import { beforeAll, describe, expect, it } from 'vitest';
import type { Codec, CodecName } from '../../src/media/codec.ts';
import { codecOf } from '../../src/media/codec.ts';
import { createRtpFields } from '../../src/media/rtp-packet.ts';
import { VoiceReceiver } from '../../src/media/voice-receiver.ts';
import { speaker } from '../support/telephone-speech.ts';
import { hear } from './codec-line.ts';
import { component, decibels, noise, rms } from './signals.ts';

const RATE = 16_000;
const FRAME = 320;
/** How long it takes a decoder whose state is wrong until what is left of that is 20 dB below the sound (measured). */
const RECOVERED_MS = 140;

const toneAt =
  (hz: number) =>
  (n: number, { audioRateHz, frameSamples }: Codec): Int16Array =>
    Int16Array.from({ length: frameSamples }, (_, i) =>
      Math.round(8000 * Math.sin((2 * Math.PI * hz * (n * frameSamples + i)) / audioRateHz)),
    );

/** Which of `frames` packets are lost: the same ones for the same share; none while the encoder settles. */
function losses(frames: number, share: number): Set<number> {
  const fate = noise(frames, 7);
  return new Set([...fate.keys()].filter((n) => n >= 25 && Math.abs(fate[n]!) < share));
}

function steepest(samples: Int16Array, from: number, to: number): number {
  let largest = 0;
  for (let i = Math.max(1, from); i < Math.min(to, samples.length); i++)
    largest = Math.max(largest, Math.abs(samples[i]! - samples[i - 1]!));
  return largest;
}

/**
 * The largest step around a loss, to that of the undisturbed sound in the same place (or a tenth of its largest one, if
 * that is more), of all losses.
 */
function worstStep(clean: Int16Array, heard: Int16Array, lost: ReadonlySet<number>): number {
  const heardAnyway = steepest(clean, 25 * FRAME, clean.length) / 10;
  const ratios = [...lost].map((n) => {
    const [from, to] = [(n - 2) * FRAME, (n + 8) * FRAME];
    return steepest(heard, from, to) / Math.max(heardAnyway, steepest(clean, from, to));
  });
  return Math.max(...ratios);
}

/** What is left of the errors, to the sound, where a loss lies `RECOVERED_MS` back and no other one does since. */
function leftOver(clean: Int16Array, heard: Int16Array, lost: ReadonlySet<number>): number {
  const frames = RECOVERED_MS / 20;
  const alone = [...lost].filter((n) => ![...lost].some((other) => other > n && other <= n + frames));
  const at = alone.map((n) => (n + frames) * FRAME).filter((from) => from + FRAME <= heard.length);
  const pick = (samples: (i: number) => number): number[] =>
    at.flatMap((from) => Array.from({ length: FRAME }, (_, i) => samples(from + i)));
  return decibels(rms(pick((i) => heard[i]! - clean[i]!)) / rms(clean));
}

describe.each([0.01, 0.05, 0.1])('G.722 over a line that loses %d of its packets', (share) => {
  const frames = 500;
  const lost = losses(frames, share);
  const isLost = (n: number): boolean => lost.has(n);

  it.each([200, 440, 1000, 3000, 6000])('has a tone of %i Hz without a click, and again as it was', (hz) => {
    const clean = hear(frames, toneAt(hz), { codec: 'g722' }).samples;
    const { samples, story } = hear(frames, toneAt(hz), { codec: 'g722', isLost });
    expect(samples.length).toBeLessThanOrEqual(clean.length);
    expect(story.match(/l/g)?.length).toBeGreaterThanOrEqual(lost.size - 2);
    expect(worstStep(clean, samples, lost)).toBeLessThan(1.3);
    expect(leftOver(clean, samples, lost)).toBeLessThan(-40);
  });

  describe('that speech goes over', () => {
    let speech: Int16Array;
    beforeAll(async () => {
      const parts: number[] = [];
      const flite = await speaker();
      for (const voice of ['slt', 'rms'] as const) {
        flite.speak(
          'Please connect me with the sales department: I want six thousand chairs and a sofa.',
          voice,
          {
            onStart: () => undefined,
            onSamples: (samples) => {
              for (const sample of samples) parts.push(sample);
              return true;
            },
          },
        );
      }
      speech = Int16Array.from(parts);
    });

    it('has no click, and the decoder recovers', () => {
      const count = Math.floor(speech.length / FRAME);
      const spoken = (n: number): Int16Array => speech.slice(n * FRAME, (n + 1) * FRAME);
      const clean = hear(count, spoken, { codec: 'g722' }).samples;
      const where = losses(count, share);
      const { samples } = hear(count, spoken, { codec: 'g722', isLost: (n) => where.has(n) });
      // A scale factor that isn't right yet meets a new sound: steeper there, but not than speech is elsewhere.
      expect(worstStep(clean, samples, where)).toBeLessThan(2);
      const steepestOf = (sound: Int16Array): number => steepest(sound, 0, sound.length);
      expect(steepestOf(samples)).toBeLessThan(1.05 * steepestOf(clean));
      expect(leftOver(clean, samples, where)).toBeLessThan(-20);
    });
  });
});

describe('a peer whose clock counts the samples of G.722', () => {
  it('is heard as one whose clock is right', () => {
    const isLost = (n: number): boolean => n === 60 || n === 90 || n === 91;
    const right = hear(200, toneAt(440), { codec: 'g722', isLost });
    const wrong = hear(200, toneAt(440), { codec: 'g722', isLost, clockFactor: 2 });
    expect(wrong.story).toBe(right.story);
    expect(wrong.samples).toEqual(right.samples);
    expect(wrong.receiver.jitterMs).toBe(right.receiver.jitterMs);
    expect(wrong.receiver.holdMs).toBe(30);
    expect(wrong.receiver.stats).toMatchObject({ streams: 1, framesConcealed: 3, framesFiller: 0 });
  });
});

describe('a peer that changes its codec in mid-call', () => {
  it.each([
    ['g722', 'ulaw', 'alaw'],
    ['ulaw', 'g722', 'alaw'],
    ['alaw', 'ulaw', 'g722'],
  ] as const)(
    'from %s to %s to %s is heard all the time, at the rate of the call',
    (agreed, second, third) => {
      const speaks = (n: number): CodecName => (n < 50 ? agreed : n < 100 ? second : third);
      const { samples, receiver, story } = hear(150, toneAt(1000), { codec: agreed, codecOf: speaks });
      const { audioRateHz } = codecOf(agreed);
      expect(story).toBe('f'.repeat(150));
      expect(samples).toHaveLength(3 * audioRateHz);
      expect(receiver.codec.name).toBe(third);
      expect(receiver.codecChanges).toBe(2);
      for (const from of [0.2, 1.2, 2.2]) {
        const part = Float32Array.from(samples.subarray(from * audioRateHz, (from + 0.5) * audioRateHz));
        const { amplitude, residue } = component(part, 1000, audioRateHz);
        expect(amplitude / 8000).toBeCloseTo(1, 1);
        expect(decibels(residue / amplitude)).toBeLessThan(-25);
      }
    },
  );

  it('is not heard in a codec that the call can not have, but its packets are not counted as lost', () => {
    const codec = codecOf('g722');
    const receiver = new VoiceReceiver({ codec, start: -20, frame: new Int16Array(FRAME) });
    const fields = createRtpFields();
    const insert = (sequence: number, payloadType: number): boolean => {
      Object.assign(fields, {
        sequence,
        payloadType,
        timestamp: sequence * 160,
        payloadLength: 160,
        ssrc: 1,
      });
      const isSound = receiver.insert(fields, new Uint8Array(160), sequence * 20);
      while (receiver.take(sequence * 20) !== 'none');
      return isSound;
    };
    expect([9, 3, 118, 96, 9].map((payloadType, n) => insert(n, payloadType))).toEqual([
      ...[true, false, false, false, true],
    ]);
    expect(receiver.stats.packetsLost).toBe(0);
  });
});

describe('packets of G.722', () => {
  it.each([10, 20, 30, 40, 60])('that last %i ms become frames of 20 ms', (ms) => {
    const codec = codecOf('g722');
    const encode = codec.createEncoder();
    const frame = new Int16Array(FRAME);
    const receiver = new VoiceReceiver({ codec, start: -ms, frame });
    const fields = createRtpFields();
    const heard: number[] = [];
    for (let n = 0; n * ms < 1200; n++) {
      const samples = Int16Array.from({ length: 16 * ms }, (_, i) =>
        Math.round(8000 * Math.sin((2 * Math.PI * 1000 * (n * 16 * ms + i)) / RATE)),
      );
      const payload = encode(samples);
      expect(payload).toHaveLength(8 * ms);
      Object.assign(fields, { sequence: n, timestamp: n * 8 * ms, payloadType: 9, ssrc: 1 });
      Object.assign(fields, { payloadOffset: 0, payloadLength: payload.length });
      receiver.insert(fields, payload, n * ms);
      while (receiver.take(n * ms) === 'frame') heard.push(...frame);
    }
    expect(receiver.stats).toMatchObject({ packetsLost: 0, framesConcealed: 0, streams: 1 });
    expect(heard.length).toBeGreaterThanOrEqual(1.14 * RATE);
    const part = Float32Array.from(heard.slice(0.5 * RATE, RATE));
    expect(component(part, 1000, RATE).amplitude / 8000).toBeCloseTo(1, 1);
    expect(decibels(component(part, 1000, RATE).residue / 8000)).toBeLessThan(-30);
  });
});
