import { describe, expect, it } from 'vitest';
import { createRateLimit } from '../../../src/gateways/vonage/rate-limit.ts';

describe('a rate limit', () => {
  const admitted = (limit: ReturnType<typeof createRateLimit>, tries: number, now: number): number =>
    Array.from({ length: tries }, () => limit.admit(now)).filter(Boolean).length;

  it('admits a burst, and then so many a second', () => {
    const limit = createRateLimit(50, 100);
    expect(admitted(limit, 200, 1000)).toBe(100);
    expect(admitted(limit, 200, 1019)).toBe(0);
    expect(admitted(limit, 200, 1020)).toBe(1);
    expect(admitted(limit, 200, 2020)).toBe(50);
  });

  it('saves up no more than the burst', () => {
    const limit = createRateLimit(50, 100);
    expect(limit.admit(0)).toBe(true);
    expect(admitted(limit, 200, 1e9)).toBe(100);
  });
});
