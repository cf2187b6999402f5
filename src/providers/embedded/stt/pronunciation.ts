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

const [NEWLINE, SPACE, BRACKET] = [0x0a, 0x20, 0x28];

/**
 * A CMU dictionary (3 MB of text, 135,000 lines such as `read(2) R IY D`): an open hash table of where the lines begin. 4 MB;
 * as strings in a Map it was 60, and took twice as long to read.
 */
export class Dictionary {
  readonly #text: Buffer;
  /** One more than the place of a line; 0: empty. Lines of one word stand in their order. */
  readonly #places: Uint32Array;

  constructor(path: string) {
    const text = readFileSync(path);
    this.#text = text;
    const starts: number[] = [];
    for (let start = 0; start < text.length; start = this.#lineEnd(start) + 1) starts.push(start);
    this.#places = new Uint32Array(2 ** Math.ceil(Math.log2(2 * starts.length + 1)));
    for (const start of starts) {
      const end = this.#wordEnd(start);
      if (end === start) continue;
      let slot = this.#slot(text, start, end);
      while (this.#places[slot] !== 0) slot = (slot + 1) % this.#places.length;
      this.#places[slot] = start + 1;
    }
  }

  #lineEnd(start: number): number {
    const end = this.#text.indexOf(NEWLINE, start);
    return end < 0 ? this.#text.length : end;
  }

  /** Where the word of a line ends: before its phones, or its number in brackets. The start: the line has none. */
  #wordEnd(start: number): number {
    for (let at = start; at < this.#text.length; at++) {
      const byte = this.#text[at];
      if (byte === SPACE || (byte === BRACKET && at > start)) return at;
      if (byte === NEWLINE) break;
    }
    return start;
  }

  /** FNV-1a. */
  #slot(bytes: Uint8Array, from: number, to: number): number {
    let hash = 0x811c9dc5;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    return (hash >>> 0) % this.#places.length;
  }

  /** Its ways to be said; undefined: it isn't there. */
  #ways(word: string): readonly string[] | undefined {
    const bytes = Buffer.from(word);
    const ways: string[] = [];
    for (let slot = this.#slot(bytes, 0, bytes.length); ; slot = (slot + 1) % this.#places.length) {
      const place = this.#places[slot] as number;
      if (place === 0) break;
      const start = place - 1;
      const end = this.#wordEnd(start);
      if (end - start !== bytes.length || bytes.compare(this.#text, start, end) !== 0) continue;
      const line = this.#text.toString('utf8', end, this.#lineEnd(start));
      ways.push(line.slice(line.indexOf(' ') + 1).trim());
    }
    return ways.length > 0 ? ways : undefined;
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
    return this.#ways(word) ?? this.#inflected(word) ?? this.#compound(word);
  }

  /** `harper's`, `riversides`: a known word with an ending. */
  #inflected(word: string): readonly string[] | undefined {
    const stem = /^(.{3,}?)'?s$/.exec(word)?.[1];
    const known = stem === undefined ? undefined : this.#ways(stem);
    return known?.map((phones) => {
      const last = phones.slice(phones.lastIndexOf(' ') + 1);
      return `${phones} ${SIBILANT.has(last) ? 'IH Z' : UNVOICED.has(last) ? 'S' : 'Z'}`;
    });
  }

  /** `stationroad`: two known words of at least three letters. */
  #compound(word: string): readonly string[] | undefined {
    for (let cut = word.length - 3; cut >= 3; cut--) {
      const head = this.#ways(word.slice(0, cut))?.[0];
      const tail = this.#ways(word.slice(cut))?.[0];
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
