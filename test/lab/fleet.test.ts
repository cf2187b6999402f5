import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ear } from '../../lab/fleet/ears.ts';
import { FleetReport, percentile } from '../../lab/fleet/report.ts';
import { fleetSettings, PARTS } from '../../lab/fleet/settings.ts';

describe('What make fleet is told', () => {
  it('is all parts, unless some are named; they come in their own order', () => {
    expect(fleetSettings({}).parts).toEqual(PARTS);
    expect(fleetSettings({ ONLY: 'node-killed,entry' }).parts).toEqual(['entry', 'node-killed']);
  });

  it.each([{ CALLS: '0' }, { CALLS: 'many' }, { NODES: '9' }, { ASTERISKS: '1.5' }])(
    'is refused in one sentence when it makes no sense: %o',
    (environment) => {
      const [name = ''] = Object.keys(environment);
      expect(() => fleetSettings(environment)).toThrow(
        new RegExp(`^${name}=.* must be a number from 1 to \\d+\\.$`),
      );
    },
  );

  it('names the parts that there are when one is misspelt', () => {
    expect(() => fleetSettings({ ONLY: 'spread,kill' })).toThrow(
      /^ONLY=kill is not known; it can be entry, spread, /,
    );
  });
});

describe('A caller’s ear', () => {
  const packet = (byte: number): Buffer => Buffer.alloc(12 + 160, byte);
  const [SILENCE, LOUD] = [0xff, 0x80];
  let now = 0;
  beforeEach(() => {
    now = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => now);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const heard = (...packets: readonly (readonly [at: number, byte: number])[]): Ear => {
    const ear = new Ear();
    for (const [at, byte] of packets) {
      now = at;
      ear.take(packet(byte));
    }
    return ear;
  };

  it('knows the longest time without a packet around an event, and to the end if none came any more', () => {
    const ear = heard([0, LOUD], [500, SILENCE], [520, SILENCE], [900, SILENCE], [920, SILENCE]);
    expect(ear.longestGapMs(510, 930)).toBe(380);
    expect(ear.longestGapMs(510, 2000)).toBe(1080);
    expect(ear.longestGapMs(100, 930)).toBe(500);
  });

  it('tells speech from silence', () => {
    const ear = heard([0, SILENCE], [20, LOUD], [40, SILENCE], [60, LOUD]);
    expect(heard([0, SILENCE]).spokenTo).toBe(false);
    expect(ear.spokenTo).toBe(true);
    expect([ear.spokenToAfter(21), ear.spokenToAfter(61)]).toEqual([60, undefined]);
  });
});

describe('The report', () => {
  it('fails when one line fails, and not for a line that is only told', () => {
    const report = new FleetReport(() => undefined, { times: true });
    report.tell('spread', 'calls', '60');
    report.judge('spread', 'cut', '0', '0', true);
    expect(report.passed).toBe(true);
    report.judge('spread', 'claimed twice', '1', '0', false);
    expect(report.passed).toBe(false);
    expect(report.table()).toMatch(/claimed twice +1 +0 +FAIL/);
  });

  it('judges times only where the machine is there for nothing else', () => {
    for (const times of [true, false]) {
      const report = new FleetReport(() => undefined, { times });
      report.measure('spread', 'max/mean', '1.75', '≤ 1.2', false);
      expect(report.passed).toBe(!times);
      expect(report.table()).toContain('1.75');
    }
  });

  it('has percentiles that are values', () => {
    expect([0.5, 0.99, 1].map((share) => percentile([30, 10, 20], share))).toEqual([20, 30, 30]);
    expect(percentile([], 0.5)).toBeNaN();
  });
});
