import { describe, expect, it } from 'vitest';
import { keptFor } from '../../src/lib/kept-for.ts';

describe('what is kept for a key', () => {
  it('is made when it is first asked for, and once, whatever it is', () => {
    const made: (string | undefined)[] = [];
    const lengthOf = keptFor((key: string | undefined) => {
      made.push(key);
      return key?.length;
    });
    expect(made).toEqual([]);
    expect([lengthOf('two'), lengthOf(undefined), lengthOf('two'), lengthOf(undefined)]).toEqual([
      3,
      undefined,
      3,
      undefined,
    ]);
    expect(made).toEqual(['two', undefined]);
  });

  it('is made again if that failed', () => {
    let asked = 0;
    const second = keptFor((key: string) => {
      asked += 1;
      if (asked === 1) throw new Error('not yet');
      return key;
    });
    expect(() => second('a')).toThrow('not yet');
    expect(second('a')).toBe('a');
  });
});
