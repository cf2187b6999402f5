/**
 * Cuts a stream of text into pieces worth speaking: sentences, and at the very beginning of a reply a
 * clause, if no more than that is there yet, so that speech can begin early. Pieces joined give the text back.
 */
export interface SplitterOptions {
  /** The first piece may end at a comma once it is this long, characters; 0 turns that off. */
  readonly firstClauseFrom?: number;
  /** A piece without any end is cut at a space when it gets this long, characters. */
  readonly longest?: number;
}

/** Text that comes in any pieces, in pieces that are worth speaking. An empty one: nothing follows for now. */
export async function* inSentences(
  text: AsyncIterable<string>,
  options: SplitterOptions = {},
): AsyncGenerator<string> {
  const splitter = new SentenceSplitter(options);
  for await (const piece of text) yield* piece === '' ? splitter.flush() : splitter.push(piece);
  yield* splitter.flush();
}

/** The sentences of a text that is there as a whole. */
export function sentencesIn(text: string, options: SplitterOptions = {}): string[] {
  const splitter = new SentenceSplitter({ firstClauseFrom: 0, ...options });
  return [...splitter.push(text), ...splitter.flush()];
}

/** Shortenings whose dot ends no sentence. */
const ABBREVIATIONS = new Set(
  (
    'mr mrs ms dr prof rev hon st sr jr gen col sgt capt lt vs etc inc ltd co corp dept nos vol approx apt ave blvd ' +
    'rd mt e.g i.e a.m p.m u.s u.k jan feb apr jun jul aug sept oct nov tue tues wed thu thur thurs fri'
  ).split(' '),
);
/** Shortenings that often do end one: they do if a capital letter follows. */
const MAY_END = new Set([
  'etc',
  'a.m',
  'p.m',
  'inc',
  'ltd',
  'co',
  'u.s',
  'u.k',
  'jr',
  'sr',
  'ave',
  'blvd',
  'rd',
]);
const END = /[.!?…。！？]/;
const CLOSER = /["'”’»)\]]/;
const CLAUSE = /[,;:–—]/;

export class SentenceSplitter {
  readonly #firstClauseFrom: number;
  readonly #longest: number;
  #text = '';
  #first = true;

  constructor(options: SplitterOptions = {}) {
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

  #take(end: number): string {
    const piece = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    if (piece.trim() !== '') this.#first = false;
    return piece;
  }

  /** Where the first complete piece ends (its white space included), if there is one. */
  #cut(): number | undefined {
    const text = this.#text;
    let clause: number | undefined;
    for (let at = 0; at < text.length; at++) {
      const char = text.charAt(at);
      if (char === '\n' && text.slice(0, at).trim() !== '') return blankFrom(text, at);
      if (END.test(char)) {
        const after = closersFrom(text, at + 1);
        if (after >= text.length) return tooLong(text, this.#longest); // what follows decides
        if (!/\s/.test(text.charAt(after))) continue;
        const next = blankFrom(text, after);
        if (char === '.' && !endsSentence(text, at, next)) {
          if (next >= text.length) break;
          continue;
        }
        return next;
      }
      if (this.#first && this.#firstClauseFrom > 0 && at >= this.#firstClauseFrom && CLAUSE.test(char)) {
        const next = blankFrom(text, at + 1);
        // "1,000" and "8:30" are no clauses; nor is one that the next word may still follow closely.
        if (next > at + 1 && next < text.length) clause ??= next;
      }
    }
    return clause ?? tooLong(text, this.#longest);
  }
}

/** Where a text without any end is cut all the same, if it must be. */
function tooLong(text: string, longest: number): number | undefined {
  if (text.length <= longest) return undefined;
  const space = text.lastIndexOf(' ', longest);
  return space > 0 ? space + 1 : longest;
}

/** Whether the dot at `at` ends a sentence; `next` is where the next word begins, if it is there already. */
function endsSentence(text: string, at: number, next: number): boolean {
  const word = /[\p{L}\p{N}.]*$/u.exec(text.slice(0, at))?.[0].toLowerCase() ?? '';
  const following = text.charAt(next);
  if (following === '') {
    // Not there yet: an ordinary word's end can be trusted, any other has to wait for it.
    return !ABBREVIATIONS.has(word) && !/^\p{L}$/u.test(word) && !/^\d+$/.test(word);
  }
  if (/\p{Ll}/u.test(following)) return false;
  if (/^\p{L}$/u.test(word) && word !== 'i') return false; // J. Smith
  if (ABBREVIATIONS.has(word)) return MAY_END.has(word) && /\p{Lu}/u.test(following);
  if (word === 'no' && /\d/.test(following)) return false; // No. 5
  return true;
}

function closersFrom(text: string, from: number): number {
  let at = from;
  while (at < text.length && (END.test(text.charAt(at)) || CLOSER.test(text.charAt(at)))) at++;
  return at;
}

function blankFrom(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text.charAt(at))) at++;
  return at;
}
