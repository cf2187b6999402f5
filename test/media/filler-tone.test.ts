import { describe, expect, it } from 'vitest';
import { levelDbov } from '../../src/media/level.ts';
import { fillerTone } from '../../src/media/filler-tone.ts';

describe('the filler tone', () => {
  it('is two short beeps, soft, with a pause between them and no click', () => {
    const { samples, rateHz } = fillerTone();
    const at = (ms: number): number => (ms * rateHz) / 1000;
    expect(samples.length).toBe(at(440));
    for (const [from, to] of [
      [40, 120],
      [320, 400],
    ] as const) {
      expect(levelDbov(samples.subarray(at(from), at(to)))).toBeCloseTo(-23, 0);
    }
    expect(samples.subarray(at(160), at(280)).every((sample) => sample === 0)).toBe(true);
    const steps = samples.subarray(1).map((sample, index) => Math.abs(sample - (samples[index] ?? 0)));
    expect(Math.max(...steps)).toBeLessThan(1500);
    expect(Math.abs(samples[1] ?? 0)).toBeLessThan(100);
  });
});
