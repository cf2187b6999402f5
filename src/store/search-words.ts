import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Tables } from './schema.ts';

/** What of a call, or a message, is searched. */
export interface Searched {
  readonly id: string;
  readonly kind: 'call' | 'message';
  readonly at: number;
  readonly words: string;
  /** Names and numbers: any part of them is found. */
  readonly names: string;
}

/** Full-text search, as one kind of database does it. What it is given are `wordsOf` and `questionOf`. */
export interface SearchIndex {
  /** Its tables, in the first migration. */
  create(db: Kysely<unknown>): Promise<void>;
  /** The words that there are, where they aren't at hand by themselves; with those that are there already. */
  createWords?(db: Kysely<unknown>): Promise<void>;
  /** Short beginnings of words, where they aren't found quickly by themselves; of those that are there already, too. */
  indexBeginnings?(db: Kysely<unknown>): Promise<void>;
  /** Takes a text up, or the place of an older one of that id. */
  put(db: Kysely<Tables>, searched: Searched): Promise<void>;
  remove(db: Kysely<Tables>, ids: readonly string[]): Promise<void>;
  /** What was removed is gone from the disk, too. Takes seconds in a large database; not in a transaction. */
  purge(db: Kysely<Tables>): Promise<void>;
  /**
   * The `n` in `search` of those that have all that is asked for, be it in their words or in their names: so many of either at
   * most, the newest ones, and of those only that are older than `before` (an `n`).
   */
  among(
    question: readonly (readonly string[])[],
    newest: number,
    before?: number,
  ): RawBuilder<{ readonly n: number }>;
}

export interface Found {
  readonly id: string;
  readonly kind: 'call' | 'message';
  /** Its place among all that is searched: what comes later has a higher one. */
  readonly n: number;
}

/** Those that have all that is asked for, newest first; `before`: and are older. */
export async function find(
  { db, search }: { readonly db: Kysely<Tables>; readonly search: SearchIndex },
  question: readonly (readonly string[])[],
  limit: number,
  before?: number,
): Promise<readonly Found[]> {
  const among = search.among(question, limit, before);
  const { rows } = await sql<Found>`
    select id, kind, n from search where n in (${among}) order by n desc limit ${limit}`.execute(db);
  return rows;
}

/** Scripts that put no spaces between words: each letter is looked for by itself. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]\p{M}*/gu;
const LATIN_MARKS = /[\u0300-\u036f]/g;
const LONGEST = 60;

/**
 * A text as it is searched: words without capitals, accents and punctuation, with spaces between them. What isn't
 * a to z or a figure is spelt by its code points, so that no database cuts it in a way of its own.
 */
export function wordsOf(text: string): string {
  return cut(text).join(' ');
}

/** What is to be found: of each word its beginning; what was joined ("13-09", an unspaced script) in this order. */
export function questionOf(text: string): string[][] {
  return text
    .split(/\s+/u)
    .map(cut)
    .filter((words) => words.length > 0);
}

/** Whether words are looked for that only begin so: not by a single letter, which too many do. */
export function areBeginnings(words: readonly string[]): boolean {
  return words.join('').length > 1;
}

/** A shorter part of a name isn't looked for: it is in too many. */
const SHORTEST_PART = 3;

/** The parts of names that are asked for; undefined: one is too short. */
export function partsOf(question: readonly (readonly string[])[]): string[] | undefined {
  const parts = question.map((words) => words.join(' '));
  return parts.every((part) => part.length >= SHORTEST_PART) ? parts : undefined;
}

function cut(text: string): string[] {
  const plain = text.normalize('NFKD').replace(LATIN_MARKS, '').normalize('NFKC').toLowerCase();
  return plain
    .replace(UNSPACED, ' $& ')
    .split(/[^\p{L}\p{N}\p{M}]+/u)
    .filter((word) => word !== '')
    .map((word) => (/^[a-z0-9]+$/.test(word) ? word.slice(0, LONGEST) : spelt(word.slice(0, LONGEST / 4))));
}

/** Begins with what a shorter word's spelling is, as the word does. */
function spelt(word: string): string {
  return `x${Array.from(word, (letter) => (letter.codePointAt(0) ?? 0).toString(16).padStart(5, '0')).join('')}`;
}
