import { describe, expect, it } from 'vitest';
import { rate } from '../../src/media/e-model.ts';

describe('the E-model', () => {
  it('has the opinion scores of G.107, table B.1', () => {
    expect(rate('ulaw', 0, 0).r).toBe(93.2);
    expect(rate('ulaw', 0, 0).mos).toBeCloseTo(4.41, 2);
    // So much loss as makes these ratings of G.711 with concealment.
    for (const [lost, r, mos] of [
      [0.040504, 80, 4.03],
      [0.081103, 70, 3.6],
      [0.134841, 60, 3.1],
      [0.209328, 50, 2.58],
    ] as const) {
      const rating = rate('alaw', 50, lost);
      expect(rating.r).toBeCloseTo(r, 2);
      expect(Math.abs(rating.mos - mos)).toBeLessThan(0.01);
    }
    expect(rate('ulaw', 5000, 1)).toEqual({ r: 0, mos: 1 });
  });

  it('notices delay from 100 ms on, and ever more', () => {
    expect(rate('ulaw', 100, 0).r).toBe(93.2);
    const ratings = [101, 150, 200, 300, 400, 800].map((delay) => rate('ulaw', delay, 0).r);
    expect(ratings).toEqual(ratings.toSorted((a, b) => b - a));
    expect(new Set(ratings).size).toBe(ratings.length);
    // Figure 2 of G.114: about 300 ms are where the first users are dissatisfied (R 80).
    expect(rate('ulaw', 300, 0).r).toBeGreaterThan(78);
    expect(rate('ulaw', 300, 0).r).toBeLessThan(85);
  });

  it('rates wideband on its own scale, above any narrowband', () => {
    expect(rate('g722', 0, 0).r).toBe(116);
    expect(rate('g722', 0, 0).mos).toBeCloseTo(4.34, 2);
    expect(rate('g722', 0, 0.02).r).toBeLessThan(rate('g722', 0, 0.01).r);
  });
});
