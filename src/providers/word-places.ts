import type { WordPlace } from '../dialog/contract/speech.ts';

/** A word as a provider tells it, in seconds of the sound that it was given. */
export interface HeardWord {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** How exact a provider's times are nobody promises: a word has so many frames more on both sides (200 ms). */
const BESIDE_FRAMES = 10;

/**
 * Where each word of `text` (what spaces part) was heard. A provider may cut words in another way ("twenty", "-five") and leave
 * out punctuation, so they are brought together letter by letter. Undefined: they aren't this text's, or have no sensible times.
 */
export function wordPlaces(
  text: string,
  words: readonly HeardWord[],
  frameAt: (seconds: number) => number,
): readonly WordPlace[] | undefined {
  const ordered = words.every(
    ({ start, end }, n) => start >= (words[n - 1]?.start ?? 0) && end >= start && Number.isFinite(end),
  );
  const parts = text.split(/\s+/).filter(Boolean);
  if (!ordered || words.length === 0 || words.map(({ word }) => plain(word)).join('') !== plain(text))
    return undefined;
  /** By the letter: which word it is of. */
  const ofLetter = words.flatMap((one) => Array.from(plain(one.word), () => one));
  let at = 0;
  return parts.map((part) => {
    const length = Array.from(plain(part)).length;
    // A dash by itself has the place of its neighbour.
    const first = ofLetter[Math.min(at, ofLetter.length - 1)] ?? words[0];
    const last = ofLetter[Math.max(0, at + length - 1)] ?? first;
    at += length;
    return {
      frame: frameAt(first?.start ?? 0) - BESIDE_FRAMES,
      toFrame: frameAt(Math.max(first?.end ?? 0, last?.end ?? 0)) + BESIDE_FRAMES,
    };
  });
}

/** What of an answer are words; anything else in it is left out. */
export function heardWords(value: unknown): HeardWord[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown): HeardWord[] => {
    if (typeof one !== 'object' || one === null) return [];
    const { word, words, start, end } = one as Readonly<Record<string, unknown>>;
    if (typeof word === 'string' && typeof start === 'number' && typeof end === 'number')
      return [{ word, start, end }];
    // Cartesia's SDK has them column by column.
    return Array.isArray(words) && Array.isArray(start) && Array.isArray(end)
      ? words.flatMap((each: unknown, n) =>
          heardWords([{ word: each, start: (start as unknown[])[n], end: (end as unknown[])[n] }]),
        )
      : [];
  });
}

function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '');
}
