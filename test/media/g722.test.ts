import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createG722Decoder, createG722Encoder } from '../../src/media/g722.ts';
import { HOSTILE_BYTES, SOUNDS } from './g722-vectors.ts';
import { component, decibels, noise, rms, tone } from './signals.ts';

const RATE_HZ = 16_000;
/** A frame of 20 ms. */
const FRAME_SAMPLES = 320;
const FRAME_BYTES = 160;

function roundTrip(samples: Int16Array): Int16Array {
  return createG722Decoder()(createG722Encoder()(samples));
}

function sine(hz: number, seconds: number, amplitude = 8000): Int16Array {
  return Int16Array.from(tone(hz, RATE_HZ, RATE_HZ * seconds, amplitude), Math.round);
}

/** Speech-like: harmonics of a voice that rises and falls, and hisses now and then. */
function voice(seconds: number): Int16Array {
  const hiss = noise(RATE_HZ * seconds, 9);
  return Int16Array.from({ length: RATE_HZ * seconds }, (_, i) => {
    const time = i / RATE_HZ;
    const loud = Math.sin(2 * Math.PI * 2 * time) ** 2;
    let sum = 0;
    for (let harmonic = 1; harmonic < 20; harmonic++) {
      sum += Math.sin(2 * Math.PI * 160 * harmonic * time) / harmonic;
    }
    return Math.round(loud * 4000 * sum + (1 - loud) * 800 * hiss[i]!);
  });
}

describe('The G.722 encoder', () => {
  it('writes a byte for two samples, the higher band in its two upper bits', () => {
    expect(createG722Encoder()(new Int16Array(FRAME_SAMPLES))).toHaveLength(FRAME_BYTES);
    // A code of 11 and 111010 is the smallest step up of either band: where silence begins.
    expect(createG722Encoder()(new Int16Array(2))).toEqual(Uint8Array.of(0xfa));
  });

  it('is what the oracles of the integration tests agreed to', () => {
    const digest = (bytes: Uint8Array): string =>
      createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    expect(digest(createG722Encoder()(SOUNDS['bursts after quiet tones']!))).toBe('5f98fa10a403fc62');
    const decoded = createG722Decoder()(HOSTILE_BYTES['the largest steps at random']!);
    expect(digest(new Uint8Array(decoded.buffer))).toBe('4ee3458b7f0cef62');
  });

  it('refuses half a pair, and too little room', () => {
    expect(() => createG722Encoder()(new Int16Array(3))).toThrow(RangeError);
    expect(() => createG722Encoder()(new Int16Array(4), new Uint8Array(1))).toThrow(RangeError);
  });
});

describe('The G.722 decoder', () => {
  it('refuses too little room', () => {
    expect(() => createG722Decoder()(new Uint8Array(4), new Int16Array(7))).toThrow(RangeError);
  });

  it('limits what is too loud, instead of turning it over', () => {
    const square = Int16Array.from({ length: RATE_HZ }, (_, i) => ((i >> 5) & 1 ? 32_767 : -32_768));
    const decoded = roundTrip(square);
    // 22 samples of delay, and the filter rings at the edges: in the middle of each half wave it has the right sign.
    for (let i = 400; i + 44 < square.length; i++) {
      if (i % 32 < 10 || i % 32 > 22) continue;
      expect(Math.sign(decoded[i + 22]!)).toBe(Math.sign(square[i]!));
    }
  });
});

describe('G.722 there and back', () => {
  it.each([100, 440, 1000, 3000, 5000, 6500])('keeps a tone of %i Hz, at the level that it had', (hz) => {
    const heard = component(Float32Array.from(roundTrip(sine(hz, 2)).subarray(RATE_HZ)), hz, RATE_HZ);
    expect(Math.abs(decibels(heard.amplitude / 8000))).toBeLessThan(0.5);
    // Two bits a sample in the higher band, six in the lower one.
    expect(decibels(heard.amplitude / Math.SQRT2 / heard.residue)).toBeGreaterThan(hz > 4000 ? 12 : 25);
  });

  it('keeps silence silent', () => {
    const decoded = roundTrip(new Int16Array(RATE_HZ));
    expect(Math.max(...decoded)).toBeLessThanOrEqual(8);
    expect(Math.min(...decoded)).toBeGreaterThanOrEqual(-8);
  });

  it('doesn’t depend on where the stream is cut, nor on whether memory is given', () => {
    const samples = voice(2);
    const bytes = createG722Encoder()(samples);
    const decoded = createG722Decoder()(bytes);
    const [encode, decode] = [createG722Encoder(), createG722Decoder()];
    const [byteRoom, sampleRoom] = [new Uint8Array(500), new Int16Array(1000)];
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 400) {
      const count = Math.min(size, bytes.length - at);
      expect(encode(samples.subarray(2 * at, 2 * (at + count)), byteRoom)).toBe(byteRoom);
      expect(byteRoom.subarray(0, count)).toEqual(bytes.subarray(at, at + count));
      expect(decode(byteRoom.subarray(0, count), sampleRoom)).toBe(sampleRoom);
      expect(sampleRoom.subarray(0, 2 * count)).toEqual(decoded.subarray(2 * at, 2 * (at + count)));
    }
  });

  it('keeps two calls apart', () => {
    const [mine, other] = [createG722Encoder(), createG722Encoder()];
    const samples = voice(1);
    const expected = createG722Encoder()(samples);
    for (let frame = 0; frame < 50; frame++) {
      const at = frame * FRAME_SAMPLES;
      other(sine(3000, 1).subarray(0, FRAME_SAMPLES));
      const bytes = mine(samples.subarray(at, at + FRAME_SAMPLES));
      expect(bytes).toEqual(expected.subarray(at / 2, at / 2 + FRAME_BYTES));
    }
  });

  it.each([1, 5, 10])('finds back after losses of %i per cent: a decoder that missed packets', (percent) => {
    const samples = voice(10);
    const bytes = createG722Encoder()(samples);
    const whole = createG722Decoder()(bytes);
    const decode = createG722Decoder();
    const chance = noise(500, percent);
    let [since, recovered] = [Number.POSITIVE_INFINITY, 0];
    for (let frame = 0; frame < 500; frame++) {
      const at = frame * FRAME_BYTES;
      if ((chance[frame]! + 1) / 2 < percent / 100) {
        since = 0;
        continue;
      }
      const heard = decode(bytes.subarray(at, at + FRAME_BYTES));
      since++;
      if (since !== 10) continue;
      recovered++;
      // 200 ms after the loss: what differs is 20 dB below what is said.
      const expected = whole.subarray(2 * at, 2 * (at + FRAME_BYTES));
      const error = rms(heard.map((sample, i) => sample - expected[i]!));
      expect(decibels(rms(expected) / Math.max(error, 1e-9))).toBeGreaterThan(20);
    }
    expect(recovered).toBeGreaterThan(2);
  });
});
