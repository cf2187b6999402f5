import { describe, expect, it } from 'vitest';
import { keptTurns, redactionOf, type RedactionRules } from '../../src/store/redaction.ts';

function redact(text: string, language = 'en', rules: Partial<RedactionRules> = { digits: true }): string {
  return redactionOf({ digits: false, cards: false, patterns: [], ...rules })(text, 'said', language);
}

describe('redaction of digits', () => {
  it.each([
    ['en', 'my code is four two seven one', 'my code is • • • •'],
    ['en', 'My PIN is four, two... uh seven, Double One please', 'My PIN is •, •... • •, • • please'],
    ['en', 'call 030 123-4567, extension 12', 'call ••• •••-••••, extension 12'],
    ['en', 'customer A1234B', 'customer A••••B'],
    ['de', 'meine Nummer ist null drei null einundzwanzig', 'meine Nummer ist • • • •'],
    ['de', 'Es ist vierundzwanzig siebenundneunzig', 'Es ist • •'],
    ['fr', 'zéro six douze vingt', '• • • •'],
    ['es', 'mi clave es cuatro dos siete uno', 'mi clave es • • • •'],
    ['it', 'quattro due sette uno grazie', '• • • • grazie'],
    ['pt', 'quatro dois sete três', '• • • •'],
    ['nl', 'vier twee zeven negen', '• • • •'],
    ['pl', 'cztery dwa siedem jeden', '• • • •'],
    ['hi', 'मेरा पिन चार दो सात आठ है', 'मेरा पिन • • • • है'],
    ['zh', '我的密码是四二七一。', '我的密码是•。'],
    ['ja', '番号は四二七九です', '番号は•です'],
    ['th', 'รหัสสี่สองเจ็ดหนึ่งครับ', 'รหัส•ครับ'],
  ])('takes numbers out of %s: %s', (language, text, kept) => {
    expect(redact(text, language)).toBe(kept);
  });

  it.each([
    ['en', 'two people at three, or four'],
    ['en', 'we are open from 8:30 to 18:00'],
    ['en', 'I won for one to two weeks'],
    ['de', 'ein Termin für zwei Personen am 3. Mai'],
    ['xx', 'four two seven one'],
    ['zh', '我想预约一下明天的牙医'],
  ])('leaves quantities and times (%s): %s', (language, text) => {
    expect(redact(text, language)).toBe(text);
  });

  it('takes all keys', () => {
    expect(redactionOf({ digits: true, cards: false, patterns: [] })('12#', 'keyed', 'en')).toBe('••#');
  });
});

describe('redaction of cards', () => {
  const cards = { cards: true };
  it('takes out what has the check digit of a card, and nothing else that is long', () => {
    expect(redact('it is 4111 1111 1111 1111.', 'en', cards)).toBe('it is •••• •••• •••• ••••.');
    expect(redact('it is 378282246310005', 'en', cards)).toBe('it is •••••••••••••••');
    expect(redact('it is 4111 1111 1111 1112', 'en', cards)).toBe('it is 4111 1111 1111 1112');
    expect(redact('call 0301234567', 'en', cards)).toBe('call 0301234567');
    expect(
      redactionOf({ digits: false, patterns: [], ...cards })('4111111111111111', 'keyed', 'en'),
    ).not.toMatch(/\d/);
  });

  it('takes out one that was spoken', () => {
    const card = 'four one one one one one one one one one one one one one one one';
    expect(redact(card, 'en', cards)).not.toMatch(/one/);
    expect(redact('four one one one', 'en', cards)).toBe('four one one one');
  });
});

describe('redaction of patterns', () => {
  it('takes out what matches, whatever its case', () => {
    expect(redact('mail Ada@Example.com now', 'en', { patterns: ['\\S+@\\S+'] })).toBe('mail • now');
    expect(redact('abc', 'en', { patterns: ['x*'] })).toBe('abc');
  });
});

describe('a number in several turns', () => {
  function kept(turns: readonly string[], rules: Partial<RedactionRules> = { digits: true }): string[] {
    const texts = [...turns];
    turns.forEach((_, n) => {
      for (const { index, text } of keptTurns(turns.slice(0, n + 1), (all) => redact(all, 'en', rules)))
        texts[index] = text;
    });
    return texts;
  }

  it('is taken out of all of them, as soon as it is long enough', () => {
    expect(kept(['my number is four two', 'and then seven', 'yes, it is one eight.', 'no more'])).toEqual([
      'my number is • •',
      '• • •',
      '•, • • • •.',
      'no more',
    ]);
    expect(kept(['it is 41', '27'])).toEqual(['it is ••', '••']);
  });

  it('is none if something else is said between, or if it is a short one', () => {
    const quantities = ['a table for two', 'at three', 'please'];
    expect(kept(quantities)).toEqual(quantities);
    const apart = ['I have two dogs and one cat', 'they are called Max, Moritz and Tom, since one two'];
    expect(kept(apart)).toEqual(apart);
  });

  it('is a card’s by its check digit, or in words by its length', () => {
    const cards = { cards: true };
    expect(kept(['4111 1111.', '1111 1111'], cards)).toEqual(['•••• ••••.', '•••• ••••']);
    expect(kept(['4111 1111', '1111 1112'], cards)).toEqual(['4111 1111', '1111 1112']);
    const eight = 'four one one one one one one one';
    expect(kept([eight, eight], cards).join(' ')).not.toMatch(/one|four/);
  });

  it('lets patterns of one’s own see one turn at a time', () => {
    expect(kept(['my name is', 'Ann'], { patterns: ['is\\s+\\S+'] })).toEqual(['my name is', 'Ann']);
  });
});
