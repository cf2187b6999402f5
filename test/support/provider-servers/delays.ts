import { seeded } from '../../../src/providers/embedded/random.ts';
import type { Milliseconds } from '../../../src/lib/clock.ts';

/** Draws one delay after another. */
export type Delay = () => Milliseconds;

export function fixed(ms: Milliseconds): Delay {
  return () => ms;
}

/** A log-normal distribution with this median and σ; the same draws for the same seed. */
export function logNormal(medianMs: Milliseconds, sigma: number, seed = 1): Delay {
  const random = seeded(seed);
  return () => medianMs * Math.exp(sigma * gaussian(random));
}

/** Box and Muller. */
function gaussian(random: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
