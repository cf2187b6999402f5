import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEAD_MS, SoundShaper, TAIL_MS } from '../../../../src/providers/embedded/tts/sound-shaper.ts';

const RATE = 16000;
const MS = RATE / 1000;

/** 200 ms of hiss, 500 ms of a loud tone, 300 ms of hiss. */
const input = Int16Array.from({ length: 1000 * MS }, (_, index) => {
  const loud = index >= 200 * MS && index < 700 * MS;
  return loud ? 10_000 * Math.sin(index / 5) : (index % 7) - 3;
});

function shaper(more: { gain?: number; pauseMs?: number } = {}): SoundShaper {
  return new SoundShaper({ rateHz: RATE, soundStart: 0.2, soundEnd: 0.7, gain: 1, pauseMs: 0, ...more });
}

function shapedIn(cuts: readonly number[], from: SoundShaper): Int16Array {
  const output: number[] = [];
  let at = 0;
  for (const length of [...cuts, input.length]) {
    output.push(...from.shape(input.subarray(at, at + length)));
    at = Math.min(input.length, at + length);
  }
  return Int16Array.from(output);
}

describe('a piece of speech made fit for the telephone', () => {
  it('keeps 10 ms before its sound and 60 ms behind it', () => {
    expect(shaper().shape(input)).toHaveLength((LEAD_MS + 500 + TAIL_MS) * MS);
  });

  it('begins and ends at zero, without a step', () => {
    const output = shaper().shape(input);
    expect(Math.abs(output[0] ?? 0)).toBeLessThan(2);
    expect(Math.abs(output.at(-1) ?? 0)).toBeLessThan(2);
  });

  it('has the gain that was asked for, and never wraps round', () => {
    const peak = (samples: Int16Array): number =>
      samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    expect(peak(shaper({ gain: 0.5 }).shape(input))).toBeCloseTo(5000, -2);
    const output = shaper({ gain: 10 }).shape(input);
    for (let at = 300 * MS; at < 400 * MS; at++)
      expect(Math.sign(output[at] ?? 0)).toBe(Math.sign(input[at + 190 * MS] ?? 0));
  });

  it('puts exactly the pause before it', () => {
    const output = shaper({ pauseMs: 200 }).shape(input);
    expect(output).toHaveLength((200 + LEAD_MS + 500 + TAIL_MS) * MS);
    expect(output.subarray(0, 200 * MS).every((sample) => sample === 0)).toBe(true);
  });

  it('says where a moment of the voice went', () => {
    const shaped = shaper({ pauseMs: 200 });
    expect(shaped.placeMs(0.2, RATE)).toBe(210);
    expect(shaped.placeMs(0.7, RATE)).toBe(710);
    expect(shaped.placeMs(0, RATE)).toBe(200);
    expect(shaped.placeMs(5, RATE)).toBe(770);
  });

  it('gives the same sound however the input is cut', () => {
    const whole = shaper({ pauseMs: 50 }).shape(input);
    fc.assert(
      fc.property(fc.array(fc.nat(4000), { maxLength: 12 }), (cuts) => {
        expect(shapedIn(cuts, shaper({ pauseMs: 50 }))).toEqual(whole);
      }),
    );
  });
});
