import { expect, it } from 'vitest';
import { evenness } from '../../src/media/evenness.ts';

/** Levels of 20 ms each: bursts, loud for a moment and then ever softer, that begin at these frames. */
const bursts = (starts: readonly number[], frames = 40): number[] =>
  Array.from({ length: frames }, (_none, frame) => {
    const since = Math.min(...starts.filter((start) => start <= frame).map((start) => frame - start));
    return -20 - 4 * since;
  });

it.each([
  ['every 180 ms', [0, 9, 18, 27, 36]],
  ['every 210 ms, which is no multiple of a frame', [0, 10, 21, 31]],
  ['every 240 ms', [0, 12, 24, 36]],
])('a laugh of bursts %s is even', (_of, starts) => {
  expect(evenness(bursts(starts))).toBeGreaterThan(0.84);
});

it.each([
  ['syllables of other lengths', bursts([0, 6, 20, 27, 35])],
  ['one long fall', bursts([0])],
  ['a tone', new Array<number>(40).fill(-20)],
  ['silence', new Array<number>(40).fill(-127)],
  ['bursts that come too slowly for a laugh', bursts([0, 20])],
])('%s: not even', (_of, levels) => {
  expect(evenness(levels)).toBeLessThan(0.7);
});
