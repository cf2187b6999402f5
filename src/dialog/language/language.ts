import type { StockPhrase } from '../contract/stock-phrases.ts';

/**
 * What the program must know of a language that an agent speaks. Words are lower case, and cut as `wordsOf`
 * cuts them; lists are what native speakers say on the telephone, not what a grammar would allow.
 */
export interface Language {
  /** ISO 639-1 code, the first part of a BCP 47 tag: `de` of `de-AT`. */
  readonly code: string;
  /** What is said beside the conversation, where the agent's configuration doesn't say it otherwise. */
  readonly phrases: Readonly<Partial<Record<StockPhrase, string>>>;
  /** Words of somebody who listens and doesn't want to speak, and with which they ask to go on; a group of words counts as a whole. */
  readonly backchannels: readonly string[];
  /** What is said to stop whoever speaks, and hardly to anybody else: "stop", "hold on", "hello?". */
  readonly urgent: readonly string[];
  /** Last words after which nobody has finished: conjunctions, articles, prepositions, "um". */
  readonly openEnds: readonly string[];
  /** What is said before what one wants: "I have a question". The end of a sentence; a group of words counts as a whole. */
  readonly announced: readonly string[];
  /** Turns that are whole as they stand: "yes please", "goodbye". */
  readonly complete: readonly string[];
  readonly numbers: NumberWords;
  /** How an agent's question is told by its last sentence. */
  readonly asks: AskingWords;
  readonly sentences: SentenceRules;
  /** How figures and signs are read; missing: they are left as they are. */
  readonly reading?: Reading;
}

/** Words of numbers as they are dictated, beside those that count (counting-words.ts); figures are known anyway. */
export interface NumberWords {
  /** What is said in the place of a word that counts, or of a part of one: `zero` → "oh", `zwei` → "zwo". */
  readonly others: Readonly<Record<string, readonly string[]>>;
  /** How many noughts they have that stand behind a number: "hundred" 2, "thousand" 3. */
  readonly scales: Readonly<Record<string, number>>;
  /** How many times more the figure is meant that follows: "double" 1. */
  readonly repeats: Readonly<Record<string, number>>;
  /** What is said between the figures of one number: "uh", "and then", "dash". */
  readonly between: readonly string[];
}

export const NO_NUMBER_WORDS: NumberWords = { others: {}, scales: {}, repeats: {}, between: [] };

/** Words for what is written in signs. */
export interface Reading {
  /** "five dollars *per* month". */
  readonly per: string;
  /** "*plus* 4 4", before a telephone number. */
  readonly plus: string;
  /** The keys of a telephone that aren't figures. */
  readonly keys: { readonly hash: string; readonly star: string };
  /** The signs in an address of the net. */
  readonly address: {
    readonly dot: string;
    readonly slash: string;
    readonly at: string;
    readonly dash: string;
    readonly underscore: string;
  };
}

/** Words of a question, by the answer that it wants. */
export interface AskingWords {
  /** One that is dictated: a telephone number, a date of birth, a code. */
  readonly number: readonly string[];
  /** A name, or what is spelled like one: an address. */
  readonly name: readonly string[];
  /** Neither yes nor no: who, what, when. */
  readonly openly: readonly string[];
  /** Yes or no, by how such a question begins: "are you", "is there". */
  readonly whether?: readonly string[];
  /** Days and hours of which yes or no is asked; greetings ("good morning") don't have them. */
  readonly when?: readonly string[];
}

/** How sentences are told apart, beyond what Unicode's rules (UAX #29, `Intl.Segmenter`) know. */
export interface SentenceRules {
  /** Shortenings whose dot ends no sentence, without their last dot; inner dots stay, spaces go: `z.b`. */
  readonly abbreviations: readonly string[];
  /** Those of them that do end one if a capital letter follows. */
  readonly mayEnd: readonly string[];
  /** Shortenings only before a figure: "No. 5". */
  readonly beforeNumbers: readonly string[];
  /**
   * A number and a dot are an ordinal number: "am 3. Mai". `small`: only before a small letter ("3. maja"), as nouns have no
   * capitals.
   */
  readonly dottedOrdinals: 'any' | 'small' | false;
  /** Words of one letter that may end a sentence: "So do I." */
  readonly oneLetterWords: readonly string[];
  /** Sentences have no mark at their end: a space stands between clauses (Thai). */
  readonly spaceEndsClause: boolean;
}

/** Where nothing but the script's own rules applies. */
export const PLAIN_SENTENCES: SentenceRules = {
  abbreviations: [],
  mayEnd: [],
  beforeNumbers: [],
  dottedOrdinals: false,
  oneLetterWords: [],
  spaceEndsClause: false,
};

/** A list as it is written here: words with spaces between them; groups of words with `_`. */
export function list(text: string): readonly string[] {
  return text
    .trim()
    .split(/\s+/)
    .map((entry) => entry.replaceAll('_', ' '));
}
