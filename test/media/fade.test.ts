import { describe, expect, it } from 'vitest';
import { fadeFrame } from '../../src/media/fade.ts';
import { decodeG711, encodeG711, SILENCE_BYTE } from '../../src/media/g711.ts';

const HEIGHT = 8000;

function faded(encoding: 'pcm_s16' | 'ulaw' | 'alaw', count: number, way: 'in' | 'out'): Int16Array {
  const flat = new Int16Array(count).fill(HEIGHT);
  if (encoding !== 'pcm_s16') {
    const bytes = encodeG711(encoding, flat);
    fadeFrame(encoding, bytes, way);
    if (way === 'out')
      expect(bytes.subarray(count / 2)).toEqual(new Uint8Array(count / 2).fill(SILENCE_BYTE[encoding]));
    return decodeG711(encoding, bytes);
  }
  fadeFrame(encoding, new Uint8Array(flat.buffer), way);
  return flat;
}

describe.each([
  ['pcm_s16', 160, 1],
  ['pcm_s16', 320, 1],
  ['pcm_s16', 480, 1],
  ['ulaw', 160, 256],
  ['alaw', 160, 256],
] as const)('a fade of %s in frames of %i', (encoding, count, rounding) => {
  it.each(['in', 'out'] as const)('%s takes half the frame, goes one way, and has no step', (way) => {
    const samples = faded(encoding, count, way);
    const [ramp, rest] = [[...samples.subarray(0, count / 2)], samples.subarray(count / 2)];
    const ascending = way === 'in' ? ramp : ramp.toReversed();
    expect(ascending).toEqual(ascending.toSorted((a, b) => a - b));
    expect(ascending[0]).toBeLessThan(20);
    expect(ascending.at(-1)).toBeGreaterThan(HEIGHT * 0.97);
    const steps = ramp.slice(1).map((sample, at) => Math.abs(sample - ramp[at]!));
    expect(Math.max(...steps)).toBeLessThanOrEqual((HEIGHT * Math.PI) / count + rounding);
    const level = way === 'in' ? HEIGHT : 0;
    expect(rest.every((sample) => Math.abs(sample - level) <= rounding / 2 + 8)).toBe(true);
  });

  it('leaves negative samples negative', () => {
    const down = new Int16Array(count).fill(-HEIGHT);
    const bytes = encoding === 'pcm_s16' ? new Uint8Array(down.buffer) : encodeG711(encoding, down);
    fadeFrame(encoding, bytes, 'in');
    const samples = encoding === 'pcm_s16' ? down : decodeG711(encoding, bytes);
    expect(Math.min(...samples)).toBeLessThan(-HEIGHT * 0.97);
    expect(Math.max(...samples)).toBeLessThanOrEqual(8);
  });
});
