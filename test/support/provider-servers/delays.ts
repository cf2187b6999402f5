import type { Milliseconds } from '../../../src/lib/clock.ts';

/** Draws one delay after another. */
export type Delay = () => Milliseconds;

export function fixed(ms: Milliseconds): Delay {
  return () => ms;
}

/** A log-normal distribution with this median and σ; the same draws for the same seed. */
export function logNormal(medianMs: Milliseconds, sigma: number, seed = 1): Delay {
  const random = seededRandom(seed);
  return () => medianMs * Math.exp(sigma * gaussian(random));
}

/** Uniform in 0 … 1 (mulberry32); the same sequence for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Box and Muller. */
function gaussian(random: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
