import { describe, expect, it } from 'vitest';
import { Melody, type Shape } from '../../src/media/melody.ts';

/** A voice: harmonics of a pitch that goes from one frequency to others, evenly through each stretch. */
function voice(rateHz: number, stretches: readonly (readonly [ms: number, fromHz: number, toHz: number])[]) {
  const samples: number[] = [];
  let phase = 0;
  for (const [ms, fromHz, toHz] of stretches) {
    const count = (ms * rateHz) / 1000;
    for (let index = 0; index < count; index++) {
      phase += (fromHz + ((toHz - fromHz) * index) / count) / rateHz;
      let sample = 0;
      for (let harmonic = 1; harmonic <= 6; harmonic++)
        sample += Math.sin(2 * Math.PI * harmonic * phase) / harmonic;
      samples.push(fromHz === 0 ? 0 : 4000 * sample);
    }
  }
  return Int16Array.from(samples);
}

function shapeOf(rateHz: number, sound: Int16Array, agoMs = 0): Shape {
  const melody = new Melody(rateHz);
  const perFrame = rateHz / 50;
  for (let at = 0; at + perFrame <= sound.length; at += perFrame)
    melody.add(sound.subarray(at, at + perFrame));
  return melody.of((sound.length / rateHz) * 1000 - agoMs, agoMs);
}

function riseOf(rateHz: number, sound: Int16Array, agoMs = 0): number | undefined {
  return shapeOf(rateHz, sound, agoMs).rise;
}

describe.each([8000, 16000])('the melody of a voice at %i Hz', (rateHz) => {
  it.each([100, 140, 210, 300])('rises at the end of a question (from %i Hz)', (hz) => {
    const rise = riseOf(rateHz, voice(rateHz, [[800, hz, hz * 0.97], [200, hz, hz * 1.4]])); // prettier-ignore
    expect(rise).toBeGreaterThan(3);
    expect(rise).toBeLessThan(7);
  });

  it('stays, or falls', () => {
    expect(riseOf(rateHz, voice(rateHz, [[1000, 120, 118]]))).toBeCloseTo(0, 0);
    expect(riseOf(rateHz, voice(rateHz, [[800, 200, 190], [200, 190, 140]]))).toBeLessThan(-2); // prettier-ignore
  });

  it('is that of what was said, however long ago it ended', () => {
    const question = [[600, 150, 150], [200, 150, 210]] as const; // prettier-ignore
    const rise = riseOf(rateHz, voice(rateHz, question));
    expect(riseOf(rateHz, voice(rateHz, [...question, [100, 0, 0]]), 100)).toBeCloseTo(rise ?? 0, 1);
  });

  it('is not taken for an octave more by a voice whose second harmonic is loud', () => {
    const samples = Int16Array.from({ length: rateHz }, (_, n) => {
      const turn = (2 * Math.PI * 110 * n) / rateHz;
      return 1500 * Math.sin(turn) + (n > 0.8 * rateHz ? 3000 : 1500) * Math.sin(2 * turn);
    });
    expect(Math.abs(riseOf(rateHz, samples) ?? 99)).toBeLessThan(1);
  });
});

it('noise and silence have none, nor has what is too short', () => {
  let seed = 7;
  const noise = Int16Array.from({ length: 8000 }, () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return 8000 * (seed / 1073741824 - 1);
  });
  expect(shapeOf(8000, noise)).toMatchObject({ rise: undefined });
  expect(shapeOf(8000, noise).pitched).toBeLessThan(0.1);
  expect(shapeOf(8000, new Int16Array(8000))).toEqual({ pitched: 0, rise: undefined });
  expect(shapeOf(8000, voice(8000, [[500, 150, 150]])).pitched).toBe(1);
  expect(riseOf(8000, voice(8000, [[60, 150, 150]]))).toBeUndefined();
});

it('asks for a rate that it can divide', () => {
  expect(() => new Melody(11_025)).toThrow(RangeError);
});
