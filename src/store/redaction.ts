import { languageOf } from '../dialog/language/known-languages.ts';
import { SpokenNumbers, TURN_END } from '../dialog/language/spoken-numbers.ts';

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
/** A number may be spread over so many of one side's turns. */
export const TURNS = 8;

/** Takes out of a text what is not to be kept. `language`: a BCP 47 tag. */
export type Redact = (text: string, how: 'said' | 'keyed', language: string) => string;

export function redactionOf({ digits, cards, patterns }: RedactionRules): Redact {
  const expressions = patterns.map((pattern) => new RegExp(pattern, 'giu'));
  return (text, how, language) => {
    let kept = text
      .split(TURN_END)
      .map((turn) =>
        expressions.reduce((rest, one) => rest.replace(one, (found) => (found === '' ? '' : MASK)), turn),
      )
      .join(TURN_END);
    if (how === 'keyed') return digits ? kept.replace(/\p{Nd}/gu, MASK) : cards ? withoutCards(kept) : kept;
    if (cards) kept = withoutCards(kept);
    if (digits) kept = withoutNumbers(kept, language, SECRET_DIGITS);
    else if (cards) kept = withoutNumbers(kept, language, CARD_DIGITS, 'in words');
    return kept;
  };
}

/**
 * How the last of one side's turns is kept, and those before it that are kept otherwise because of it: it may go on with a
 * number that they began. `texts`: all of this side's turns so far, in order.
 */
export function keptTurns(
  texts: readonly string[],
  redact: (text: string) => string,
): readonly { readonly index: number; readonly text: string }[] {
  const first = Math.max(0, texts.length - TURNS);
  const turns = texts.slice(first).map((text) => text.replaceAll(TURN_END, ' '));
  const without = redact(turns.slice(0, -1).join(TURN_END)).split(TURN_END);
  const kept = redact(turns.join(TURN_END)).split(TURN_END);
  return kept
    .map((text, n) => ({ index: first + n, text }))
    .filter(({ text }, n) => n === kept.length - 1 || text !== without[n]);
}

/** How that is kept which was cut off of the last of one side's turns: it may go on with a number that was heard. */
export function keptRest(texts: readonly string[], rest: string, redact: (text: string) => string): string {
  const words = rest.trimStart();
  const gap = rest.slice(0, rest.length - words.length);
  return gap + (keptTurns([...texts, words], redact).at(-1)?.text ?? '');
}

function withoutCards(text: string): string {
  return text.replace(/\d(?:(?:[ .,-]*\u2029|[ .-])?\d){12,}/g, (found) => {
    const figures = found.replace(/\D/g, '');
    return figures.length <= LONGEST_CARD && hasCheckDigit(figures) ? masked(found) : found;
  });
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

/** Without numbers that have so many digits, or more. */
function withoutNumbers(text: string, language: string, atLeast: number, which?: 'in words'): string {
  let result = '';
  let done = 0;
  for (const { from, to, digits } of new SpokenNumbers(languageOf(language)).in(text)) {
    const part = text.slice(from, to);
    if (digits < atLeast || (which === 'in words' && !/\p{L}/u.test(part))) continue;
    result += text.slice(done, from) + masked(part);
    done = to;
  }
  return result + text.slice(done);
}

function masked(part: string): string {
  return part.replace(/[\p{L}\p{M}]+|\p{N}/gu, MASK);
}
