import { describe, expect, it } from 'vitest';
import { RealFft } from '../../src/media/fft.ts';

/** By the definition: a sum for each bin. */
function slowly(samples: Float64Array): { re: number[]; im: number[] } {
  const bins = Array.from({ length: samples.length / 2 + 1 }, (_, bin) => bin);
  const sum = (bin: number, wave: (angle: number) => number): number =>
    samples.reduce(
      (total, sample, index) => total + sample * wave((2 * Math.PI * bin * index) / samples.length),
      0,
    );
  return {
    re: bins.map((bin) => sum(bin, Math.cos)),
    im: bins.map((bin) => -sum(bin, Math.sin)),
  };
}

function someSamples(size: number): Float64Array {
  let state = size;
  return Float64Array.from({ length: size }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x3fffffff - 1;
  });
}

describe('the Fourier transform of real samples', () => {
  it.each([4, 8, 64, 512])(
    'of %i samples gives what the definition gives, and gets back to the samples',
    (size) => {
      const fft = new RealFft(size);
      const samples = someSamples(size);
      const re = new Float64Array(fft.bins);
      const im = new Float64Array(fft.bins);
      fft.forward(samples, re, im);
      const expected = slowly(samples);
      for (let bin = 0; bin < fft.bins; bin++) {
        expect(re[bin]).toBeCloseTo(expected.re[bin] as number, 9);
        expect(im[bin]).toBeCloseTo(expected.im[bin] as number, 9);
      }
      const back = new Float64Array(size);
      fft.inverse(re, im, back);
      for (let index = 0; index < size; index++)
        expect(back[index]).toBeCloseTo(samples[index] as number, 12);
    },
  );

  it.each([0, 2, 3, 100, 131_072, Number.NaN])('refuses a size of %d', (size) => {
    expect(() => new RealFft(size)).toThrow(RangeError);
  });
});
