import { describe, expect, it } from 'vitest';
import {
  fullness,
  isWithheld,
  refusalFor,
  type AdmissionLimits,
  type Load,
  type Refusal,
} from '../../../src/dialog/call/admission-policy.ts';

const LIMITS: Required<AdmissionLimits> = {
  maxCalls: 10,
  maxCallsPerCaller: 2,
  callsPerMinute: 30,
  maxEventLoopDelayMs: 250,
  maxMediaLatenessMs: 40,
};
/** As much as one more call may find. */
const FULL: Load = {
  calls: 9,
  callsOfCaller: 1,
  callsInLastMinute: 29,
  eventLoopDelayMs: 250,
  mediaLatenessMs: 40,
  goesOn: false,
};
/** A step more than that. */
const STEPS: readonly (readonly [Partial<Load>, keyof AdmissionLimits, Refusal])[] = [
  [{ calls: 10 }, 'maxCalls', 'busy'],
  [{ callsOfCaller: 2 }, 'maxCallsPerCaller', 'caller-limit'],
  [{ callsInLastMinute: 30 }, 'callsPerMinute', 'minute-limit'],
  [{ eventLoopDelayMs: 250.1 }, 'maxEventLoopDelayMs', 'main-thread-late'],
  [{ mediaLatenessMs: 40.1 }, 'maxMediaLatenessMs', 'media-late'],
];

describe('whether one more call is taken', () => {
  it('is taken up to each limit', () => {
    expect(refusalFor(FULL, LIMITS)).toBeUndefined();
  });

  it.each(STEPS)('%j is beyond %s: %s', (more, limit, reason) => {
    expect(refusalFor({ ...FULL, ...more }, LIMITS)).toBe(reason);
    const without = { ...LIMITS, [limit]: limit === 'maxCalls' ? 11 : undefined };
    expect(refusalFor({ ...FULL, ...more }, without)).toBeUndefined();
  });

  it('lets a caller of an earlier run go on as long as there is a line', () => {
    const reasons = STEPS.map(([more]) => refusalFor({ ...FULL, ...more, goesOn: true }, LIMITS));
    expect(reasons).toEqual(['busy', undefined, undefined, undefined, undefined]);
  });
});

describe('how full a program is', () => {
  const IDLE: Load = { ...FULL, calls: 0, eventLoopDelayMs: 0, mediaLatenessMs: 0 };

  it.each<[Partial<Load>, number]>([
    [{}, 0],
    [{ calls: 5 }, 0.5],
    [{ calls: 5, eventLoopDelayMs: 200 }, 0.8],
    [{ calls: 5, mediaLatenessMs: 30 }, 0.75],
    [{ calls: 12 }, 1],
  ])('with %j: %d', (load, expected) => {
    expect(fullness({ ...IDLE, ...load }, LIMITS)).toBe(expected);
    // What has no limit doesn't count.
    expect(fullness({ ...IDLE, ...load }, { maxCalls: 10 })).toBe(Math.min(1, (load.calls ?? 0) / 10));
  });
});

describe('a number that is withheld', () => {
  it.each(['', 'anonymous', 'Anonymous', 'UNKNOWN', 'Restricted', ' private '])('may be "%s"', (number) => {
    expect(isWithheld(number)).toBe(true);
  });

  it.each(['1001', '+493012345', 'alice', '0'])('isn’t "%s"', (number) => {
    expect(isWithheld(number)).toBe(false);
  });
});
