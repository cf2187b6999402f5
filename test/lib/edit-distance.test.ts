import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance } from '../../src/lib/edit-distance.ts';

describe('the edit distance', () => {
  it('counts what is missing, too much or wrong, in letters as in words', () => {
    expect(editDistance('alic', 'alice')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance(['open', 'on', 'monday'], ['closed', 'on', 'monday', 'please'])).toBe(2);
  });

  it('counts a swap of neighbours as one edit if that is asked for, else as two', () => {
    expect(editDistance('agnets', 'agents', { swaps: true })).toBe(1);
    expect(editDistance('agnets', 'agents')).toBe(2);
  });

  it.each([true, false])('is symmetrical, and zero only for the same word (swaps: %s)', (swaps) => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
        expect(editDistance(a, b, { swaps })).toBe(editDistance(b, a, { swaps }));
        expect(editDistance(a, b, { swaps }) === 0).toBe(a === b);
      }),
    );
  });
});
