import { DIGITS, LETTERS, PREFIXES, REPEATS, SUFFIXES } from './everyday.ts';
import { FAMILY_NAMES, FIRST_NAMES } from '../names.ts';
import { spokenWords } from '../words.ts';

const START = '<s>';
const END = '</s>';

/** Words that stand for each other: any digit may follow where one may. */
const CLASSES = new Map<string, string>([
  ...LETTERS.filter((letter) => letter !== 'a' && letter !== 'i').map((word) => [word, '<letter>'] as const),
  ...FAMILY_NAMES.map((word) => [word, '<family>'] as const),
  ...FIRST_NAMES.map((word) => [word, '<first>'] as const),
  ...[...DIGITS, ...REPEATS].map((word) => [word, '<digit>'] as const),
]);

/** Which words an agent's callers are expected to say side by side: what fits nowhere was probably misheard. */
export class WordPairs {
  readonly #known = new Set<string>();

  constructor(sentences: Iterable<readonly string[]>) {
    const first = new Set<string>();
    const last = new Set<string>();
    const add = (words: readonly string[]): void => {
      const said = words.map((word) => classOf(word.replace(/\.$/, '')));
      for (const pair of pairs(said)) this.#known.add(pair);
    };
    for (const words of sentences) {
      add(words);
      first.add(words[0] ?? '');
      last.add(words.at(-1) ?? '');
    }
    for (const words of [...PREFIXES, ...SUFFIXES].map(spokenWords)) {
      add(words);
      for (const word of first) this.#known.add(`${classOf(words.at(-1) ?? '')} ${classOf(word)}`);
      for (const word of last) this.#known.add(`${classOf(word)} ${classOf(words[0] ?? '')}`);
    }
    for (const name of ['<digit>', '<letter>']) this.#known.add(`${name} ${name}`).add(`${name} ${END}`);
  }

  /** Share of the pairs in `words`, with beginning and end, that are known: 0 … 1. */
  share(words: readonly string[]): number {
    const all = pairs(words.map(classOf));
    return all.filter((pair) => this.#known.has(pair)).length / all.length;
  }
}

function classOf(word: string): string {
  return CLASSES.get(word) ?? word;
}

function pairs(words: readonly string[]): string[] {
  return [...words, END].map((word, n) => `${words[n - 1] ?? START} ${word}`);
}
