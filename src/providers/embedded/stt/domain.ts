import {
  CALL_WORDS,
  COMMON_WORDS,
  DIGITS,
  EVERYDAY,
  LETTERS,
  NAME_LEADS,
  NUMBER_LEADS,
  PREFIXES,
  REPEATS,
  SPELLING_LEADS,
  SUFFIXES,
} from './everyday.ts';
import { Grammar, type PrefixTree } from './grammar.ts';
import { arpaModel, type WeightedSentence } from './language-model.ts';
import { letterWord } from './pronunciation.ts';
import { WordPairs } from './word-pairs.ts';
import { FAMILY_NAMES, FIRST_NAMES } from '../names.ts';
import { seeded } from '../random.ts';
import { spokenWords } from '../words.ts';

/** What one agent's callers may say: the same knowledge as a strict grammar and as a loose model. */
export interface Domain {
  /** All words, for the dictionary. */
  readonly vocabulary: ReadonlySet<string>;
  /** sphinxbase FSG. */
  readonly fsg: string;
  /** ARPA trigrams. */
  readonly arpa: string;
  /** Pairs of words that the sentences have side by side. */
  readonly familiar: WordPairs;
}

/** Weights of the parts against each other; a phrase of the agent's own weighs 1. */
const WEIGHTS = { prefix: 0.3, suffix: 1, everyday: 2, digits: 60, names: 40, spelling: 10 } as const;

/** A telephone number and nothing else: what no other words compete with is heard far better. */
export function numberGrammar(): string {
  const grammar = new Grammar();
  const digits = repeatable(grammar, DIGITS);
  enter(grammar, NUMBER_LEADS, digits, 0.4, new Map());
  follow(grammar, grammar.start, digits, DIGITS);
  return grammar.toFsg();
}

/** Builds both models from the sentences that an agent expects. */
export function buildDomain(phrases: readonly string[]): Domain {
  const own = unique(phrases.map(spokenWords));
  const everyday = unique(EVERYDAY.map(spokenWords));
  const vocabulary = new Set<string>(
    [
      ...own,
      ...everyday,
      ...[...PREFIXES, ...SUFFIXES, ...NUMBER_LEADS, ...NAME_LEADS, ...SPELLING_LEADS].map(spokenWords),
      DIGITS,
      REPEATS,
      LETTERS.map(letterWord),
      FIRST_NAMES,
      FAMILY_NAMES,
      CALL_WORDS,
      COMMON_WORDS,
    ].flat(),
  );
  const sentences = [...sampleSentences(own, everyday)];
  return {
    vocabulary,
    familiar: new WordPairs(sentences.map(({ words }) => words)),
    fsg: buildGrammar(own, everyday).toFsg(),
    arpa: arpaModel(sentences, vocabulary, new Set([...FIRST_NAMES, ...FAMILY_NAMES])),
  };
}

function unique(sentences: readonly (readonly string[])[]): string[][] {
  const seen = new Map<string, string[]>();
  for (const words of sentences) if (words.length > 0) seen.set(words.join(' '), [...words]);
  return [...seen.values()];
}

function buildGrammar(own: readonly string[][], everyday: readonly string[][]): Grammar {
  const grammar = new Grammar();
  const tree: PrefixTree = new Map();
  const { start, final } = grammar;
  for (const words of own) grammar.sentence(start, words, final, 1, tree);
  for (const words of everyday) grammar.sentence(start, words, final, WEIGHTS.everyday, tree);

  // Loops of their own: what may come before, and after, any number of times.
  const before: PrefixTree = new Map();
  const after: PrefixTree = new Map();
  const prefixWeight = (WEIGHTS.prefix * own.length) / PREFIXES.length;
  for (const words of PREFIXES.map(spokenWords)) grammar.sentence(start, words, start, prefixWeight, before);
  for (const words of SUFFIXES.map(spokenWords)) {
    grammar.sentence(final, words, final, WEIGHTS.suffix / SUFFIXES.length, after);
  }

  series(grammar, DIGITS, NUMBER_LEADS, WEIGHTS.digits / 2, tree);
  series(grammar, LETTERS.map(letterWord), SPELLING_LEADS, WEIGHTS.spelling / 2, tree);
  addNames(grammar, tree);
  grammar.minimise();
  return grammar;
}

/** Digits or letters, any number of them, with or without words that lead to them. */
function series(
  grammar: Grammar,
  items: readonly string[],
  leads: readonly string[],
  weight: number,
  tree: PrefixTree,
): void {
  const loop = repeatable(grammar, items);
  enter(grammar, leads, loop, weight, tree);
  const direct = grammar.state();
  for (const item of items) grammar.add(grammar.start, item, direct, weight / items.length);
  follow(grammar, direct, loop, items);
}

/** A state where any number of `items` follows, each perhaps doubled; after each it may be over. */
function repeatable(grammar: Grammar, items: readonly string[]): number {
  const loop = grammar.state();
  follow(grammar, loop, loop, items);
  grammar.mayEnd(loop);
  return loop;
}

function follow(grammar: Grammar, from: number, loop: number, items: readonly string[]): void {
  const doubled = grammar.state();
  for (const item of items) {
    grammar.add(from, item, loop, 1);
    grammar.add(doubled, item, loop, 1);
  }
  for (const repeat of REPEATS) grammar.add(from, repeat, doubled, items.length * 0.02);
}

function enter(
  grammar: Grammar,
  leads: readonly string[],
  to: number,
  weight: number,
  tree: PrefixTree,
): void {
  for (const lead of leads)
    grammar.sentence(grammar.start, spokenWords(lead), to, weight / leads.length, tree);
}

function addNames(grammar: Grammar, tree: PrefixTree): void {
  const named = grammar.state();
  const family = grammar.state();
  enter(grammar, NAME_LEADS, named, WEIGHTS.names / 2, tree);
  for (const name of FIRST_NAMES) {
    grammar.add(named, name, family, 0.8);
    grammar.add(named, name, grammar.final, 0.2);
    grammar.add(grammar.start, name, family, WEIGHTS.names / 2 / FIRST_NAMES.length);
    grammar.add(grammar.start, name, grammar.final, WEIGHTS.names / 20 / FIRST_NAMES.length);
  }
  for (const name of FAMILY_NAMES) grammar.add(family, name, grammar.final, 1);
}

/** Sentences for the trigrams: the phrases alone and with polite words around them, and samples of names and numbers. */
function* sampleSentences(
  own: readonly string[][],
  everyday: readonly string[][],
): Generator<WeightedSentence> {
  const random = seeded(1);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  for (const words of own) {
    yield { words, weight: 3 };
    for (let n = 0; n < 2; n++) yield { words: [...spokenWords(pick(PREFIXES)), ...words], weight: 0.5 };
    yield { words: [...words, ...spokenWords(pick(SUFFIXES))], weight: 0.5 };
  }
  for (const words of everyday) yield { words, weight: 3 };
  for (let n = 0; n < 400; n++) {
    const number: string[] = random() < 0.5 ? spokenWords(pick(NUMBER_LEADS)) : [];
    const length = 3 + Math.floor(random() * 9);
    for (let k = 0; k < length; k++) {
      if (random() < 0.06) number.push(pick(REPEATS));
      number.push(pick(DIGITS));
    }
    yield { words: number, weight: 0.5 };
  }
  for (let n = 0; n < 600; n++) {
    const lead = random() < 0.7 ? spokenWords(pick(NAME_LEADS)) : [];
    yield { words: [...lead, pick(FIRST_NAMES), pick(FAMILY_NAMES)], weight: 0.3 };
  }
  for (let n = 0; n < 100; n++) {
    const letters = Array.from({ length: 3 + Math.floor(random() * 6) }, () => letterWord(pick(LETTERS)));
    yield { words: [...(random() < 0.5 ? spokenWords(pick(SPELLING_LEADS)) : []), ...letters], weight: 0.3 };
  }
}
