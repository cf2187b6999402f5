import { describe, expect, it } from 'vitest';
import { levelDbov } from '../../src/media/level.ts';

const sine = (amplitude: number): Int16Array =>
  Int16Array.from({ length: 160 }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * i) / 16)));

describe('the level of a frame', () => {
  it('is 0 dBov for a square wave at the overload point, −3 for a sine', () => {
    expect(levelDbov(new Int16Array(160).fill(-32_768))).toBeCloseTo(0, 5);
    expect(levelDbov(sine(32_767))).toBeCloseTo(-3.01, 2);
    expect(levelDbov(sine(3276.7))).toBeCloseTo(-23.01, 1);
  });

  it('is −127 dBov for digital silence and for nothing at all', () => {
    expect(levelDbov(new Int16Array(160))).toBe(-127);
    expect(levelDbov(new Int16Array(0))).toBe(-127);
  });
});
