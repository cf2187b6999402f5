/** What the nodes of a fleet share, in a real PostgreSQL. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { FleetState } from '../../../src/store/postgres/fleet-state.ts';
import { PostgresServer } from '../../support/postgres.ts';

let server: PostgresServer;
let database: string;
let state: FleetState;

const onWarning = (): void => undefined;

beforeAll(async () => {
  server = await PostgresServer.start();
  const url = await server.database();
  database = new URL(url).pathname.slice(1);
  // Brings the tables.
  await (await openDatabase({ place: { kind: 'postgres', url }, onWarning })).close();
  state = new FleetState(url, onWarning);
});
afterAll(async () => {
  await state.close();
  await server.stop();
});
beforeEach(() => server.query(database, 'delete from fleet_nodes; delete from fleet_calls'));

const me = (node: string) => {
  return { node, run: `${node}:1`, state: 'running', calls: 2, maxCalls: 50, unreachable: [] } as const;
};
const call = (channel: string, caller = '') => ({ server: 'north', channel, caller });
/** As a node that was killed: its last heartbeat lies so far back. */
const age = (node: string, ms: number): Promise<void> =>
  server.query(database, `update fleet_nodes set beat_at = beat_at - ${ms} where node = '${node}'`);
const long = (ms: number): Promise<void> =>
  server.query(database, `update fleet_calls set began_at = began_at - ${ms}`);

describe('The store of a fleet', () => {
  it('tells of all nodes how long ago they were last heard, by its own clock', async () => {
    await state.beat(me('a'));
    await age('a', 5000);
    await state.beat({ ...me('b'), state: 'draining', unreachable: ['north'] });
    const rows = await state.beat(me('c'));
    expect(rows.map(({ node }) => node).sort()).toEqual(['a', 'b']);
    const [a, b] = rows.toSorted((one, other) => (one.node < other.node ? -1 : 1));
    expect(a).toMatchObject(me('a'));
    expect(a?.ageMs).toBeGreaterThanOrEqual(5000);
    expect(a?.ageMs).toBeLessThan(15_000);
    expect(b).toMatchObject({ state: 'draining', unreachable: ['north'] });
    await state.leave('a', 'an earlier run');
    await state.leave('b', 'b:1');
    expect((await state.beat(me('c'))).map(({ node }) => node).sort()).toEqual(['a', 'c']);
  });

  it('lets one of several nodes have the call of a dead one, known or not, with a token that grows', async () => {
    const [kept] = await state.keep('a', 'a:1', [call('1')]);
    expect(kept).toEqual({ server: 'north', channel: '1', token: 1 });
    for (const channel of ['1', 'nobody told of']) {
      const won = await Promise.all(
        ['b', 'c', 'd', 'e'].map((node) => state.acquire(call(channel), 'a', node, `${node}:1`)),
      );
      const token = channel === '1' ? 2 : 1;
      expect(won.filter((one) => one !== undefined)).toEqual([token]);
    }
  });

  it('gives away no call of a node that is heard, unless that says that it can’t reach the Asterisk', async () => {
    await state.keep('a', 'a:1', [call('1')]);
    await state.beat({ ...me('a'), unreachable: ['south'] });
    expect(await state.acquire(call('1'), 'a', 'b', 'b:1')).toBeUndefined();
    expect(await state.acquire(call('nobody told of'), 'a', 'b', 'b:1')).toBeUndefined();
    await age('a', 601);
    expect(await state.acquire(call('1'), 'a', 'b', 'b:1')).toBe(2);
    await state.beat({ ...me('a'), unreachable: ['north'] });
    expect(await state.acquire(call('nobody told of'), 'a', 'b', 'b:1')).toBe(1);
  });

  it('lets who comes back neither have nor end what it has lost', async () => {
    const [before] = await state.keep('a', 'a:1', [call('1')]);
    expect(await state.acquire(call('1'), 'a', 'b', 'b:1')).toBe(2);
    expect(await state.keep('a', 'a:1', [call('1')])).toEqual([]);
    await state.end('a', before ? [before] : []);
    expect(await state.keep('b', 'b:1', [call('1')])).toEqual([{ server: 'north', channel: '1', token: 3 }]);
    // A lease that has grown since isn't ended by an older token either, but by its own.
    await state.end('b', [{ ...call('1'), token: 2 }]);
    expect(await state.keep('b', 'b:1', [call('1')])).toMatchObject([{ token: 4 }]);
    await state.end('b', [{ ...call('1'), token: 4 }]);
    expect(await state.keep('a', 'a:1', [call('1')])).toMatchObject([{ token: 1 }]);
  });

  it('forgets what an earlier run of a node had when that is there again', async () => {
    await state.keep('a', 'a:1', [call('1')]);
    await state.keep('b', 'b:1', [call('2')]);
    await state.beat(me('a'));
    expect(await state.keep('a', 'a:1', [call('1')])).toMatchObject([{ token: 2 }]);
    await state.beat({ ...me('a'), run: 'a:2' });
    expect(await state.keep('c', 'c:1', [call('1'), call('2')])).toMatchObject([{ channel: '1', token: 1 }]);
  });

  it('gives a call that was won and not taken to another after three seconds', async () => {
    await state.keep('a', 'a:1', [call('1')]);
    expect(await state.acquire(call('1'), 'a', 'b', 'b:1')).toBe(2);
    expect(await state.acquire(call('1'), 'a', 'c', 'c:1')).toBeUndefined();
    await long(3001);
    expect(await state.acquire(call('1'), 'a', 'b', 'b:1')).toBeUndefined();
    expect(await state.acquire(call('1'), 'a', 'c', 'c:1')).toBe(3);
  });

  it('counts the calls of all and of a number, of nodes that are there', async () => {
    await state.beat(me('a'));
    await state.beat(me('b'));
    await state.keep('a', 'a:1', [call('1', '555'), call('2', '555'), call('3', '556')]);
    await state.keep('b', 'b:1', [call('4', '555')]);
    expect(await state.count('555')).toEqual({ all: 4, ofCaller: 3 });
    await age('b', 10_001);
    expect(await state.count('555')).toEqual({ all: 3, ofCaller: 2 });
    await state.release('a', 'south');
    expect(await state.count('555')).toEqual({ all: 3, ofCaller: 2 });
    await state.release('a', 'north');
    expect(await state.count('555')).toEqual({ all: 0, ofCaller: 0 });
  });

  it('is missed within two seconds when it is away, and answers again when it is back', async () => {
    await state.beat(me('a'));
    await server.pause();
    const at = performance.now();
    await expect(state.beat(me('a'))).rejects.toThrow();
    expect(performance.now() - at).toBeLessThan(4000);
    await server.resume();
    expect(await state.beat(me('a'))).toHaveLength(1);
  });
});
