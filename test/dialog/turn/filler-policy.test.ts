import { expect, it } from 'vitest';
import { fillersAfter } from '../../../src/dialog/turn/filler-policy.ts';

it.each([
  [0, 2000, 'words'],
  [1, 4000, 'tone'],
  [2, 4000, 'tone'],
  [9, 4000, 'tone'],
] as const)('a caller who waits and has had %i fillers gets one after %i ms: %s', (given, afterMs, kind) => {
  expect(fillersAfter(2000, 4000).next(given)).toEqual({ afterMs, kind });
});

it.each([
  ['a second after their last sound', {}, 1000],
  ['not before an answer can be there, after a long pause', { certainAt: 1500 }, 2000],
  ['not in front of an answer whose first words the voice has', { nearAt: 950 }, 1250],
  ['at once, if the voice has had them for long', { nearAt: 500 }, 1000],
  ['in time, if the end was certain soon', { certainAt: 300 }, 1000],
])('a caller who waits gets the first filler %s', (_name, wait, at) => {
  expect(fillersAfter(1000, 1440).firstAt({ lastAt: 0, certainAt: 500, ...wait })).toBe(at);
});

it('can be a tone from the beginning', () => {
  expect(fillersAfter(1000, 1440, 'tone').next(0)).toEqual({ afterMs: 1000, kind: 'tone' });
});
