import { describe, expect, it } from 'vitest';
import { CallRegistry } from '../../src/telephony/call-registry.ts';

describe('CallRegistry', () => {
  it('tells calls of the same channel name on two servers apart', () => {
    const registry = new CallRegistry<string>();
    expect(registry.add({ server: 'a', channel: '1.1' }, 'first')).toBe(true);
    expect(registry.add({ server: 'b', channel: '1.1' }, 'second')).toBe(true);
    expect(registry.get({ server: 'b', channel: '1.1' })).toBe('second');
    expect([...registry.all()]).toEqual(['first', 'second']);
  });

  it('counts what goes on, per server and in all, and what there ever was', () => {
    const registry = new CallRegistry<number>();
    registry.add({ server: 'a', channel: '1' }, 1);
    registry.add({ server: 'a', channel: '2' }, 2);
    registry.add({ server: 'b', channel: '1' }, 3);
    expect(registry.remove({ server: 'a', channel: '1' })).toBe(true);
    expect([registry.count, registry.countOf('a'), registry.countOf('b'), registry.total]).toEqual([
      2, 1, 1, 3,
    ]);
  });

  it('keeps the first of two calls with one key, and removes a call once', () => {
    const registry = new CallRegistry<string>();
    const key = { server: 'a', channel: '1' };
    registry.add(key, 'first');
    expect(registry.add(key, 'second')).toBe(false);
    expect(registry.get(key)).toBe('first');
    expect(registry.remove(key)).toBe(true);
    expect(registry.remove(key)).toBe(false);
    expect(registry.count).toBe(0);
  });
});
