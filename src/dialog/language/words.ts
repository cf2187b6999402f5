import { keptFor } from '../../lib/kept-for.ts';
import type { Language } from './language.ts';

/** Scripts that put no space between words; a run of them is told apart by a dictionary (ICU's). */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

const RUN = /[\p{L}\p{M}\p{N}]+(?:'[\p{L}\p{M}\p{N}]+)*/gu;

/** Whether the text is written without spaces between words, at least in part. */
export function isUnspaced(text: string): boolean {
  return UNSPACED.test(text);
}

/** Runs of letters and figures in lower case, without punctuation: words, where words have spaces between them. */
export function runsOf(text: string): string[] {
  return text.toLowerCase().replaceAll('’', "'").match(RUN) ?? [];
}

const segmenterOf = keptFor(
  (code: string) => new Intl.Segmenter(code === '' ? 'en' : code, { granularity: 'word' }),
);

/** The words of a text in lower case, without punctuation; in a script without spaces as ICU's dictionary has them. */
export function wordsOf(text: string, code: string): string[] {
  return runsOf(text).flatMap((run) =>
    isUnspaced(run) ? [...segmenterOf(code).segment(run)].map(({ segment }) => segment) : [run],
  );
}

/** Whether a word begins there. */
export function startsWord(text: string, at: number, code: string): boolean {
  return segmenterOf(code).segment(text).containing(at)?.index === at;
}

/** Whether `text` repeats what was said before, or its beginning (a recogniser's late word). */
export function repeats(text: string, before = ''): boolean {
  const [words, said] = [runsOf(text), runsOf(before)];
  const last = words.length - 1;
  return (
    last >= 0 &&
    words.every((word, at) =>
      // Without spaces, the end of what has been heard so far may lie in the middle of a run.
      at === last && isUnspaced(word) ? (said[at]?.startsWith(word) ?? false) : said[at] === word,
    )
  );
}

/** Words and groups of words, to be asked whether they make up a text, or stand at its end. */
export class Vocabulary {
  readonly #code: string;
  readonly #whole: ReadonlySet<string>;
  readonly #longest: number;

  constructor(entries: readonly string[], { code }: Pick<Language, 'code'>) {
    this.#code = code;
    this.#whole = new Set(entries.map((entry) => runsOf(entry).join(' ')));
    this.#longest = Math.max(0, ...entries.map((entry) => runsOf(entry).length));
  }

  /** The text is one of the entries. */
  isWhole(text: string): boolean {
    const runs = runsOf(text);
    return this.#whole.has(runs.join(' ')) || (isUnspaced(text) && this.#whole.has(runs.join('')));
  }

  /** The text consists of entries and nothing else; an empty one does, too. */
  covers(text: string): boolean {
    return this.othersIn(text) === 0;
  }

  /** How many words of the text belong to no entry. */
  othersIn(text: string): number {
    const runs = runsOf(text);
    let others = 0;
    for (let at = 0; at < runs.length;) {
      const run = runs[at] ?? '';
      let count = Math.min(this.#longest, runs.length - at);
      while (count > 0 && !this.#whole.has(runs.slice(at, at + count).join(' '))) count -= 1;
      if (count === 0 && isUnspaced(run) && this.#coversRun(run)) count = 1;
      if (count === 0) others += Math.max(1, wordsOf(run, this.#code).length);
      at += Math.max(1, count);
    }
    return others;
  }

  /** The text's last word is one of the entries. */
  endsWith(text: string): boolean {
    const last = wordsOf(text, this.#code).at(-1);
    return last !== undefined && this.#whole.has(last);
  }

  /** One of the entries, of however many words, stands at the text's end. */
  closes(text: string): boolean {
    const runs = runsOf(text);
    const all = runs.join('');
    if (isUnspaced(all)) return [...this.#whole].some((entry) => all.endsWith(entry));
    return Array.from({ length: this.#longest }, (_none, more) => runs.slice(-more - 1).join(' ')).some(
      (group) => this.#whole.has(group),
    );
  }

  /** One of the entries stands somewhere in the text. */
  occursIn(text: string): boolean {
    const runs = runsOf(text);
    const all = runs.join('');
    if (isUnspaced(all)) return [...this.#whole].some((entry) => all.includes(entry));
    return runs.some((_, at) =>
      Array.from({ length: this.#longest }, (_none, more) => runs.slice(at, at + more + 1).join(' ')).some(
        (group) => this.#whole.has(group),
      ),
    );
  }

  has(word: string): boolean {
    return this.#whole.has(word);
  }

  /** A run without spaces consists of entries. */
  #coversRun(run: string): boolean {
    const reached = new Array<boolean>(run.length + 1).fill(false);
    reached[0] = true;
    for (let from = 0; from < run.length; from++) {
      if (!reached[from]) continue;
      for (let to = from + 1; to <= run.length; to++) {
        if (this.#whole.has(run.slice(from, to))) reached[to] = true;
      }
    }
    return reached[run.length] === true;
  }
}
