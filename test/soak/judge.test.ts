import { seeded } from '../../src/providers/embedded/random.ts';
import { describe, expect, it } from 'vitest';
import type { SeenCall } from './callers.ts';
import { judge, outcomeOf, ratioOf, slopeOf } from './judge.ts';
import { planSoak, type PlannedCall } from './plan.ts';
import type { SoakRaw } from './raw.ts';
import type { HeldState } from './state.ts';

const SIZE = {
  seed: 3,
  timed: true,
  warmUp: 20,
  calls: 2000,
  atOnce: 10,
  faultEveryMs: 20_000,
  longestMs: 20_000,
};
const planned = (call: number): PlannedCall => ({
  ...{ call, extension: '510001', voice: 'ked', says: ['d-hours'], interrupts: false, talkMs: 12_000 },
});
/** Greeted after 0.9 s; asked until 4 s, and replied to 0.5 s later. */
const served = (call: number, replyMs = 500): SeenCall => {
  const at = 1_000_000 + 1000 * call;
  return {
    ...{ call, calledAt: at - 50, answeredAt: at, endedAt: at + 12_000 },
    heard: {
      ...{ call, packets: 590, lost: 0, longestGapMs: 60, longestGapAt: at, firstPacketAt: at + 60 },
      firstSpeechAt: at + 900,
      asked: [{ name: 'd-hours', endedAt: at + 4000, repliedAt: at + 4000 + replyMs, interrupting: false }],
    },
  };
};

describe('the plan of a soak', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(planSoak(SIZE)).toEqual(planSoak(SIZE));
    expect(planSoak({ ...SIZE, seed: 4 }).calls).not.toEqual(planSoak(SIZE).calls);
  });

  it('has every kind of fault, none of them in the tenths that are compared', () => {
    const { calls, faults, atOnce } = planSoak(SIZE);
    const lastsMs = calls.reduce((sum, { talkMs }) => sum + talkMs, 0) / atOnce;
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(5);
    for (const { atMs } of faults) {
      expect(atMs).toBeGreaterThan(0.1 * lastsMs);
      expect(atMs).toBeLessThan(0.9 * lastsMs);
    }
  });
});

describe('a call of a soak', () => {
  const fault = { kind: 'ari-away', from: 999_500, until: 1_002_000 } as const;
  const changed = (change: object, heard: object = {}): SeenCall => {
    const whole = served(0);
    return { ...whole, ...change, heard: { ...whole.heard!, ...heard } };
  };

  it('is served when they were greeted and replied to', () => {
    expect(outcomeOf(planned(0), served(0), [])).toBe('served');
  });

  it.each([
    ['was never answered', { answeredAt: undefined }, {}, /not answered/],
    [
      'was hung up on',
      { left: true, answeredAt: 1_010_000, endedAt: 1_016_000 },
      {},
      /hung up on after 6000/,
    ],
    ['heard nothing', {}, { firstSpeechAt: undefined, asked: [] }, /not greeted/],
    ['was greeted late', {}, { firstSpeechAt: 1_006_000 }, /not greeted/],
    [
      'got no reply',
      { endedAt: 1_013_000 },
      { asked: [{ name: '', endedAt: 1_004_000, interrupting: false }] },
      /not replied/,
    ],
    ['had no packets for long', {}, { longestGapMs: 2500 }, /no packet for 2500/],
  ])('has failed when the caller %s', (_, change, heard, why) => {
    const outcome = outcomeOf(planned(0), changed(change, heard), [fault]);
    expect(outcome).toMatchObject({ failed: expect.stringMatching(why) as string });
  });

  it('has not failed by being served late where nothing is timed', () => {
    const late = changed({}, { firstSpeechAt: 1_006_000, longestGapMs: 2500 });
    expect(outcomeOf(planned(0), late, [], false)).toBe('served');
    const left = changed({ left: true, answeredAt: 1_010_000, endedAt: 1_016_000 });
    expect(outcomeOf(planned(0), left, [], false)).toMatchObject({ failed: expect.any(String) as string });
  });

  it('is not a failure when they hang up before they could be greeted or replied to', () => {
    expect(
      outcomeOf(planned(0), changed({ endedAt: 1_000_400 }, { firstSpeechAt: undefined, asked: [] }), []),
    ).toBe('served');
  });

  it('is refused when the dialplan says so while a fault is, and only then', () => {
    const told = changed({ left: true, endedAt: 1_006_000 }, { asked: [] });
    expect(outcomeOf(planned(0), told, [fault])).toBe('refused');
    expect(outcomeOf(planned(0), told, [])).toMatchObject({ failed: expect.any(String) as string });
    const silent = changed({ left: true, endedAt: 1_006_000 }, { asked: [], firstSpeechAt: undefined });
    expect(outcomeOf(planned(0), silent, [fault])).toMatchObject({ failed: expect.any(String) as string });
  });
});

describe('a slope', () => {
  const noisy = (slope: number): { x: number; y: number }[] => {
    const random = seeded(7);
    return Array.from({ length: 400 }, (_, i) => ({
      x: i / 100,
      y: 500 + (slope * i) / 100 + 10 * random(),
    }));
  };

  it('that isn’t there has 0 in its interval, one that is there hasn’t', () => {
    const flat = slopeOf(noisy(0))!;
    expect(flat.low).toBeLessThan(0);
    expect(flat.high).toBeGreaterThan(0);
    const steep = slopeOf(noisy(8))!;
    expect(steep.low).toBeGreaterThan(2);
    expect(steep.estimate).toBeCloseTo(8, 0);
  });

  it('isn’t told of a few values', () => {
    expect(slopeOf(noisy(1).slice(0, 40))).toBeUndefined();
  });
});

describe('the ratio of two tenths', () => {
  const calls = (median: number): number[][] => {
    const random = seeded(median);
    return Array.from({ length: 60 }, () => [
      median * (0.8 + 0.4 * random()),
      median * (0.8 + 0.4 * random()),
    ]);
  };

  it('reaches 1 when they are alike, and lies above when the last one waits longer', () => {
    const alike = ratioOf(calls(500), calls(501))!;
    expect(alike.low).toBeLessThan(1);
    expect(alike.high).toBeGreaterThan(1);
    expect(ratioOf(calls(500), calls(700))!.low).toBeGreaterThan(1.2);
  });
});

describe('the verdict', () => {
  const state = (held: Partial<HeldState['held']> = {}): HeldState => ({
    ...{ at: 0, threads: [], descriptors: {} },
    held: {
      channels: 0,
      bridges: 0,
      sockets: 9,
      descriptors: 60,
      timers: 12,
      listeners: 80,
      threads: 6,
      ...held,
    },
  });
  const plan = planSoak(SIZE);
  const raw: SoakRaw = {
    ...{ about: {}, faults: [], complaints: '', before: state(), after: state() },
    plan: { ...plan, calls: plan.calls.map(({ call }) => planned(call)) },
    calls: plan.calls.map(({ call }) => served(call, 480 + (call % 40))),
    samples: Array.from({ length: 200 }, (_, i) => ({
      ...{ at: 2000 * i, calls: 2 * i, resident: 5e8 + 1e6 * (i % 7), heap: 6e7 + 1e5 * (i % 5) },
      ...{ agentMs: 0, asteriskMs: 0, busy: 0.5 },
    })),
  };
  const failed = (changed: Partial<SoakRaw>): string[] =>
    judge({ ...raw, ...changed }).lines.flatMap(({ name, holds }) => (holds === false ? [name] : []));

  it('holds when every line does', () => {
    const verdict = judge(raw);
    expect(verdict.lines.map(({ holds }) => holds)).not.toContain(undefined);
    expect(verdict).toMatchObject({ holds: true, failures: [] });
  });

  it('falls with one call in four hundred, one leaked channel, or one listener', () => {
    const lost = raw.calls.map((seen, index) => (index % 400 === 7 ? { call: seen.call } : seen));
    expect(failed({ calls: lost })).toEqual(['failed calls']);
    expect(failed({ after: state({ channels: 1 }) })).toEqual(['leaked channels']);
    expect(failed({ after: state({ listeners: 81 }) })).toEqual(['leaked listeners']);
    expect(failed({ after: state({ descriptors: 50 }) })).toEqual([]);
  });

  it('falls with memory that grows, and with replies that get slower', () => {
    const growing = raw.samples.map((sample, i) => ({ ...sample, resident: sample.resident + 2e4 * i }));
    expect(failed({ samples: growing })).toEqual(['resident memory, MB in 1,000 calls']);
    const slower = raw.calls.map((seen, i) => served(seen.call, 480 + i));
    expect(failed({ calls: slower })).toEqual(['reply latency, last tenth ÷ first']);
  });

  it('says nothing of memory and latency after a few calls', () => {
    const few = judge({
      ...raw,
      calls: raw.calls.map((seen, index) => (index < 40 ? seen : { call: seen.call })), // ended early
    });
    expect(few.lines.filter(({ holds }) => holds === undefined)).toHaveLength(3);
    expect(few.holds).toBe(true);
  });
});
