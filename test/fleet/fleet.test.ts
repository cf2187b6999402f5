import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CallInfo } from '../../src/dialog/contract/call-info.ts';
import type { FleetStore, Stranded } from '../../src/fleet/contract.ts';
import { Fleet, type FleetOptions } from '../../src/fleet/fleet.ts';
import type { NodeRow } from '../../src/fleet/liveness.ts';
import { ManualClock } from '../support/manual-clock.ts';

const OTHER: NodeRow = {
  ...{ node: 'b', run: 'b:1', state: 'running', calls: 2, maxCalls: 10, unreachable: [], ageMs: 0 },
};

function info(number: string): CallInfo {
  const key = { server: 'north', channel: `of ${number}` };
  return { key, direction: 'in', dialled: '510001', caller: { number, name: '' }, variables: {} };
}

/** A node `a` beside a node `b`, with what the store and Asterisk say, and what was done. */
function setUp(options: Partial<FleetOptions> = {}) {
  const clock = new ManualClock();
  const done: string[] = [];
  const world = {
    rows: [OTHER],
    sign: () => String(clock.now()),
    sound: () => '17',
    stranded: ['1', '2'],
    away: false,
    calls: 0,
  };
  const ask = <T>(value: T): Promise<T> =>
    world.away ? Promise.reject(new Error('away')) : Promise.resolve(value);
  const store: FleetStore = {
    beat: () => ask(world.rows),
    keep: () => ask([]),
    end: () => ask(undefined),
    acquire: ({ channel }) => ask(channel === 'of another' ? undefined : 2),
    release: (node, server) => {
      done.push(`release ${node} ${server}`);
      return ask(undefined);
    },
    count: () => ask({ all: 2 + world.calls, ofCaller: 2 }),
    leave: () => ask(undefined),
    close: () => Promise.resolve(),
  };
  const caller = (channel: string): Stranded => ({
    channel,
    withPerson: channel === 'with person',
    packets: () => Promise.resolve(world.sound()),
    take: () => {
      done.push(`take ${channel}`);
      world.stranded = world.stranded.filter((one) => one !== channel);
      return Promise.resolve(true);
    },
  });
  const fleet = new Fleet({
    ...{ node: 'a', run: 'a:1', maxCalls: 10, limits: {}, clock, store },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    said: (call) => Promise.resolve([{ role: 'caller', text: `in ${call}`, via: 'speech' }]),
    onTaken: (call, said) => {
      done.push(`${call}: ${said.map((one) => ('text' in one ? one.text : '')).join()}`);
    },
    ...options,
  });
  fleet.add({
    server: { name: 'north' },
    isReachable: () => true,
    neighbours: {
      lifeSign: () => Promise.resolve(world.sign()),
      callersOf: () => Promise.resolve(world.stranded.map(caller)),
      sweep: async (node, isDead) => {
        if (!(await isDead())) return false;
        done.push(`sweep ${node}`);
        return true;
      },
    },
    mark: () => Promise.resolve(),
  });
  const desk = {
    outlook: (_: CallInfo, expected: number) => {
      return { refusal: undefined, fullness: (world.calls + expected) / 10 };
    },
    get size() {
      return world.calls;
    },
  };
  return { clock, fleet, world, done, desk };
}

describe('A node of a fleet', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('claims the later the more it has, also of what it has won and is to come', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { fleet, desk, world } = setUp();
    world.away = true;
    expect(await fleet.consider(info('1'))).toEqual({ claim: false, reason: 'starting' });
    fleet.start(desk);
    world.calls = 1;
    const delays: number[] = [];
    const claims = [];
    for (const number of ['1', '2', '3']) {
      const claim = await fleet.consider(info(number));
      if (!claim.claim) throw new Error(claim.reason);
      delays.push(claim.afterMs());
      // What it only wants doesn't count yet.
      expect(claim.afterMs()).toBe(delays.at(-1));
      claim.won();
      claims.push(claim);
    }
    expect(delays.map((ms) => Math.round(ms))).toEqual([24, 34, 41]);
    for (const claim of claims) claim.over();
    expect(claims[0]?.afterMs()).toBe(delays[0]);
    await fleet.close();
  });

  it('waits for whoever has fewer calls, and not where it has the fewest', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { fleet, desk, world, clock } = setUp();
    fleet.start(desk);
    await clock.advance(100);
    const delays: number[] = [];
    for (const calls of [0, 2, 3, 4]) {
      world.calls = calls;
      const claim = await fleet.consider(info('1'));
      if (!claim.claim) throw new Error(claim.reason);
      delays.push(Math.round(claim.afterMs()));
      claim.over();
    }
    // The other one has two.
    expect(delays).toEqual([0, 0, 8, 15]);
    world.rows = [{ ...OTHER, state: 'draining' }];
    await clock.advance(500);
    const claim = await fleet.consider(info('1'));
    expect(claim.claim && claim.afterMs()).toBe(0);
    await fleet.close();
  });

  it('keeps to the limits of the whole fleet, and claims without them while the store is away', async () => {
    const limits = { maxCalls: 5, maxCallsPerCaller: 3 };
    const { fleet, desk, world, clock } = setUp({ limits });
    fleet.start(desk);
    await clock.advance(100);
    world.calls = 3;
    expect(await fleet.consider(info('1'))).toEqual({ claim: false, reason: 'fleet-limit' });
    world.calls = 0;
    expect(await fleet.consider(info('1'))).toMatchObject({ claim: true });
    // Two by the store, and one that is about to come.
    expect(await fleet.consider(info('1'))).toEqual({ claim: false, reason: 'fleet-caller-limit' });
    expect(await fleet.consider(info('anonymous'))).toMatchObject({ claim: true });
    world.away = true;
    expect(await fleet.consider(info('1'))).toMatchObject({ claim: true });
    await fleet.close();
  });

  it('takes over the callers of one that is neither heard in the store nor in Asterisk, and sweeps after it', async () => {
    const { fleet, desk, world, clock, done } = setUp();
    world.stranded = ['1', 'with person', 'of another'];
    fleet.start(desk);
    await clock.advance(3000);
    world.rows = [{ ...OTHER, ageMs: 5000 }];
    await clock.advance(2000);
    // It has only lost the store.
    expect(done).toEqual([]);
    world.sign = () => 'still';
    await clock.advance(2000);
    expect(done).toEqual(['north/1: in north/1', 'take 1']);
    world.stranded = [];
    await clock.advance(1000);
    expect(done.slice(2)).toEqual(['sweep b', 'release b north']);
    expect(fleet.stats.takeOvers).toMatchObject({ taken: 1, gone: 0, failed: 0 });
    await fleet.close();
  });

  it('waits for one whose callers still get sound, since only its main thread stands still, but not for ever', async () => {
    const { fleet, desk, world, clock, done } = setUp();
    fleet.start(desk);
    await clock.advance(3000);
    world.rows = [{ ...OTHER, ageMs: 5000 }];
    world.sign = () => 'still';
    world.sound = () => String(clock.now());
    await clock.advance(4500);
    expect(done).toEqual([]);
    await clock.advance(2000);
    expect(done.filter((one) => one.startsWith('take')).sort()).toEqual(['take 1', 'take 2']);
    await fleet.close();
  });

  it('lets a node keep its callers that comes back at the last moment', async () => {
    const clock = new ManualClock();
    const { fleet, desk, world, done } = setUp({
      clock,
      // It is heard of again while it is asked what was said in its calls.
      said: () => {
        world.sign = () => 'back';
        return Promise.resolve([]);
      },
    });
    fleet.start(desk);
    await clock.advance(3000);
    world.rows = [{ ...OTHER, ageMs: 5000 }];
    world.sign = () => 'still';
    await clock.advance(3000);
    expect(done).toEqual([]);
    expect(fleet.stats.takeOvers).toMatchObject({ taken: 0, back: 2 });
    await fleet.close();
  });

  it('takes nobody over who was away itself, nor just after the store was', async () => {
    const { fleet, desk, world, clock, done } = setUp();
    world.away = true;
    world.sign = () => 'still';
    fleet.start(desk);
    await clock.advance(5000);
    world.away = false;
    world.rows = [{ ...OTHER, ageMs: 5000 }];
    await clock.advance(2000);
    expect(done).toEqual([]);
    // The others have told of themselves meanwhile.
    world.rows = [OTHER];
    await clock.advance(3000);
    expect(done).toEqual([]);
    world.rows = [{ ...OTHER, ageMs: 5000 }];
    fleet.drain();
    await clock.advance(5000);
    expect(done).toEqual([]);
    await fleet.close();
  });

  it('takes over no more than it has room for', async () => {
    const { fleet, desk, world, clock, done } = setUp();
    world.calls = 10;
    world.sign = () => 'still';
    fleet.start(desk);
    await clock.advance(3000);
    world.rows = [{ ...OTHER, ageMs: 5000 }];
    await clock.advance(3000);
    expect(done).toEqual([]);
    world.calls = 8;
    await clock.advance(1000);
    expect(done.filter((one) => one.startsWith('take')).sort()).toEqual(['take 1', 'take 2']);
    await fleet.close();
  });
});
