import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spokenWords, tokens } from '../../../src/providers/embedded/words.ts';

describe('the words of a sentence', () => {
  it.each([
    ["What's a check-up?", "what's a check up"],
    ['Open 24 hours, $95!', 'open twenty four hours dollars ninety five'],
    ['Rue de l’Église & 1,200', "rue de l'eglise and one thousand two hundred"],
    ['call 0207', 'call zero two zero seven'],
    ["'hello'", 'hello'],
    ['In 1999, for $3.50', 'in nineteen ninety nine for dollars three fifty'],
    ['3.5 hours, from 9.30', 'three point five hours from nine thirty'],
  ])('%s is said "%s"', (text, said) => {
    expect(spokenWords(text).join(' ')).toBe(said);
  });

  it('are letters and apostrophes, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) =>
        spokenWords(text).every((word) => /^[a-z']+$/.test(word)),
      ),
    );
  });
});

it('tokens are words and numbers as they stand, without signs, accents and quotation marks', () => {
  expect(tokens("“Crêpes & Café”, 'til 9:30 – it’s £5!")).toEqual("crepes cafe til 9 30 it's 5".split(' '));
});
