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
const WORDS_BETWEEN_TURNS = 3;

/**
 * A number, with nothing but numbers in it, or a single word that may stand between them ("four two uh seven"), or the
 * end of a turn and a few words.
 */
export interface SpokenNumber extends SpokenPart {
  /** It is one word, which may be a quantity: "two", "fifteen". */
  readonly isOneWord: boolean;
}

interface Piece extends SpokenPart {
  readonly isWord: boolean;
  /** What may stand between the digits, and is a common word as well: "uh", "oh", "ein". */
  readonly joins: boolean;
  readonly endsTurn?: boolean;
}

/** Times of the day are whole: nobody dictates them. */
const RUN = /\p{Nd}{1,2}:\p{Nd}{2}(?!\p{N})|\p{N}+|[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|\u2029/gu;

/** Finds numbers as people dictate them: in figures, and in words of the language. */
export class SpokenNumbers {
  readonly #language: Language;
  readonly #words: ReadonlySet<string>;
  readonly #joining: ReadonlySet<string>;
  readonly #longest: number;

  constructor(language: Language) {
    this.#language = language;
    this.#words = new Set(language.numbers);
    this.#joining = new Set(language.openEnds);
    this.#longest = Math.max(0, ...language.numbers.map((word) => word.length));
  }

  in(text: string): SpokenNumber[] {
    const numbers: { from: number; to: number; digits: number; isOneWord: boolean }[] = [];
    // Since the last number.
    let words = 0;
    let foreign = 0;
    let isLater = false;
    for (const { from, to, digits, isWord, joins, endsTurn } of this.#pieces(text)) {
      if (endsTurn) isLater = true;
      else if (digits === 0) {
        words += 1;
        if (!joins) foreign += 1;
      } else {
        const last = numbers.at(-1);
        if (last && (isLater ? words <= WORDS_BETWEEN_TURNS : words <= 1 && foreign === 0)) {
          last.to = to;
          last.digits += digits;
          last.isOneWord = false;
        } else numbers.push({ from, to, digits, isOneWord: isWord });
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

  #pieces(text: string): Piece[] {
    const pieces = [...text.matchAll(RUN)].flatMap(({ 0: run, index }) => this.#piecesOf(run, index));
    // A common word is a digit only beside one that is none.
    const isSure = (piece: Piece | undefined): boolean =>
      piece !== undefined && piece.digits > 0 && !piece.joins;
    return pieces.map((piece, at) =>
      piece.joins && !isSure(pieces[at - 1]) && !isSure(pieces[at + 1]) ? { ...piece, digits: 0 } : piece,
    );
  }

  #piecesOf(run: string, from: number): Piece[] {
    const whole = { from, to: from + run.length, isWord: false, joins: false };
    if (run === TURN_END) return [{ ...whole, digits: 0, endsTurn: true }];
    if (/^\p{N}+$/u.test(run)) return [{ ...whole, digits: run.length }];
    if (run.includes(':')) return [{ ...whole, digits: 0 }];
    const word = run.toLowerCase().replaceAll('’', "'");
    if (!isUnspaced(word) || word.length !== run.length) {
      return [{ ...whole, digits: this.#digitsOf(word), isWord: true, joins: this.#joining.has(word) }];
    }
    const pieces: Piece[] = [];
    for (let at = 0; at < word.length;) {
      let length = Math.min(this.#longest, word.length - at);
      while (length > 1 && !this.#words.has(word.slice(at, at + length))) length -= 1;
      const part = word.slice(at, at + Math.max(1, length));
      const digits = this.#words.has(part) ? 1 : 0;
      pieces.push({ from: from + at, to: from + at + part.length, digits, isWord: true, joins: false });
      at += part.length;
    }
    return pieces;
  }

  #digitsOf(word: string): number {
    if (this.#words.has(word)) return 1;
    const isCompound = this.#language.numberEndings.some(
      (end) => word.length > end.length && word.endsWith(end),
    );
    return isCompound ? 2 : 0;
  }
}
