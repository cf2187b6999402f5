import { describe, expect, it } from 'vitest';
import { BoundedQueue } from '../../src/lib/queue.ts';

async function drain<T>(queue: BoundedQueue<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

describe('a bounded queue', () => {
  it('gives its items in order and ends when it is closed', async () => {
    const queue = new BoundedQueue<number>(3);
    queue.push(1);
    queue.push(2);
    queue.close();
    await expect(drain(queue)).resolves.toEqual([1, 2]);
  });

  it('refuses what it has no room for, and counts it', () => {
    const queue = new BoundedQueue<number>(1);
    expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, false, false]);
    expect(queue.dropped).toBe(2);
  });

  it('lets a sender wait for room, and loses nothing', async () => {
    const queue = new BoundedQueue<number>(1);
    const sent = (async () => {
      for (const item of [1, 2, 3]) await queue.send(item);
      queue.close();
    })();
    await expect(drain(queue)).resolves.toEqual([1, 2, 3]);
    await sent;
    expect(queue.dropped).toBe(0);
  });

  it('tells a waiting sender that it was closed', async () => {
    const queue = new BoundedQueue<number>(1);
    queue.push(1);
    const sent = queue.send(2);
    queue.close();
    await expect(sent).resolves.toBe(false);
  });

  it('throws away what is queued when told to', async () => {
    const queue = new BoundedQueue<number>(5);
    queue.push(1);
    queue.close({ discard: true });
    await expect(drain(queue)).resolves.toEqual([]);
  });
});
