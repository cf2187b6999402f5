import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LOG_MEL_BANDS, LOG_MEL_STEPS, LogMel } from '../../src/media/log-mel.ts';

interface Vector {
  readonly sound: string;
  /** Of all its samples without their signs. */
  readonly sum: number;
  readonly mean: number;
  readonly bandMeans: readonly number[];
  /** Place, value. */
  readonly values: readonly (readonly [number, number])[];
}

/** Made by test/vectors/log-mel.py. */
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/log-mel.json', import.meta.url), 'utf8'),
) as readonly Vector[];

/* The sounds of log-mel.py, once more. */

const SAMPLES = 128_000;

function noise(seed: number, count: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => (state = (state * 16_807) % 2_147_483_647));
}

function buzz(count: number): number[] {
  return noise(7, count).map((random, at) => {
    const loudness = 4000 + 2000 * (Math.floor(at / 2400) % 4);
    return Math.floor((loudness * (127 - 2 * (at % 128))) / 127) + (random % 201) - 100;
  });
}

const sounds: Readonly<Record<string, readonly number[]>> = {
  'noise in steps, 8 s': noise(1, SAMPLES).map(
    (random, at) => ((random % 20_001) - 10_000) >> (Math.floor(at / 4800) % 8),
  ),
  'a buzz of 1.7 s': buzz(27_200),
  'a buzz of 10.3 s': buzz(164_800),
  'a click in silence': Array.from({ length: SAMPLES }, (_, at) => (at === 100_037 ? 32_767 : 0)),
  '80 samples': new Array<number>(80).fill(-20_000),
  silence: new Array<number>(SAMPLES).fill(0),
  nothing: [],
};

describe('the log-mel features', () => {
  const logMel = new LogMel();

  it.each(vectors)('of $sound are those of an independent implementation', (vector) => {
    const sound = sounds[vector.sound]!;
    expect(sound.reduce((sum, sample) => sum + Math.abs(sample), 0)).toBe(vector.sum);
    const features = logMel.extract(Float32Array.from(sound, (sample) => sample / 32_768));
    expect(features.length).toBe(LOG_MEL_BANDS * LOG_MEL_STEPS);
    const mean = (from: number, count: number): number =>
      features.subarray(from, from + count).reduce((sum, value) => sum + value, 0) / count;
    const worst = Math.max(
      ...vector.values.map(([place, value]) => Math.abs(features[place]! - value)),
      ...vector.bandMeans.map((value, band) => Math.abs(mean(band * LOG_MEL_STEPS, LOG_MEL_STEPS) - value)),
      Math.abs(mean(0, features.length) - vector.mean),
    );
    // The vectors have six decimals, and the features 24 bits.
    expect(worst).toBeLessThan(2e-6);
  });
});
