import { describe, expect, it } from 'vitest';
import { counterCells, createCounters, SharedCounters } from '../../src/gateways/shared-counters.ts';

const CELLS = counterCells(['apples', 'pears', 'plums']);

describe('counters in shared memory', () => {
  it('begin at nothing, and are told by their names', () => {
    const counters = new SharedCounters(CELLS, createCounters(CELLS));
    expect(counters.read()).toEqual({ apples: 0, pears: 0, plums: 0 });
    counters.add(CELLS.pears);
    counters.add(CELLS.plums, 2.5);
    counters.add(CELLS.plums);
    expect(counters.read()).toEqual({ apples: 0, pears: 1, plums: 3.5 });
    expect(counters.get('plums')).toBe(3.5);
  });

  it('are the same to whoever has the memory, and stay when their writer is gone', () => {
    const handle = createCounters(CELLS);
    new SharedCounters(CELLS, handle).add(CELLS.apples, 2 ** 40);
    const heir = new SharedCounters(CELLS, structuredClone(handle));
    heir.add(CELLS.apples);
    expect(new SharedCounters(CELLS, handle).read().apples).toBe(2 ** 40 + 1);
  });
});
