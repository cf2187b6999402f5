import { readFileSync } from 'node:fs';
import { ARPABET } from '../../../dialog/contract/agent-profile.ts';
import { guessPhones } from './letter-to-sound.ts';

const UNVOICED = new Set(['F', 'K', 'P', 'T', 'TH']);
const SIBILANT = new Set(['CH', 'JH', 'S', 'SH', 'Z', 'ZH']);

/** A letter said by its name is the word `x.` of the dictionary. */
export const letterWord = (letter: string): string => `${letter}.`;

export interface Pronunciations {
  /** Word → phones of each way to say it. */
  readonly byWord: ReadonlyMap<string, readonly string[]>;
  /** Words that no dictionary has, with the phones that were guessed from their spelling. */
  readonly guessed: ReadonlyMap<string, string>;
  /** Entries of the agent's own pronunciations that aren't ARPAbet, with the reason; not used. */
  readonly refused: ReadonlyMap<string, string>;
}

/** A CMU dictionary (3 MB of text). */
export class Dictionary {
  readonly #entries = new Map<string, string[]>();

  constructor(path: string) {
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const space = line.indexOf(' ');
      if (space <= 0) continue;
      const bracket = line.indexOf('(');
      const word = line.slice(0, bracket > 0 && bracket < space ? bracket : space);
      const phones = line.slice(space + 1).trim();
      const known = this.#entries.get(word);
      if (known) known.push(phones);
      else this.#entries.set(word, [phones]);
    }
  }

  /** Phones of all `words`: the agent's own first, then the dictionary's, then a guess from the spelling. */
  lookup(words: Iterable<string>, own: Readonly<Record<string, string>> = {}): Pronunciations {
    const byWord = new Map<string, readonly string[]>();
    const guessed = new Map<string, string>();
    const refused = new Map<string, string>();
    const agents = new Map<string, string>();
    for (const [word, phones] of Object.entries(own)) {
      const plain = phones.toUpperCase().replace(/\d/g, '').trim().split(/\s+/);
      const wrong = plain.find((phone) => !ARPABET.includes(phone));
      if (wrong === undefined) agents.set(word.toLowerCase(), plain.join(' '));
      else refused.set(word, `"${wrong}" is no ARPAbet phone`);
    }
    for (const word of words) {
      const given = agents.get(word);
      const known = given === undefined ? this.#known(word) : [given];
      byWord.set(word, known ?? [guessPhones(word)]);
      if (!known) guessed.set(word, (byWord.get(word) as string[])[0] as string);
    }
    return { byWord, guessed, refused };
  }

  #known(word: string): readonly string[] | undefined {
    return this.#entries.get(word) ?? this.#inflected(word) ?? this.#compound(word);
  }

  /** `harper's`, `riversides`: a known word with an ending. */
  #inflected(word: string): readonly string[] | undefined {
    const stem = /^(.{3,}?)'?s$/.exec(word)?.[1];
    const known = stem === undefined ? undefined : this.#entries.get(stem);
    return known?.map((phones) => {
      const last = phones.slice(phones.lastIndexOf(' ') + 1);
      return `${phones} ${SIBILANT.has(last) ? 'IH Z' : UNVOICED.has(last) ? 'S' : 'Z'}`;
    });
  }

  /** `stationroad`: two known words of at least three letters. */
  #compound(word: string): readonly string[] | undefined {
    for (let cut = word.length - 3; cut >= 3; cut--) {
      const head = this.#entries.get(word.slice(0, cut))?.[0];
      const tail = this.#entries.get(word.slice(cut))?.[0];
      if (head !== undefined && tail !== undefined) return [`${head} ${tail}`];
    }
    return undefined;
  }
}

/** The dictionary file that a decoder reads. */
export function dictionaryFile(pronunciations: Pronunciations): string {
  const lines: string[] = [];
  for (const [word, ways] of pronunciations.byWord) {
    ways.forEach((phones, n) => lines.push(`${word}${n === 0 ? '' : `(${n + 1})`} ${phones}`));
  }
  return lines.join('\n') + '\n';
}
