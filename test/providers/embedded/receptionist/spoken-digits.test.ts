import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cardinal } from '../../../../src/providers/embedded/number-words.ts';
import { digitsIn, readDigits } from '../../../../src/providers/embedded/receptionist/spoken-digits.ts';
import { nameIn } from '../../../../src/providers/embedded/receptionist/caller-name.ts';

describe('digits in what a caller says', () => {
  it.each([
    ['oh seven seven double four', '07744'],
    ['zero one six three two', '01632'],
    ['triple nine one', '9991'],
    ['my number is five five five oh one four two', '5550142'],
    ['it is nine hundred one two three', '900123'],
    ['twenty one forty seven', '2147'],
    ['twenty oh five', '2005'],
    ['five to four', '524'],
    ['double oh seven', '007'],
    ['seven fifteen', '715'],
    ['call 0770 900 123', '0770900123'],
    ['i would like to leave a message for you', ''],
    ['oh i see', ''],
    ['', ''],
  ])('"%s" → %s', (text, digits) => {
    expect(digitsIn(text)).toBe(digits);
  });

  it('comes back as it was read out', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\d{1,15}$/), (digits) => {
        expect(digitsIn(readDigits(digits))).toBe(digits);
      }),
    );
  });

  it('never throws, and gives nothing but digits', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(digitsIn(text)).toMatch(/^\d*$/);
      }),
    );
  });
});

describe('numbers that are read out', () => {
  it('come in groups', () => {
    expect(readDigits('07744123456')).toBe('zero seven seven, four four one, two three four, five six');
    expect(readDigits('3168')).toBe('three one six eight');
  });

  it('are words up to ninety nine', () => {
    expect([0, 13, 20, 45, 99].map(cardinal)).toEqual([
      'zero',
      'thirteen',
      'twenty',
      'forty five',
      'ninety nine',
    ]);
  });
});

describe("a caller's name", () => {
  it.each([
    ['my name is john smith', 'John Smith'],
    ["it's mary", 'Mary'],
    ['peter evans speaking', 'Peter Evans'],
    ['yes this is doctor lee from the hospital', 'Doctor Lee'],
    ['smith s m i t h', 'Smith'],
    ['john smith s m i t h', 'John Smith'],
    ['jessica white', 'Jessica White'],
  ])('"%s" → %s', (text, name) => {
    expect(nameIn(text)?.name).toBe(name);
  });

  it.each(['yes', 'no that is wrong', 'i would like to know when you are open please', 'one two three'])(
    'there is none in "%s"',
    (text) => {
      expect(nameIn(text)).toBeUndefined();
    },
  );
});
