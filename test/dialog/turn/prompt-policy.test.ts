import { expect, it } from 'vitest';
import { promptsAfter } from '../../../src/dialog/turn/prompt-policy.ts';

it.each([
  [2, 0, 'stillThere'],
  [2, 1, 'stillThere'],
  [2, 2, 'silenceGoodbye'],
  [0, 0, 'silenceGoodbye'],
] as const)('who may be asked %i times, and was %i times, is told: %s', (silencePrompts, asked, say) => {
  expect(promptsAfter({ silenceMs: 7000, silencePrompts }).next(asked)).toEqual({ afterMs: 7000, say });
});
