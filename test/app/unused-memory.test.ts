import { describe, expect, it } from 'vitest';
import { UnusedMemory } from '../../src/app/unused-memory.ts';
import { ManualClock } from '../support/manual-clock.ts';

function withCalls(calls = 0) {
  const clock = new ManualClock();
  const done: string[] = [];
  const state = { calls };
  const memory = new UnusedMemory({
    clock,
    isIdle: () => state.calls === 0,
    collect: (what) => done.push(what),
    trim: () => {
      done.push('trimmed');
      return Promise.resolve();
    },
  });
  return { clock, done, state, memory };
}

describe('Unused memory', () => {
  it('goes after the start, when nobody has called for a while', async () => {
    const { memory, clock, done } = withCalls();
    memory.prepared();
    await clock.advance(4999);
    expect(done).toEqual([]);
    await clock.advance(1);
    expect(done).toEqual(['prepared', 'trimmed']);
  });

  it('stays where a call has come already, which nothing holds up, and goes after that', async () => {
    const { memory, clock, done, state } = withCalls(1);
    memory.prepared();
    await clock.advance(5000);
    expect(done).toEqual([]);
    state.calls = 0;
    memory.afterCall();
    await clock.advance(5000);
    expect(done).toEqual(['prepared', 'trimmed']);
  });

  it('goes once when the last of several calls has been over for a while', async () => {
    const { memory, clock, done, state } = withCalls(2);
    for (const left of [1, 0]) {
      state.calls = left;
      await clock.advance(3000);
      memory.afterCall();
    }
    await clock.advance(4999);
    expect(done).toEqual([]);
    await clock.advance(1);
    expect(done).toEqual(['prepared', 'trimmed']);
    await clock.advance(60_000);
    expect(done).toEqual(['prepared', 'trimmed']);
  });

  it('stays while another call runs, and goes after that', async () => {
    const { memory, clock, done, state } = withCalls(1);
    memory.afterCall();
    await clock.advance(5000);
    expect(done).toEqual([]);
    state.calls = 0;
    memory.afterCall();
    await clock.advance(5000);
    expect(done).toEqual(['prepared', 'trimmed']);
  });

  it('is what the calls alone have left, once what was compiled for the start is gone', async () => {
    const { memory, clock, done } = withCalls();
    memory.prepared();
    await clock.advance(5000);
    memory.afterCall();
    await clock.advance(5000);
    expect(done).toEqual(['prepared', 'trimmed', 'calls', 'trimmed']);
  });

  it('stays when the program ends meanwhile', async () => {
    const { memory, clock, done } = withCalls();
    memory.afterCall();
    memory.close();
    memory.afterCall();
    memory.prepared();
    await clock.advance(10_000);
    expect(done).toEqual([]);
  });
});
