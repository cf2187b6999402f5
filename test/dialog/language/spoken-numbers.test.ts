import { describe, expect, it } from 'vitest';
import { languageOf } from '../../../src/dialog/language/known-languages.ts';
import { SpokenNumbers } from '../../../src/dialog/language/spoken-numbers.ts';

function numbersIn(text: string, code: string): [string, number][] {
  return new SpokenNumbers(languageOf(code))
    .in(text)
    .map(({ from, to, digits }) => [text.slice(from, to), digits]);
}

describe('numbers in a text', () => {
  it.each<[string, string, [string, number][]]>([
    [
      'en',
      'it is 030 12, extension four two',
      [
        ['030 12', 5],
        ['four two', 2],
      ],
    ],
    ['en', 'four two uh seven', [['four two uh seven', 3]]],
    ['en', 'at 8:30', []],
    ['de', 'null drei einundzwanzig', [['null drei einundzwanzig', 4]]],
    ['de', 'ein Termin', []],
    ['zh', '号码是一三八', [['一三八', 3]]],
    ['ja', '番号は三四です', [['三四', 2]]],
    ['xx', 'four 5 6', [['5 6', 2]]],
  ])('%s: %s', (code, text, numbers) => {
    expect(numbersIn(text, code)).toEqual(numbers);
  });
});

describe('a number at the end of a text', () => {
  const atEnd = (text: string, code: string): boolean =>
    new SpokenNumbers(languageOf(code)).atEnd(text) !== undefined;
  it.each([
    ['en', 'five six', true],
    ['en', 'five six.', true],
    ['en', 'five six please', false],
    ['ja', '番号は一二三', true],
    ['ja', 'よろしく', false],
    ['th', 'เบอร์สามสี่', true],
  ])('%s: %s is one: %s', (code, text, is) => {
    expect(atEnd(text, code)).toBe(is);
  });
});
