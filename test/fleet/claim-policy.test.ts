import { describe, expect, it } from 'vitest';
import {
  claimVerdict,
  LONGEST_DELAY_MS,
  type FleetLimits,
  type Standing,
} from '../../src/fleet/claim-policy.ts';

const delay = (fullness: number): number => {
  const verdict = claimVerdict({ fullness }, {});
  return verdict.claim ? verdict.afterMs : NaN;
};

describe('An offered call', () => {
  it('is claimed at once by who has nothing to do, and after 80 ms by who is full', () => {
    expect([0, 0.25, 1, 1.5].map(delay)).toEqual([0, 40, 80, 80]);
  });

  it('is claimed later for each call more, noticeably where there are few', () => {
    for (const room of [8, 50, 1000]) {
      const delays = Array.from({ length: room }, (_, calls) => delay(calls / room));
      expect(delays).toEqual(delays.toSorted((a, b) => a - b));
      expect(new Set(delays).size).toBe(room);
      // The twentieth call: more than the network's jitter in sum with the others before it.
      expect((delays[Math.min(20, room - 1)] ?? 0) - (delays[0] ?? 0)).toBeGreaterThan(10);
      expect(Math.max(...delays)).toBeLessThan(LONGEST_DELAY_MS);
    }
  });

  it('is claimed the later the further somebody is ahead of the least busy, and never later than after 80 ms', () => {
    const delays = [-3, 0, 1, 2, 8, 1000].map((ahead) => {
      const verdict = claimVerdict({ fullness: 0.1, ahead, lot: 1 }, {});
      return verdict.claim ? Math.round(verdict.afterMs) : NaN;
    });
    expect(delays).toEqual([5, 5, 13, 20, 43, 79]);
  });

  it('is claimed by any of equals first, as they draw', () => {
    const first = (): number => {
      const drawn = Array.from({ length: 3 }, () =>
        claimVerdict({ fullness: 0.5, ahead: 0, lot: Math.random() }, {}),
      );
      const delays = drawn.map((verdict) => (verdict.claim ? verdict.afterMs : NaN));
      return delays.indexOf(Math.min(...delays));
    };
    expect(new Set(Array.from({ length: 200 }, first)).size).toBe(3);
  });

  it('is left to others by a machine that is notably late, and not by one that is a little', () => {
    const delays = [0.4, 0.5, 0.75, 1].map((lateness) => {
      const verdict = claimVerdict({ fullness: lateness, lateness, ahead: 0 }, {});
      return verdict.claim ? verdict.afterMs : NaN;
    });
    expect(delays).toEqual([0, 0, 40, 80]);
  });

  it.each<[string, Standing, FleetLimits, string | undefined]>([
    ['who is full', { fullness: 1, refusal: 'busy' }, {}, 'busy'],
    ['who is being drained', { fullness: 0, refusal: 'draining' }, {}, 'draining'],
    ['who is late', { fullness: 0.1, refusal: 'media-late' }, {}, 'media-late'],
    ['whose number it isn’t', { fullness: 0, refusal: 'unknown-extension' }, {}, 'unknown-extension'],
    ['anybody while the fleet is full', { fullness: 0, callsOfFleet: 90 }, { maxCalls: 90 }, 'fleet-limit'],
    ['somebody while it isn’t', { fullness: 0, callsOfFleet: 89 }, { maxCalls: 90 }, undefined],
    [
      'anybody for a caller with enough calls',
      { fullness: 0, callsOfCaller: 3 },
      { maxCallsPerCaller: 3 },
      'fleet-caller-limit',
    ],
    [
      'somebody for a caller with one less',
      { fullness: 0, callsOfCaller: 2 },
      { maxCallsPerCaller: 3 },
      undefined,
    ],
    [
      'somebody while the store doesn’t tell',
      { fullness: 0 },
      { maxCalls: 1, maxCallsPerCaller: 1 },
      undefined,
    ],
    [
      'who has a reason of its own, which is told first',
      { fullness: 1, refusal: 'busy', callsOfFleet: 9 },
      { maxCalls: 9 },
      'busy',
    ],
  ])('is claimed or not: by %s', (_, standing, limits, reason) => {
    const verdict = claimVerdict(standing, limits);
    expect(verdict.claim ? undefined : verdict.reason).toBe(reason);
  });
});
