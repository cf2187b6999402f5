import { languageOf } from '../dialog/language/known-languages.ts';
import {
  SpokenNumbers,
  TURN_END,
  WORDS_BETWEEN_TURNS,
  type SpokenNumber,
} from '../dialog/language/spoken-numbers.ts';

export interface RedactionRules {
  /** Numbers of four digits or more, in figures or in words of the language, and all keys. */
  readonly digits: boolean;
  /** Card numbers: in figures by their check digit (ISO/IEC 7812-1, Luhn), in words by their length. */
  readonly cards: boolean;
  /** Regular expressions. */
  readonly patterns: readonly string[];
}

const MASK = '•';
/** A shorter one is a quantity ("for two people, at three"). */
const SECRET_DIGITS = 4;
const CARD_DIGITS = 13;
const LONGEST_CARD = 19;
/** What may become a card: a shorter one is a quantity, or says nothing of a card. */
const CARD_BEGINS = 4;
/** A number may be spread over so many of one side's turns. */
export const TURNS = 8;

/** `so far`: they may go on, so what may be the beginning of a number isn't kept, however short. */
export type Told = 'said' | 'said so far' | 'keyed' | 'keyed so far';

/** Takes out of a text what is not to be kept. `language`: a BCP 47 tag. */
export type Redact = (text: string, how: Told, language: string) => string;

export function redactionOf({ digits, cards, patterns }: RedactionRules): Redact {
  const expressions = patterns.map((pattern) => new RegExp(pattern, 'giu'));
  const finders = new Map<string, SpokenNumbers>();
  const numbersIn = (text: string, language: string): SpokenNumber[] => {
    const finder = finders.get(language) ?? new SpokenNumbers(languageOf(language));
    finders.set(language, finder);
    return finder.in(text);
  };
  return (text, how, language) => {
    const kept = text
      .split(TURN_END)
      .map((turn) =>
        expressions.reduce((rest, one) => rest.replace(one, (found) => (found === '' ? '' : MASK)), turn),
      )
      .join(TURN_END);
    if (how === 'keyed' || how === 'keyed so far') {
      if (digits) return kept.replace(/\p{Nd}/gu, MASK);
      const isOpen = how === 'keyed so far' && figuresOf(kept).length >= CARD_BEGINS;
      return cards && (isOpen || hasCard(kept)) ? masked(kept) : kept;
    }
    if (!digits && !cards) return kept;
    const isSecret = (number: SpokenNumber, isLast: boolean): boolean => {
      const { from, to, digits: length, wordsAfter, isCounting } = number;
      const isOpen = how === 'said so far' && isLast && wordsAfter <= WORDS_BETWEEN_TURNS;
      if (digits) return isOpen || length >= SECRET_DIGITS;
      return isOpen && !isCounting
        ? length >= CARD_BEGINS
        : length >= CARD_DIGITS && mayBeCard(kept.slice(from, to));
    };
    const numbers = numbersIn(kept, language);
    let result = '';
    let done = 0;
    for (const number of numbers.filter((one, n) => isSecret(one, n === numbers.length - 1))) {
      result += kept.slice(done, number.from) + masked(kept.slice(number.from, number.to));
      done = number.to;
    }
    return result + kept.slice(done);
  };
}

/** One of a side's turns, by its place among them. */
interface KeptTurn {
  readonly index: number;
  readonly text: string;
}

/** How the last of one side's turns are kept. `texts`: all of this side's turns so far, in order. */
export function keptTexts(
  texts: readonly string[],
  redact: (text: string) => string,
  first = Math.max(0, texts.length - TURNS),
): readonly KeptTurn[] {
  const turns = texts.slice(first).map((text) => text.replaceAll(TURN_END, ' '));
  return redact(turns.join(TURN_END))
    .split(TURN_END)
    .map((text, n) => ({ index: first + n, text }));
}

/**
 * How the last of one side's turns is kept, and those before it that are kept otherwise because of it: it may go on with a
 * number that they began, or show that they began none.
 */
export function keptTurns(texts: readonly string[], redact: (text: string) => string): readonly KeptTurn[] {
  const now = keptTexts(texts, redact);
  const before = keptTexts(texts.slice(0, -1), redact, now[0]?.index);
  return now.filter(({ text }, n) => n === now.length - 1 || text !== before[n]?.text);
}

/** How that is kept which was cut off of the last of one side's turns: it may go on with a number that was heard. */
export function keptRest(texts: readonly string[], rest: string, redact: (text: string) => string): string {
  const words = rest.trimStart();
  const gap = rest.slice(0, rest.length - words.length);
  return gap + (keptTurns([...texts, words], redact).at(-1)?.text ?? '');
}

/** Of a number that is long enough: words of it are taken for one, whatever they say. */
function mayBeCard(text: string): boolean {
  return /\p{L}/u.test(text) || hasCard(text);
}

/** Whether a card's number is among the figures, whatever else stands before or behind it: a date, a key of a menu. */
function hasCard(text: string): boolean {
  const figures = figuresOf(text);
  if (figures.length >= CARD_DIGITS && figures.length <= LONGEST_CARD && hasCheckDigit(figures)) return true;
  return Array.from(figures).some((_, from) =>
    lengthsOf(figures.slice(from)).some(
      (length) => from + length <= figures.length && hasCheckDigit(figures.slice(from, from + length)),
    ),
  );
}

/** How long a card's number is that begins so; none: it is no card's. ISO/IEC 7812-1's industries, as networks use them. */
function lengthsOf(figures: string): readonly number[] {
  if (/^3[47]/.test(figures)) return [15];
  if (/^3[0689]/.test(figures)) return [14, 16];
  if (/^(?:4|5|6|35|2[2-7])/.test(figures)) return [16, 19];
  return [];
}

/** As ASCII, whatever script's. */
function figuresOf(text: string): string {
  return Array.from(text.normalize('NFKC').matchAll(/\p{Nd}/gu), ([figure]) => {
    let value = 0;
    // Each script's ten figures stand in a row, from nought on.
    for (let code = (figure.codePointAt(0) ?? 0) - 1; /\p{Nd}/u.test(String.fromCodePoint(code)); code -= 1)
      value += 1;
    return value % 10;
  }).join('');
}

function hasCheckDigit(figures: string): boolean {
  const sum = Array.from(figures).reduceRight(
    ({ total, twice }, figure) => {
      const value = Number(figure) * (twice ? 2 : 1);
      return { total: total + (value > 9 ? value - 9 : value), twice: !twice };
    },
    { total: 0, twice: false },
  );
  return sum.total % 10 === 0;
}

function masked(part: string): string {
  return part.replace(/[\p{L}\p{M}]+|\p{N}/gu, MASK);
}
