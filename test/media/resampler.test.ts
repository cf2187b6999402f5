import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SAMPLE_RATES_HZ, type SampleRateHz } from '../../src/media/audio.ts';
import { floatToInt16, int16ToFloat } from '../../src/media/pcm.ts';
import { Resampler } from '../../src/media/resampler.ts';
import { component, decibels, noise, rms, tone } from './signals.ts';

function whole(fromHz: SampleRateHz, toHz: SampleRateHz, input: Float32Array): Float32Array {
  const resampler = new Resampler(fromHz, toHz);
  const first = resampler.process(input);
  const rest = resampler.flush();
  const output = new Float32Array(first.length + rest.length);
  output.set(first);
  output.set(rest, first.length);
  return output;
}

/** What telephony and recognisers need: everything from and to 8,000 and 16,000 Hz. */
const PAIRS = SAMPLE_RATES_HZ.flatMap((from) =>
  SAMPLE_RATES_HZ.filter((to) => to !== from).map((to) => [from, to] as const),
).filter((pair) => pair.some((rate) => rate <= 16_000));
const DOWN = PAIRS.filter(([from, to]) => from > to);

describe.each(PAIRS)('resampling %i Hz to %i Hz', (from, to) => {
  const nyquist = Math.min(from, to) / 2;
  /** Half a second, of which the middle 0.2 s are measured: 5 Hz make whole periods there. */
  const middle = (output: Float32Array): Float32Array =>
    output.subarray(Math.round(0.16 * to), Math.round(0.36 * to));
  const upTo = (edge: number): number[] =>
    Array.from({ length: 6 }, (_, i) => Math.floor((edge * (i + 1)) / 6 / 5) * 5);

  it('passes everything up to 0.8 of the band within 0.02 dB, and adds nothing above −80 dB', () => {
    for (const hz of upTo(0.8 * nyquist)) {
      const { amplitude, residue } = component(middle(whole(from, to, tone(hz, from, from / 2))), hz, to);
      expect(Math.abs(decibels(amplitude)), `gain at ${hz} Hz`).toBeLessThan(0.02);
      expect(decibels(residue * Math.SQRT2), `residue at ${hz} Hz`).toBeLessThan(-80);
    }
  });

  it('keeps every sound at its place: the output is the tone sampled at the new rate', () => {
    const output = whole(from, to, tone(500, from, from / 2));
    const expected = tone(500, to, output.length);
    const error = middle(output).map((sample, i) => sample - middle(expected)[i]!);
    expect(decibels(rms(error))).toBeLessThan(-60);
  });

  it('gives in pieces, bit by bit, what it gives of the whole', () => {
    const input = noise(6000);
    const expected = whole(from, to, input);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 12 }), (cuts) => {
        const resampler = new Resampler(from, to);
        const output = new Float32Array(expected.length);
        let at = 0;
        let written = 0;
        const keep = (piece: Float32Array): void => {
          output.set(piece, written);
          written += piece.length;
        };
        for (const cut of [...cuts, Infinity]) {
          keep(resampler.process(input.subarray(at, at + cut)));
          at = Math.min(input.length, at + cut);
        }
        keep(resampler.flush());
        expect(written).toBe(expected.length);
        expect(output.every((sample, i) => sample === expected[i])).toBe(true);
      }),
      { numRuns: 5 },
    );
  });

  it('loses no sample in the long run', () => {
    const resampler = new Resampler(from, to);
    const piece = new Float32Array(997);
    let output = 0;
    for (let i = 0; i < 200; i++) {
      output += resampler.process(piece).length;
      const held = ((i + 1) * 997) / from - output / to;
      expect(held * 1000).toBeLessThanOrEqual(resampler.latencyMs + 1000 / to);
      if (i > 5) expect(held).toBeGreaterThanOrEqual(0);
    }
    output += resampler.flush().length;
    expect(output).toBe(Math.ceil((199_400 * to) / from));
  });

  it('keeps a constant constant', () => {
    const output = middle(whole(from, to, new Float32Array(from / 2).fill(0.5)));
    for (const sample of output) expect(Math.abs(sample - 0.5)).toBeLessThan(1e-6);
  });
});

describe.each(DOWN)('what %i Hz have beyond the band of %i Hz', (from, to) => {
  it('is gone by 80 dB: no aliases', () => {
    const nyquist = to / 2;
    for (let i = 0; i <= 12; i++) {
      const hz = nyquist * 1.001 + ((from / 2 - nyquist * 1.001) * i) / 12.5;
      const output = whole(from, to, tone(hz, from, from / 2)).subarray(
        Math.round(0.16 * to),
        Math.round(0.36 * to),
      );
      expect(decibels(rms(output) * Math.SQRT2), `alias of ${hz.toFixed()} Hz`).toBeLessThan(-80);
    }
  });
});

describe('a resampler', () => {
  it('passes the telephone band to 8,000 Hz within 0.1 dB up to 3.2 kHz from every rate', () => {
    for (const from of SAMPLE_RATES_HZ.filter((rate) => rate !== 8000)) {
      for (const hz of [300, 1000, 2000, 3000, 3200]) {
        const output = whole(from, 8000, tone(hz, from, from / 2)).subarray(1200, 2800);
        expect(Math.abs(decibels(component(output, hz, 8000).amplitude))).toBeLessThan(0.1);
      }
    }
  });

  it('takes int16 samples for what they are', () => {
    const pcm = floatToInt16(noise(500));
    const a = new Resampler(16000, 8000).process(pcm);
    const b = new Resampler(16000, 8000).process(int16ToFloat(pcm));
    expect(a).toEqual(b);
  });

  it('between equal rates changes nothing and holds nothing', () => {
    const input = noise(100);
    const resampler = new Resampler(8000, 8000);
    expect(resampler.latencyMs).toBe(0);
    expect(resampler.process(input)).toEqual(input);
    expect(resampler.flush()).toHaveLength(0);
  });

  it('says how much it holds back', () => {
    const resampler = new Resampler(24000, 8000);
    const early = resampler.process(new Float32Array(24000)).length;
    expect(resampler.latencyMs).toBeGreaterThan(0);
    expect(resampler.latencyMs).toBeLessThan(4);
    expect(8000 - early).toBeLessThanOrEqual(Math.ceil(resampler.latencyMs * 8));
    expect(8000 - early).toBeGreaterThanOrEqual(Math.floor(resampler.latencyMs * 8) - 1);
  });

  it('begins anew after flush and after reset', () => {
    const input = noise(1000);
    const resampler = new Resampler(22050, 8000);
    const first = [...resampler.process(input), ...resampler.flush()];
    resampler.process(noise(77, 5));
    resampler.reset();
    expect([...resampler.process(input), ...resampler.flush()]).toEqual(first);
  });
});
