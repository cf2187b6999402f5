import { describe, expect, it } from 'vitest';
import { heardWords, wordPlaces } from '../../src/providers/word-places.ts';

const frameAt = (seconds: number): number => Math.round(seconds * 50);
const word = (text: string, start: number, end = start + 0.1) => ({ word: text, start, end });

describe('places of words', () => {
  it('are those of the words that a provider tells, however it cuts and writes them', () => {
    const words = [word('My', 0), word('pin', 0.2), word('is', 0.4), word('twenty', 0.6), word('-five', 0.8)];
    expect(wordPlaces('My PIN is “twenty-five”.', words, frameAt)).toEqual([
      { frame: -10, toFrame: 15 },
      { frame: 0, toFrame: 25 },
      { frame: 10, toFrame: 35 },
      { frame: 20, toFrame: 55 },
    ]);
    expect(wordPlaces('one – two', [word('one', 0), word('two', 1)], frameAt)).toHaveLength(3);
  });

  it('are unknown if the words aren’t the text’s, or have no sensible times', () => {
    expect(wordPlaces('four two', [word('four', 0)], frameAt)).toBeUndefined();
    expect(wordPlaces('four two', [word('four', 1), word('two', 0)], frameAt)).toBeUndefined();
    expect(wordPlaces('four two', [], frameAt)).toBeUndefined();
    expect(wordPlaces('four', [word('four', 2, 1)], frameAt)).toBeUndefined();
  });

  it('are read row by row, or column by column, and what is no word is left out', () => {
    const columns = { words: ['four', 'two'], start: [0, 1], end: [0.5, 1.5] };
    expect(heardWords([columns, word('x', 2), { word: 1, start: 0, end: 0 }, null])).toEqual([
      word('four', 0, 0.5),
      word('two', 1, 1.5),
      word('x', 2),
    ]);
    expect(heardWords('no list')).toEqual([]);
  });
});
