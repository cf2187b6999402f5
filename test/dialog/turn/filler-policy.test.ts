import { expect, it } from 'vitest';
import { fillersAfter } from '../../../src/dialog/turn/filler-policy.ts';

it.each([
  [0, 2000, 'words'],
  [1, 4000, 'tone'],
  [2, 4000, 'tone'],
  [9, 4000, 'tone'],
] as const)('a caller who waits and has had %i signs gets one after %i ms: %s', (given, afterMs, sign) => {
  expect(fillersAfter(2000, 4000).next(given)).toEqual({ afterMs, sign });
});
