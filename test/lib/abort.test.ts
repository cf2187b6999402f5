import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it } from 'vitest';
import { onAbort, orAborted, RequestAbort, untilAborted, within } from '../../src/lib/abort.ts';
import { noUnhandledRejections } from '../support/leaks.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';

noUnhandledRejections();

let clock: ManualClock;
let parent: AbortController;

beforeEach(() => {
  clock = new ManualClock();
  parent = new AbortController();
});

function listeners(signal = parent.signal): number {
  return getEventListeners(signal, 'abort').length;
}

describe('whoever is told of an abort', () => {
  it('is told once, and listens no more', () => {
    let told = 0;
    onAbort(parent.signal, () => (told += 1));
    parent.abort();
    parent.abort();
    expect([told, listeners()]).toEqual([1, 0]);
  });

  it('is told at once if it has happened', () => {
    let told = 0;
    parent.abort();
    const withdraw = onAbort(parent.signal, () => (told += 1));
    withdraw();
    expect([told, listeners()]).toEqual([1, 0]);
  });

  it('isn’t told when they have withdrawn', () => {
    let told = 0;
    const withdraw = onAbort(parent.signal, () => (told += 1));
    withdraw();
    expect(listeners()).toBe(0);
    parent.abort();
    expect(told).toBe(0);
  });
});

describe('a request', () => {
  it('is aborted with its parent, for the same reason', () => {
    const request = new RequestAbort(parent.signal, clock);
    request.deadline(clock.now() + 100, () => new Error('late'));
    parent.abort('the call is over');
    expect(request.signal).toMatchObject({ aborted: true, reason: 'the call is over' });
    expect(request.missed).toBeUndefined();
    expect([listeners(), clock.pending]).toEqual([0, 0]);
  });

  it('is aborted from the beginning if its parent is, and waits for nothing', () => {
    parent.abort('the call is over');
    const request = new RequestAbort(parent.signal, clock);
    request.deadline(clock.now() + 100, () => new Error('late'));
    expect(request.signal).toMatchObject({ aborted: true, reason: 'the call is over' });
    expect([listeners(), clock.pending]).toEqual([0, 0]);
  });

  it('is aborted by the deadline that it has now, not by the one before', async () => {
    const request = new RequestAbort(parent.signal, clock);
    request.deadline(clock.now() + 100, () => new Error('no first byte'));
    await clock.advance(60);
    request.deadline(clock.now() + 100, () => new Error('no next byte'));
    await clock.advance(99);
    expect(request.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(request.signal.aborted).toBe(true);
    expect(request.missed?.message).toBe('no next byte');
    expect(parent.signal.aborted).toBe(false);
    expect([listeners(), clock.pending]).toEqual([0, 0]);
  });

  it('has no deadline when that is cleared, or lies at no time', async () => {
    const request = new RequestAbort(undefined, clock);
    request.deadline(clock.now() + 100, () => new Error('late'));
    request.clearDeadline();
    request.deadline(Infinity, () => new Error('late'));
    await clock.advance(1000);
    expect(request.signal.aborted).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('is detached from its parent when it is over, and isn’t aborted', () => {
    const request = new RequestAbort(parent.signal, clock);
    request.deadline(clock.now() + 100, () => new Error('late'));
    request.release();
    request.release();
    expect([listeners(), clock.pending]).toEqual([0, 0]);
    parent.abort();
    expect(request.signal.aborted).toBe(false);
  });

  it('leaves nothing with a call in which 20,000 others were made', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = async (): Promise<number> => {
      await settle();
      collect();
      return process.memoryUsage().heapUsed;
    };
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn++) {
        const request = new RequestAbort(parent.signal, clock);
        request.deadline(clock.now() + 100, () => new Error('late'));
        for await (const word of untilAborted(words('yes'), request.signal)) expect(word).toBe('yes');
        await orAborted(Promise.resolve(), parent.signal);
        if (turn % 2 === 0) request.abort();
        else request.release();
      }
    };
    await turns(2000);
    const before = await heap();
    await turns(20_000);
    const grown = (await heap()) - before;
    expect([listeners(), clock.pending]).toEqual([0, 0]);
    // 20,000 of anything would be more: the smallest object has 16 bytes, a signal some hundred.
    expect(grown).toBeLessThan(300_000);
  });
});

async function* words(...all: readonly string[]): AsyncGenerator<string> {
  for (const word of all) {
    await Promise.resolve();
    yield word;
  }
}

describe('what is waited for', () => {
  it('is waited for no longer than until the abort, however long it takes', async () => {
    const waiting = orAborted(new Promise(() => undefined), parent.signal);
    parent.abort();
    expect(await waiting).toBeUndefined();
    expect(listeners()).toBe(0);
  });

  it('may fail when nobody waits any more', async () => {
    parent.abort();
    expect(await orAborted(Promise.reject<string>(new Error('too late')), parent.signal)).toBeUndefined();
    await settle();
  });

  it('is what it is if it comes in time', async () => {
    expect(await orAborted(Promise.resolve('here'), parent.signal)).toBe('here');
    expect(await within(Promise.resolve('here'), 100, clock, () => 'late')).toBe('here');
    expect([listeners(), clock.pending]).toEqual([0, 0]);
  });

  it('is replaced, or missed with an error, if it doesn’t come in time', async () => {
    const never = new Promise<string>(() => undefined);
    const replaced = within(never, 100, clock, () => 'late');
    const missed = within(never, 100, clock, () => {
      throw new Error('late');
    });
    const failed = expect(missed).rejects.toThrow('late');
    await clock.advance(100);
    expect(await replaced).toBe('late');
    await failed;
  });
});

describe('a stream', () => {
  it('ends with the abort though its source doesn’t notice, and the source is told to end', async () => {
    let ended = false;
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: () => {
          ended = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
    const reading = untilAborted(source, parent.signal).next();
    await settle();
    parent.abort();
    expect(await reading).toEqual({ done: true, value: undefined });
    expect([ended, listeners()]).toEqual([true, 0]);
  });

  it('isn’t begun at all after the abort', async () => {
    parent.abort();
    let begun = false;
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => {
        begun = true;
        return words('never');
      },
    };
    expect(await untilAborted(source, parent.signal).next()).toEqual({ done: true, value: undefined });
    expect(begun).toBe(false);
  });
});
