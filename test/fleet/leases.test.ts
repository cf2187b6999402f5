import { describe, expect, it } from 'vitest';
import type { CallKey, Lease } from '../../src/fleet/contract.ts';
import { Leases } from '../../src/fleet/leases.ts';

/** A store with leases by their channel, whose owner another node may change. */
function memory() {
  const rows = new Map<string, { node: string; token: number }>();
  let away = false;
  const there = (): void => {
    if (away) throw new Error('away');
  };
  return {
    rows,
    goAway: (gone: boolean) => (away = gone),
    keep: (node: string, _run: string, leases: readonly Lease[]) =>
      Promise.resolve().then(() => {
        there();
        return leases.flatMap(({ server, channel }) => {
          const row = rows.get(channel);
          if (row && row.node !== node) return [];
          const token = (row?.token ?? 0) + 1;
          rows.set(channel, { node, token });
          return [{ server, channel, token }];
        });
      }),
    end: (node: string, leases: readonly (CallKey & { token: number })[]) =>
      Promise.resolve().then(() => {
        there();
        for (const { channel, token } of leases) {
          const row = rows.get(channel);
          if (row?.node === node && row.token === token) rows.delete(channel);
        }
      }),
  };
}

const lease = (channel: string, caller = ''): Lease => ({ server: 'north', channel, caller });

describe('The leases of a node', () => {
  it('are told to the store, and ended there', async () => {
    const [store, leases] = [memory(), new Leases('a', 'run')];
    leases.begin('north/1', lease('1'));
    leases.begin('north/2', lease('2'));
    await leases.flush(store);
    expect([...store.rows]).toEqual([
      ['1', { node: 'a', token: 1 }],
      ['2', { node: 'a', token: 1 }],
    ]);
    leases.end('north/1');
    await leases.flush(store);
    expect([...store.rows.keys()]).toEqual(['2']);
  });

  it('of a call that began and ended while the store was away leave nothing, and others come late', async () => {
    const [store, leases] = [memory(), new Leases('a', 'run')];
    store.goAway(true);
    leases.begin('north/1', lease('1', '555'));
    leases.begin('north/2', lease('2', '555'));
    expect(leases.untold).toEqual(['555', '555']);
    await expect(leases.flush(store)).rejects.toThrow('away');
    leases.end('north/1');
    store.goAway(false);
    await leases.flush(store);
    expect([...store.rows.keys()]).toEqual(['2']);
    expect(leases.untold).toEqual([]);
    store.goAway(true);
    leases.end('north/2');
    await expect(leases.flush(store)).rejects.toThrow('away');
    store.goAway(false);
    await leases.flush(store);
    expect(store.rows.size).toBe(0);
  });

  it('that another node has taken are not ended by who had them', async () => {
    const [store, leases] = [memory(), new Leases('a', 'run')];
    leases.begin('north/1', lease('1'));
    await leases.flush(store);
    store.rows.set('1', { node: 'b', token: 2 });
    leases.end('north/1');
    await leases.flush(store);
    expect(store.rows.get('1')).toEqual({ node: 'b', token: 2 });
    // Nor by an earlier visit of a call that has come back meanwhile.
    store.rows.set('1', { node: 'a', token: 3 });
    await leases.flush(store);
    expect(store.rows.get('1')).toEqual({ node: 'a', token: 3 });
  });

  it('of a call that ends while the store is being told of it are ended by the same', async () => {
    const [store, leases] = [memory(), new Leases('a', 'run')];
    leases.begin('north/1', lease('1'));
    const flushing = leases.flush(store);
    await Promise.resolve();
    leases.end('north/1');
    await flushing;
    await leases.flush(store);
    expect(store.rows.size).toBe(0);
  });
});
