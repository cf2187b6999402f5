import { describe, expect, it } from 'vitest';
import {
  cardinal,
  decimal,
  digitByDigit,
  ordinal,
  year,
} from '../../../src/providers/embedded/number-words.ts';

describe('number words', () => {
  it.each([
    [0, 'zero'],
    [13, 'thirteen'],
    [40, 'forty'],
    [99, 'ninety nine'],
    [100, 'one hundred'],
    [101, 'one hundred and one'],
    [1001, 'one thousand and one'],
    [12_345, 'twelve thousand three hundred and forty five'],
    [1_000_000, 'one million'],
    [1_000_000_007, 'one billion and seven'],
    [1e12, 'one zero zero zero zero zero zero zero zero zero zero zero zero'],
  ])('%i: %s', (value, words) => {
    expect(cardinal(value)).toBe(words);
  });

  it.each([
    [1, 'first'],
    [2, 'second'],
    [3, 'third'],
    [5, 'fifth'],
    [8, 'eighth'],
    [12, 'twelfth'],
    [20, 'twentieth'],
    [31, 'thirty first'],
    [100, 'one hundredth'],
  ])('%i is the %s', (value, words) => {
    expect(ordinal(value)).toBe(words);
  });

  it.each([
    [1999, 'nineteen ninety nine'],
    [1900, 'nineteen hundred'],
    [2000, 'two thousand'],
    [2010, 'twenty ten'],
  ])('the year %i: %s', (value, words) => {
    expect(year(value)).toBe(words);
  });

  it('reads decimals and single digits', () => {
    expect(decimal('1,234.05')).toBe('one thousand two hundred and thirty four point zero five');
    expect(digitByDigit('4-0 7')).toBe('four zero seven');
  });
});
