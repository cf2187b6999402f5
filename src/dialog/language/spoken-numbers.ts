import { countingWords } from './counting-words.ts';
import type { Language } from './language.ts';
import { isUnspaced, startsWord } from './words.ts';

/** A part of a text, which stands for so many digits; 0: for none. */
export interface SpokenPart {
  readonly from: number;
  readonly to: number;
  readonly digits: number;
}

/** Stands between turns that are read together (paragraph separator). */
export const TURN_END = '\u2029';
/** What may be said between two parts of a number that are said in two turns ("yes, and then seven one"). */
export const WORDS_BETWEEN_TURNS = 3;
/** The same in one turn, where figures are said one by one before it and after it. */
const WORDS_BETWEEN_FIGURES = 5;
/** Figures that are said one by one: two of them are no quantity. */
const DICTATED = 2;

/**
 * A number, with nothing but numbers in it, or what is said between the figures of one ("four two uh seven"), or the
 * end of a turn and a few words.
 */
export interface SpokenNumber extends SpokenPart {
  /** It is one word, which may be a quantity: "two", "fifteen". */
  readonly isOneWord: boolean;
  /** How many words stand between it and the end of the text, or the next number. */
  readonly wordsAfter: number;
  /** Its end counts the word behind it, as none of a number that is dictated does: "six thousand dollars", "one moment" in a turn of its own. */
  readonly isCounting: boolean;
}

interface Token {
  readonly from: number;
  readonly to: number;
  /** As it is looked up. */
  readonly word: string;
  readonly kind: 'word' | 'letter' | 'figures' | 'time' | 'turn-end';
}

interface Piece extends SpokenPart {
  readonly kind: 'number' | 'scale' | 'repeat' | 'between' | 'joining' | 'foreign' | 'turn-end';
  readonly isOneWord: boolean;
  /** A common word, too: "ein", "oh". */
  readonly isUnsure: boolean;
  /** How much of a word it is, between numbers: a letter of a script without spaces is a third of one. */
  readonly words: number;
}

/** What stands for something in numbers, as a row of words or letters. */
interface Entry {
  readonly words: readonly string[];
  readonly kind: 'number' | 'scale' | 'repeat' | 'between';
  readonly digits: number;
}

/** Times of the day are whole: nobody dictates them. */
const RUN = /\p{Nd}{1,2}:\p{Nd}{2}(?!\p{N})|\p{N}+|[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|\u2029/gu;
/** Between the words of one number: "twenty-five"; a comma parts two. */
const CLOSE = /^[\s\u00a0-]*$/u;
/** Nothing to be folded. */
const PLAIN = /^[a-z']*$/;
const LETTERS_OF_WORD = 3;
/** Larger ones are found by their parts, if they are said in another way. */
const WITH_VARIANTS = 100;
/** A shorter one would be found in words that are none of numbers. */
const SHORTEST_SCALE = 4;

/** Finds numbers as people dictate them: in figures, and in words of the language. */
export class SpokenNumbers {
  readonly #language: Language;
  readonly #joining: ReadonlySet<string>;

  constructor(language: Language) {
    this.#language = language;
    this.#joining = new Set(language.openEnds.map(folded));
  }

  in(text: string): SpokenNumber[] {
    const numbers: { -readonly [K in keyof SpokenNumber]: SpokenNumber[K] }[] = [];
    const pieces = this.#pieces(text);
    // Since the last number.
    let words = 0;
    let foreign = 0;
    let isLater = false;
    /** Figures said one by one at the end of the last number. */
    let figures = 0;
    /** Of a number in the making, how many figures are still to be named: "two thousand", and "five hundred". */
    let unnamed = 0;
    /** The number's last part may count what follows. */
    let mayCount = true;
    for (const [at, piece] of pieces.entries()) {
      const { from, to, digits, kind } = piece;
      const last = numbers.at(-1);
      if (kind === 'turn-end') isLater = true;
      else if (digits === 0) {
        if (last && kind === 'foreign' && words === 0 && !isLater)
          last.isCounting = mayCount && CLOSE.test(text.slice(last.to, from));
        words += piece.words;
        if (kind === 'foreign') foreign += piece.words;
        if (kind !== 'between') unnamed = kind === 'joining' && words <= 1 ? unnamed : 0;
        if (last) last.wordsAfter = words;
      } else {
        const isDictated = (): boolean => figures >= DICTATED && figuresFrom(pieces, at) >= DICTATED;
        const isSame = isLater
          ? words <= WORDS_BETWEEN_TURNS
          : (foreign === 0 && words <= 1) || (words <= WORDS_BETWEEN_FIGURES && isDictated());
        const isWithin = unnamed >= digits && foreign === 0;
        mayCount = kind === 'scale' || (piece.isOneWord && (isLater || !last));
        if (last && isSame) {
          last.to = to;
          last.digits += isWithin ? 0 : digits;
          last.isOneWord = last.isCounting = false;
          last.wordsAfter = 0;
        } else
          numbers.push({ from, to, digits, isOneWord: piece.isOneWord, wordsAfter: 0, isCounting: false });
        unnamed = kind === 'scale' ? digits : isWithin ? unnamed : 0;
        figures = !isFigure(piece) ? 0 : words === 0 && !isLater ? figures + 1 : 1;
        words = foreign = 0;
        isLater = false;
      }
    }
    return numbers;
  }

  /** The number that is the text's last word. */
  atEnd(text: string): SpokenNumber | undefined {
    const last = this.in(text).at(-1);
    if (last === undefined || /[\p{L}\p{N}]/u.test(text.slice(last.to))) return undefined;
    return startsWord(text, last.from, this.#language.code) ? last : undefined;
  }

  /** How much stands for what. Whatever depends on its neighbours is decided. */
  #pieces(text: string): Piece[] {
    const found = this.#found(text);
    const isNumber = (piece: Piece | undefined): boolean => piece?.kind === 'number';
    /** What stands beside it, hesitations left out. */
    const beside = (at: number, step: 1 | -1): Piece | undefined => {
      let next = at + step;
      while (found[next]?.kind === 'between') next += step;
      return found[next];
    };
    return found.map((piece, at): Piece => {
      const before = beside(at, -1);
      const after = beside(at, 1);
      if (piece.kind === 'scale' && isNumber(before)) return piece;
      // "Mil novecientos", but not "mille grazie".
      if (piece.kind === 'scale' && isNumber(after) && LEADING.has(piece.digits))
        return { ...piece, digits: piece.digits + 1 };
      if (piece.kind === 'scale' || (piece.kind === 'repeat' && !isNumber(after)))
        return { ...piece, kind: 'foreign', digits: 0 };
      if (piece.isUnsure && !isNumber(before) && !isNumber(after))
        return { ...piece, kind: 'joining', digits: 0 };
      return piece;
    });
  }

  #found(text: string): Piece[] {
    const tokens = tokensOf(text);
    const { entries, alone } = lexiconOf(this.#language);
    const pieces: Piece[] = [];
    for (let at = 0; at < tokens.length;) {
      const { from, to, word, kind } = tokens[at] as Token;
      const whole = {
        from,
        to,
        digits: 0,
        isOneWord: kind === 'word' || kind === 'letter',
        isUnsure: false,
        words: 0,
      };
      const entry = kind === 'word' || kind === 'letter' ? entryAt(entries, tokens, at, text) : undefined;
      if (kind === 'turn-end') pieces.push({ ...whole, kind });
      else if (kind === 'figures') pieces.push({ ...whole, kind: 'number', digits: word.length });
      else if (entry) {
        const { length } = entry.words;
        const end = tokens[at + length - 1] as Token;
        const isCommon = length === 1 && (this.#joining.has(word) || alone.has(word));
        pieces.push({
          ...whole,
          to: end.to,
          kind: entry.kind,
          digits: entry.digits,
          isOneWord: length === 1,
          isUnsure: isCommon && entry.kind === 'number',
        });
        at += length - 1;
      } else {
        const digits = kind === 'word' ? digitsOfCompound(word, this.#language) : 0;
        const words = kind === 'letter' ? 1 / LETTERS_OF_WORD : 1;
        if (digits > 0) pieces.push({ ...whole, kind: 'number', digits });
        else pieces.push({ ...whole, kind: this.#joining.has(word) ? 'joining' : 'foreign', words });
      }
      at += 1;
    }
    return pieces;
  }
}

/** So many noughts have words that begin a number: "mil", "tausend", "じゅう". */
const LEADING: ReadonlySet<number> = new Set([1, 3]);

function isFigure({ kind, digits }: Piece): boolean {
  return kind === 'number' && digits === 1;
}

function figuresFrom(pieces: readonly Piece[], at: number): number {
  let end = at;
  while (pieces[end] && isFigure(pieces[end] as Piece)) end += 1;
  return end - at;
}

function tokensOf(text: string): Token[] {
  return [...text.matchAll(RUN)].flatMap(({ 0: run, index: from }): Token[] => {
    const to = from + run.length;
    if (run === TURN_END) return [{ from, to, word: run, kind: 'turn-end' }];
    if (/^\p{N}+$/u.test(run)) return [{ from, to, word: run, kind: 'figures' }];
    if (run.includes(':')) return [{ from, to, word: run, kind: 'time' }];
    if (!isUnspaced(run)) return [{ from, to, word: folded(run), kind: 'word' }];
    return run.split('').map((letter, n) => ({
      from: from + n,
      to: from + n + 1,
      word: folded(letter),
      kind: 'letter',
    }));
  });
}

/** The longest entry whose words stand there. */
function entryAt(
  entries: ReadonlyMap<string, readonly Entry[]>,
  tokens: readonly Token[],
  at: number,
  text: string,
): Entry | undefined {
  return entries.get(tokens[at]?.word ?? '')?.find(({ words }) =>
    words.every((word, n) => {
      const token = tokens[at + n];
      const before = tokens[at + n - 1];
      return token?.word === word && (n === 0 || CLOSE.test(text.slice(before?.to, token.from)));
    }),
  );
}

interface Lexicon {
  /** By their first word, the longest first. */
  readonly entries: ReadonlyMap<string, readonly Entry[]>;
  /** Numbers that are one word. */
  readonly words: ReadonlyMap<string, number>;
  /** Words that are said between numbers as well. */
  readonly alone: ReadonlySet<string>;
  /** With the noughts of each: those that a compound may have in it. */
  readonly scales: readonly (readonly [word: string, noughts: number])[];
}

const lexicons = new WeakMap<Language, Lexicon>();

/** Made when it is first needed: some milliseconds. */
function lexiconOf(language: Language): Lexicon {
  const made = lexicons.get(language);
  if (made) return made;
  const { others, scales, repeats, between } = language.numbers;
  const known = new Map<string, string>();
  const fold = (word: string): string => {
    let plain = known.get(word);
    if (plain === undefined) known.set(word, (plain = folded(word)));
    return plain;
  };
  const entries: Entry[] = [];
  const add = (spoken: string, kind: Entry['kind'], digits: number): void => {
    const words = isUnspaced(spoken) ? spoken.split('') : spoken.split(/[\s-]+/);
    entries.push({ words: words.map(fold), kind, digits });
  };
  const variants = Object.entries(others).flatMap(([usual, words]) =>
    words.map((word) => [usual, word] as const),
  );
  for (const [spoken, value] of countingWords(language.code)) {
    const { length } = String(value);
    add(spoken, 'number', length);
    if (value >= WITH_VARIANTS) continue;
    for (const [usual, word] of variants)
      if (spoken === usual || (!isUnspaced(spoken) && spoken.includes(usual)))
        add(spoken.replaceAll(usual, word), 'number', length);
  }
  for (const [word, noughts] of Object.entries(scales)) add(word, 'scale', noughts);
  for (const [word, more] of Object.entries(repeats)) add(word, 'repeat', more);
  for (const word of between) add(word, 'between', 0);
  // Of the same words, what counts goes first.
  const sorted = entries.toSorted((a, b) => b.words.length - a.words.length);
  const numbers = entries.filter(({ kind, words }) => kind === 'number' && words.length === 1);
  const lexicon = {
    entries: Map.groupBy(sorted, ({ words }) => words[0] ?? ''),
    words: new Map(numbers.map(({ words, digits }) => [words[0] ?? '', digits])),
    alone: new Set(between.map(folded)),
    scales: Object.entries(scales)
      .map(([scale, noughts]) => [folded(scale), noughts] as const)
      .filter(([scale]) => scale.length >= SHORTEST_SCALE),
  };
  lexicons.set(language, lexicon);
  return lexicon;
}

/** "Neunzehnhundertvierundachtzig", "duemilatrecento": words of numbers beside a scale's. 0: it is none. */
function digitsOfCompound(word: string, language: Language): number {
  const { words, scales } = lexiconOf(language);
  for (const [scale, noughts] of scales) {
    const at = word.indexOf(scale);
    if (at < 0 || scale === word) continue;
    const before = at === 0 ? 1 : words.get(word.slice(0, at));
    const rest = word.slice(at + scale.length).replace(/^(?:und|en)(?=.{3})/, '');
    if (before !== undefined && (rest === '' || words.has(rest))) return before + noughts;
  }
  return 0;
}

/**
 * As words are compared: without capitals and accents, for a recogniser may leave them out; Katakana as Hiragana, and of
 * Devanagari one spelling of each nasal.
 */
function folded(word: string): string {
  if (PLAIN.test(word)) return word;
  return word
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f\u093c\u200c\u200d]/g, '')
    .normalize('NFC')
    .replaceAll('’', "'")
    .replaceAll('ß', 'ss')
    .replaceAll('ł', 'l')
    .replace(/ँ|[नम]्(?=[क-भ])/gu, 'ं')
    .replace(/[ァ-ヶ]/gu, (letter) => String.fromCharCode(letter.charCodeAt(0) - 0x60));
}
