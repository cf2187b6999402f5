import { describe, expect, it } from 'vitest';
import { PeerTable } from '../../../src/gateways/rtp/peer-table.ts';

describe('peer table', () => {
  it('finds a peer by exactly its address and port', () => {
    const table = new PeerTable<string>();
    table.attach('10.0.0.1', 4000, 'a', 0);
    table.attach('10.0.0.2', 4000, 'b', 0);
    table.attach('10.0.0.1', 4002, 'c', 0);
    expect(table.find('10.0.0.1', 4000)?.session).toBe('a');
    expect(table.find('10.0.0.2', 4000)?.session).toBe('b');
    expect(table.find('10.0.0.1', 4002)?.session).toBe('c');
    expect(table.find('10.0.0.3', 4000)).toBeUndefined();
    expect(table.find('10.0.0.2', 4002)).toBeUndefined();
  });

  it('knows a released peer for a while, without its session, and then forgets it', () => {
    const table = new PeerTable<string>();
    table.release(table.attach('10.0.0.1', 4000, 'a', 0), 1000);
    expect(table.find('10.0.0.1', 4000)).toMatchObject({ session: undefined });
    table.attach('10.0.0.9', 9, 'other', 2999);
    expect(table.find('10.0.0.1', 4000)).toBeDefined();
    table.attach('10.0.0.9', 11, 'other', 3000);
    expect(table.find('10.0.0.1', 4000)).toBeUndefined();
    expect(table.size).toBe(2);
  });

  it('refuses the stream of the call before to the call that gets its port', () => {
    const table = new PeerTable<string>();
    const first = table.attach('10.0.0.1', 4000, 'first', 0);
    first.ssrc = 0xabc;
    table.release(first, 1000);
    const second = table.attach('10.0.0.1', 4000, 'second', 1100);
    expect(second).toMatchObject({
      session: 'second',
      ssrc: -1,
      quarantinedSsrc: 0xabc,
      quarantinedUntil: 3000,
    });
    expect(table.size).toBe(1);
    table.attach('10.0.0.9', 9, 'other', 9000);
    expect(table.find('10.0.0.1', 4000)?.session).toBe('second');
  });

  it('gives a peer to the one who attaches last', () => {
    const table = new PeerTable<string>();
    table.attach('10.0.0.1', 4000, 'a', 0);
    table.attach('10.0.0.1', 4000, 'b', 10);
    expect(table.find('10.0.0.1', 4000)?.session).toBe('b');
    expect(table.size).toBe(1);
  });

  it('removes one of several addresses with the same port', () => {
    const table = new PeerTable<string>();
    const peers = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) =>
      table.attach(address, 4000, address, 0),
    );
    table.release(peers[1]!, 0);
    table.attach('10.0.0.9', 9, 'other', 5000);
    expect(table.find('10.0.0.2', 4000)).toBeUndefined();
    expect(table.find('10.0.0.1', 4000)?.session).toBe('10.0.0.1');
    expect(table.find('10.0.0.3', 4000)?.session).toBe('10.0.0.3');
  });
});
