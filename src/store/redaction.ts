import { languageOf } from '../dialog/language/known-languages.ts';
import { isUnspaced } from '../dialog/language/words.ts';

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
/** Stands between turns that are looked at together (paragraph separator). */
const TURN_END = '\u2029';
/** A number may be spread over so many of one side's turns … */
const TURNS = 8;
/** … with so many other words between its parts ("yes, and then seven one"). */
const WORDS_BETWEEN_TURNS = 3;

/** A part of the text, and for how many digits it stands; 0: for none, but it may stand between some. */
interface Token {
  readonly from: number;
  readonly to: number;
  readonly digits: number;
  readonly joins: boolean;
  readonly endsTurn?: boolean;
}

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
  for (const run of numbersIn(tokensOf(text, language))) {
    const part = text.slice(run.from, run.to);
    if (run.digits < atLeast || (which === 'in words' && !/\p{L}/u.test(part))) continue;
    result += text.slice(done, run.from) + masked(part);
    done = run.to;
  }
  return result + text.slice(done);
}

function masked(part: string): string {
  return part.replace(/[\p{L}\p{M}]+|\p{N}/gu, MASK);
}

/**
 * Numbers with nothing but numbers between, or a single word that may stand there ("four two uh seven"), or a turn's end
 * and a few words.
 */
function numbersIn(tokens: readonly Token[]): { from: number; to: number; digits: number }[] {
  const runs: { from: number; to: number; digits: number }[] = [];
  let words = 0;
  let foreign = 0;
  let turned = false;
  for (const { from, to, digits, joins, endsTurn } of tokens) {
    if (endsTurn) turned = true;
    else if (digits === 0) {
      words += 1;
      if (!joins) foreign += 1;
    } else {
      const last = runs.at(-1);
      if (last && (turned ? words <= WORDS_BETWEEN_TURNS : words <= 1 && foreign === 0)) {
        last.to = to;
        last.digits += digits;
      } else runs.push({ from, to, digits });
      words = foreign = 0;
      turned = false;
    }
  }
  return runs;
}

const RUN = /\p{Nd}{1,2}:\p{Nd}{2}(?!\p{N})|\p{N}+|[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|\u2029/gu;

function tokensOf(text: string, tag: string): Token[] {
  const { numbers, numberEndings, openEnds } = languageOf(tag);
  const words = new Set(numbers);
  const joining = new Set(openEnds);
  const longest = Math.max(0, ...numbers.map((word) => word.length));
  const digitsOf = (word: string): number => {
    if (words.has(word)) return 1;
    return numberEndings.some((end) => word.length > end.length && word.endsWith(end)) ? 2 : 0;
  };
  const tokens = [...text.matchAll(RUN)].flatMap(({ 0: run, index }): Token[] => {
    if (run === TURN_END) return [{ from: index, to: index + 1, digits: 0, joins: false, endsTurn: true }];
    if (/^\p{N}+$/u.test(run))
      return [{ from: index, to: index + run.length, digits: run.length, joins: false }];
    if (run.includes(':')) return [{ from: index, to: index + run.length, digits: 0, joins: false }];
    const word = run.toLowerCase().replaceAll('’', "'");
    if (!isUnspaced(word) || word.length !== run.length) {
      const digits = digitsOf(word);
      return [{ from: index, to: index + run.length, digits, joins: joining.has(word) }];
    }
    const parts: Token[] = [];
    for (let from = 0; from < word.length;) {
      let length = Math.min(longest, word.length - from);
      while (length > 1 && !words.has(word.slice(from, from + length))) length -= 1;
      const part = word.slice(from, from + Math.max(1, length));
      parts.push({
        from: index + from,
        to: index + from + part.length,
        digits: words.has(part) ? 1 : 0,
        joins: false,
      });
      from += part.length;
    }
    return parts;
  });
  // What is a common word as well ("ein", "uno", "oh") is a digit only beside one that is none.
  const isSure = (token: Token | undefined): boolean =>
    token !== undefined && token.digits > 0 && !token.joins;
  return tokens.map((token, at) =>
    token.joins && !isSure(tokens[at - 1]) && !isSure(tokens[at + 1]) ? { ...token, digits: 0 } : token,
  );
}
