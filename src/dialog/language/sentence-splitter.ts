import { keptFor } from '../../lib/kept-for.ts';
import { FLUSH, type TextPiece } from '../contract/speech.ts';
import type { Language, SentenceRules } from './language.ts';
import { languageOf } from './known-languages.ts';

/**
 * Cuts a stream of text into pieces worth speaking: sentences, and at the very beginning of a reply a
 * clause, if no more than that is there yet, so that speech can begin early. Pieces joined give the text back.
 */
export interface SplitterOptions {
  /** What the text is written in; English by default. */
  readonly language?: Language;
  /** The first piece may end at a comma once it is this long, characters; 0 turns that off. */
  readonly firstClauseFrom?: number;
  /** A piece without any end is cut at a space when it gets this long, characters. */
  readonly longest?: number;
}

/** Text that comes in any pieces, in pieces that are worth speaking. */
export async function* inSentences(
  text: AsyncIterable<TextPiece>,
  options: SplitterOptions = {},
): AsyncGenerator<string> {
  const splitter = new SentenceSplitter(options);
  for await (const piece of text) yield* piece === FLUSH ? splitter.flush() : splitter.push(piece);
  yield* splitter.flush();
}

/** The sentences of a text that is there as a whole. */
export function sentencesIn(text: string, options: SplitterOptions = {}): string[] {
  const splitter = new SentenceSplitter({ firstClauseFrom: 0, ...options });
  return [...splitter.push(text), ...splitter.flush()];
}

/** About as long to speak as 24 letters: a sign that stands for a syllable or a word takes three times as long. */
const UNSPACED_SHARE = 3;
/** The least of a clause that is worth speaking where clauses are all that there is (Thai). */
const SPACED_CLAUSE_FROM = 24;

/** A piece without any of these is no speech: it belongs to what follows, or is left out. */
const SAYABLE = /[\p{L}\p{N}]/u;

/** Marks that end a sentence whatever follows, or nothing but a closing quote. */
const FIRM_END = /[。！？｡．।॥።။។؟۔]/u;
const END = /[.!?…]/;
const CLOSER = /["'”’“»)\]」』）】〉》]/u;
/** A sentence's end, behind which a French quotation's closing mark may follow. */
const SPACED_CLOSER = /«[^»]*[.!?…]\s$/u;
/** Unicode's rules leave these with the sentence before. */
const OPENER = /[「『（【〈《]/u;
/** Figures may begin a sentence; Unicode's rules look for the next letter, and take a small one for "no". */
const BEFORE_FIGURE = /[.…]["'”’»)\]]*\s+(?=\p{Nd})/gu;
/** A sentence seems to have ended just here: what follows decides, and no clause of it is cut off before. */
const WHOLE_SO_FAR = /[.!?…。！？]["'”’»)\]」』]*$/u;
const CLAUSE = /[,;:–—]/;
const UNSPACED_CLAUSE = /[、，；：]/u;
/** Spaces also stand around figures, behind shortenings (วันที่ 3 พ.ค.) and before the mark of repetition: no ends. */
const CLAUSE_SPACE = /(?<![\p{Nd}.\s])\s+(?=[^\s\p{Nd}ๆ])/gu;

const segmenterOf = keptFor((code: string) => new Intl.Segmenter(code, { granularity: 'sentence' }));

/** Streaming use of Unicode's sentence rules (UAX #29), which know no abbreviations, and no Thai. */
export class SentenceSplitter {
  readonly #rules: SentenceRules;
  readonly #segmenter: Intl.Segmenter;
  readonly #firstClauseFrom: number;
  readonly #longest: number;
  #text = '';
  #first = true;

  constructor(options: SplitterOptions = {}) {
    const { code, sentences } = options.language ?? languageOf('en');
    this.#rules = sentences;
    this.#segmenter = segmenterOf(code);
    this.#firstClauseFrom = options.firstClauseFrom ?? 24;
    this.#longest = options.longest ?? 400;
  }

  /** Takes more text; gives the pieces that are complete now. */
  push(text: string): string[] {
    this.#text += text;
    const pieces: string[] = [];
    for (;;) {
      const end = this.#cut();
      if (end === undefined) return pieces;
      pieces.push(this.#take(end));
    }
  }

  /** No more text: what is left, if anything. */
  flush(): string[] {
    return this.#text === '' ? [] : [this.#take(this.#text.length)];
  }

  /** No more text, and it was cut off: what is left has no end, and is only worth saying where nothing else was said. */
  flushCut(): string[] {
    if (this.#first) {
      const clause = /^.*[,;:–—、，；：](?=.)/su.exec(this.#text)?.[0] ?? this.#text;
      return clause.trim() === '' ? [] : [this.#take(clause.length)];
    }
    this.#text = '';
    return [];
  }

  /** Nothing is known of what was to follow: the whole sentences of what is left; the rest is forgotten. */
  flushSentences(): string[] {
    const pieces = this.push(' X'); // as if the next one began
    this.#text = '';
    return pieces;
  }

  #take(end: number): string {
    const piece = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    if (piece.trim() !== '') this.#first = false;
    return piece;
  }

  /** Where the first complete piece ends (its white space included), if there is one. */
  #cut(): number | undefined {
    return this.#sentence() ?? this.#clause() ?? tooLong(this.#text, this.#longest);
  }

  #sentence(): number | undefined {
    const text = this.#text;
    for (const end of this.#candidates(text)) {
      if (SAYABLE.test(text.slice(0, end)) && endsSentence(text, end, this.#rules)) return end;
    }
    return undefined;
  }

  /** Where sentences may end, in order; the last one is the end of the text. */
  *#candidates(text: string): Generator<number> {
    for (const { index, segment } of this.#segmenter.segment(text)) {
      for (const match of segment.matchAll(BEFORE_FIGURE)) yield index + match.index + match[0].length;
      let end = index + segment.length;
      while (end < text.length && OPENER.test(text.charAt(end - 1))) end -= 1;
      yield end;
      // « Oui. » Puis …
      if (SPACED_CLOSER.test(text.slice(0, end))) {
        const closed = /^»\s+/.exec(text.slice(end))?.[0].length ?? 0;
        if (closed > 0) yield end + closed;
      }
    }
  }

  #clause(): number | undefined {
    const text = this.#text;
    if (this.#rules.spaceEndsClause) {
      const space = [...text.matchAll(CLAUSE_SPACE)].find(({ index }) => index >= SPACED_CLAUSE_FROM);
      return space && space.index + space[0].length;
    }
    if (!this.#first || this.#firstClauseFrom === 0 || WHOLE_SO_FAR.test(text)) return undefined;
    for (let at = 0; at + 1 < text.length; at++) {
      const char = text.charAt(at);
      if (UNSPACED_CLAUSE.test(char) && at + 1 >= this.#firstClauseFrom / UNSPACED_SHARE) return at + 1;
      if (!CLAUSE.test(char) || at < this.#firstClauseFrom) continue;
      // "1,000" and "8:30" are no clauses; nor is one that the next word may still follow closely.
      const next = blankFrom(text, at + 1);
      if (next > at + 1 && next < text.length) return next;
    }
    return undefined;
  }
}

/** Where a text without any end is cut all the same, if it must be. */
function tooLong(text: string, longest: number): number | undefined {
  if (text.length <= longest) return undefined;
  const space = text.lastIndexOf(' ', longest);
  return space > 0 ? space + 1 : longest;
}

/** Whether a sentence ends before `end`, where Unicode's rules see one end, or where the text does for now. */
function endsSentence(text: string, end: number, rules: SentenceRules): boolean {
  const before = text.slice(0, end);
  const said = before.trimEnd();
  const blank = before.slice(said.length);
  if (blank.includes('\n')) return true;
  let at = said.length - 1;
  while (at > 0 && (CLOSER.test(said.charAt(at)) || said.slice(at).startsWith(' »'))) at -= 1;
  const mark = said.charAt(at);
  if (FIRM_END.test(mark)) return end < text.length; // a closing quote may follow
  if (!END.test(mark) || blank === '') return false;
  const following = text.charAt(end);
  // « Oui. »
  if (following === '»' && SPACED_CLOSER.test(before)) return false;
  if (mark === '.') return endsWithDot(text.slice(0, at), following, rules);
  // "Wait… what?", and "Are you open?" she asked.
  const mayGoOn = mark === '…' || at < said.length - 1;
  return !mayGoOn || (following !== '' && !/\p{Ll}/u.test(following));
}

const LONG_WORD = /^[\p{L}\p{M}'’]{6,}$/u;

/** Whether the dot behind `before` ends a sentence; `following` is the next word's first letter, or empty. */
function endsWithDot(before: string, following: string, rules: SentenceRules): boolean {
  const word = shorteningOf(before);
  const isInitials = /^(?:\p{L}\p{M}*\.)*\p{L}\p{M}*$/u.test(word) && !rules.oneLetterWords.includes(word); // J. R. Smith
  // Dipl.-Ing.
  const isShort = [word, word.split('-').at(-1) ?? word].some((one) => rules.abbreviations.includes(one));
  const isNumber = /^\p{Nd}+$/u.test(word);
  // Not there yet: a long word's end can be trusted, any other may be a shortening that nobody knows.
  if (following === '') return LONG_WORD.test(word) && !isShort && !rules.beforeNumbers.includes(word);
  if (/\p{Ll}/u.test(following)) return false;
  if (isShort) return rules.mayEnd.includes(word) && /\p{Lu}/u.test(following);
  if (isInitials) return false;
  const isOrdinal =
    rules.dottedOrdinals === 'any' || (rules.dottedOrdinals === 'small' && !/\p{Lu}/u.test(following));
  if (isNumber && isOrdinal && word.length <= 2) return false; // am 3. Mai
  return !(rules.beforeNumbers.includes(word) && /\p{Nd}/u.test(following)); // No. 5
}

/** What stands before a dot, in lower case: a word, a number, or a shortening with dots and spaces in it (`z. B`). */
function shorteningOf(before: string): string {
  const match = /(?:\p{L}\p{M}*\.\s?)+\p{L}\p{M}*$|[\p{L}\p{M}\p{N}.-]*$/u.exec(before);
  return (match?.[0] ?? '').toLowerCase().replaceAll(/\s/g, '');
}

function blankFrom(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text.charAt(at))) at++;
  return at;
}
