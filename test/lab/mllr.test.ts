import { expect, it } from 'vitest';
import { MllrFit } from '../../lab/mllr.ts';
import { CEPSTRA } from '../../src/providers/embedded/stt/front-end.ts';

it('the telephone adaptation is found again from features that it was applied to', () => {
  const frames = 400;
  const noise = (n: number): number => (Math.sin(n * 12.9898) * 43758.5453) % 1;
  const wide = Float32Array.from({ length: frames * CEPSTRA }, (_, n) => noise(n));
  const telephone = wide.map((value, n) => 0.5 * value + (n % CEPSTRA === 0 ? 0.25 * (wide[n + 1] ?? 0) : 0));
  const fit = new MllrFit();
  fit.add(wide, telephone);
  const lines = fit.toFile().split('\n');
  expect(lines.slice(0, 3)).toEqual(['1', '3', '13']);
  const first = (lines[3] ?? '').split(' ').map(Number);
  expect(first[0]).toBeCloseTo(0.5, 3);
  expect(first[1]).toBeCloseTo(0.25, 3);
});
