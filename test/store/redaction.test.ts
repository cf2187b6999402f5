import { describe, expect, it } from 'vitest';
import { countingWords } from '../../src/dialog/language/counting-words.ts';
import { KNOWN_LANGUAGES } from '../../src/dialog/language/known-languages.ts';
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
    ['en', 'my pin is forty two seventy one', 'my pin is • • • •'],
    ['en', 'sixty eighty', '• •'],
    ['en', 'it is oh seven triple five', 'it is • • • •'],
    ['en', 'nineteen eighty-four, or two thousand and six', '• •-•, • • • • •'],
    ['en', 'four two, let me see, seven one', '• •, • • •, • •'],
    ['en', 'four uh um two dash seven one', '• • • • • • •'],
    ['en', 'four two and the rest is seven one', '• • • • • • • •'],
    ['de', 'zweiundvierzig einundsiebzig', '• •'],
    ['de', 'die Nummer neunzehnhundertvierundachtzig', 'die Nummer •'],
    ['de', 'zwölftausenddreihundertfünf, doppel sieben', '•, • •'],
    ['fr', 'soixante-quinze quatre-vingt-dix-sept', '•-• •-•-•-•'],
    ['fr', 'septante deux nonante et un', '• • • • •'],
    ['fr', 'deux fois cinq puis quarante-deux', '• • • • •-•'],
    ['es', 'sesenta y dos noventa y nueve', '• • • • • •'],
    ['es', 'mil novecientos ochenta', '• • •'],
    ['it', 'quarantadue settantuno', '• •'],
    ['it', 'duemilatrecentoquattro', '•'],
    ['pt', 'sessenta e dois meia sete', '• • • • •'],
    ['pt', 'dezesseis quarenta', '• •'],
    ['nl', 'tweeënveertig eenenzeventig', '• •'],
    ['nl', 'dubbel zeven dubbel acht', '• • • •'],
    ['pl', 'siódemka ósemka czterdzieści dwa', '• • • •'],
    ['pl', 'tysiąc dziewięćset osiemdziesiąt cztery', '• • • •'],
    ['hi', 'बयालीस इकहत्तर', '• •'],
    ['hi', 'डबल सात फ़ोर टू', '• • • •'],
    ['ja', '暗証番号は四二の七一です', '暗証番号は•です'],
    ['ja', 'よん に えっと なな いち です', '• • • • • です'],
    ['zh', '密码是两千零五', '密码是•'],
    ['zh', '四二然后七幺', '•'],
    ['th', 'สี่สองแล้วก็เจ็ดหนึ่งค่ะ', '•ค่ะ'],
    ['th', 'สองพันห้าร้อย', '•'],
  ])('takes numbers out of %s as they are counted, doubled and parted: %s', (language, text, kept) => {
    expect(redact(text, language)).toBe(kept);
  });

  it.each(KNOWN_LANGUAGES)('knows all that counts in %s, and leaves what has three digits', (language) => {
    const words = countingWords(language);
    const gap = ['ja', 'zh', 'th'].includes(language) ? '' : ' ';
    expect(words.length).toBeGreaterThanOrEqual(1000);
    for (const [spoken] of words) expect(redact(spoken, language)).toBe(spoken);
    for (const [spoken, value] of words.filter((_, n) => n % 7 === 0)) {
      const row = [spoken, words.find(([, other]) => other === 999 - value)?.[0] ?? ''];
      expect(redact([...row, ...row].join(gap), language)).not.toMatch(/\p{L}/u);
    }
  });

  it.each([
    ['en', 'a double room for two, with many hundred thanks'],
    ['en', 'two hundred and fifty three people'],
    ['fr', 'quatre-vingt-dix-sept euros, merci mille fois'],
    ['it', 'mille grazie'],
    ['de', 'tausend Dank, ein Tisch für zwei'],
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

describe('a card', () => {
  const CARD = '4111 1111 1111 1111';
  it.each([
    [`${CARD} 12 27`, 'before a date'],
    [`1 ${CARD}`, 'behind another number'],
    ['4111, 1111, 1111, 1111', 'with commas'],
    ['4111 - 1111 – 1111 / 1111', 'with dashes'],
    ['4111  1111\u00a01111\t1111', 'with other spaces'],
    ['4111 1111 uh 1111 1111', 'with a hesitation'],
    ['３７８２ ８２２４６３ １０００５', 'in wide figures'],
    ['४१११ ११११ ११११ ११११', 'in Devanagari'],
  ])('is found: %s (%s)', (text) => {
    expect(redact(text, 'en', { cards: true })).not.toMatch(/\p{Nd}{2}/u);
  });

  it('is found among the keys of a call, whatever was keyed before', () => {
    const redactKeys = redactionOf({ digits: false, cards: true, patterns: [] });
    expect(redactKeys('14111111111111111#2', 'keyed', 'en')).not.toMatch(/\d/);
    expect(redactKeys('12345678901234', 'keyed', 'en')).toBe('12345678901234');
    expect(redactKeys('4111', 'keyed so far', 'en')).toBe('••••');
    expect(redactKeys('12#', 'keyed so far', 'en')).toBe('12#');
  });
});

describe('what somebody has said who may go on', () => {
  const soFar = (text: string, rules: Partial<RedactionRules>, language = 'en'): string =>
    redactionOf({ digits: false, cards: false, patterns: [], ...rules })(text, 'said so far', language);
  it('has nothing of a number that may be longer', () => {
    expect(soFar('my code is four', { digits: true })).toBe('my code is •');
    expect(soFar('it is 4, okay?', { digits: true })).toBe('it is •, okay?');
    expect(soFar('a table for two on Sunday next week please', { digits: true })).toMatch(/two/);
    expect(soFar('it is 4111', { cards: true })).toBe('it is ••••');
    expect(soFar('it is 411', { cards: true })).toBe('it is 411');
    expect(soFar('四二', { digits: true }, 'zh')).toBe('•');
    expect(soFar('it is 4111', {})).toBe('it is 4111');
  });
});

describe('what counts the word behind it', () => {
  const soFar = (turns: readonly string[], language = 'en'): string | undefined =>
    keptTurns(turns, (text) =>
      redactionOf({ digits: false, cards: true, patterns: [] })(text, 'said so far', language),
    ).at(-1)?.text;
  it.each<[string, readonly string[], string]>([
    [
      'en',
      ['It is one hundred and forty dollars. Anything else?', 'One moment, please.'],
      'One moment, please.',
    ],
    ['en', ['That is six thousand dollars'], 'That is six thousand dollars'],
    ['ja', ['歯のクリーニングは六千円で、初めて'], '歯のクリーニングは六千円で、初めて'],
    ['ja', ['六千円です。', '申し訳ございません。'], '申し訳ございません。'],
    ['de', ['Das macht sechstausend Euro.', 'Ein Moment bitte.'], 'Ein Moment bitte.'],
  ])('%s: begins no card: %s', (language, turns, kept) => {
    expect(soFar(turns, language)).toBe(kept);
  });

  it.each<[readonly string[], string]>([
    [['four one one one', 'two'], '•'],
    [['four one one one', 'two, and then'], '•, and then'],
    [['it is four one one one please'], 'it is • • • • please'],
    [['four one one', 'two two cards'], '• • cards'],
  ])('but a number that is dictated may: %s', (turns, kept) => {
    expect(soFar(turns)).toBe(kept);
  });
});

describe('redaction of patterns', () => {
  it('takes an IBAN out, with spaces and without', () => {
    const iban = { patterns: ['\\b[A-Z]{2}\\d{2}(?: ?[A-Z\\d]){11,30}\\b'] };
    expect(redact('it is DE89 3704 0044 0532 0130 00.', 'de', iban)).toBe('it is •.');
    expect(redact('it is gb29nwbk60161331926819.', 'en', iban)).toBe('it is •.');
  });

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
