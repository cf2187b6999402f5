import type { Milliseconds } from '../../lib/clock.ts';
import type { Language } from '../language/language.ts';
import { isUnspaced, Vocabulary, wordsOf } from '../language/words.ts';

/** What is known of a turn in which the caller pauses. */
export interface PausingTurn {
  /** What they have said in it so far, or the recogniser's guess; empty if it has none. */
  readonly text: string;
}

/** Decides how long the caller may pause before their turn is taken to be over. */
export interface EndpointingPolicy {
  /** `ordinaryMs`: the pause where nothing speaks for another one. */
  pauseAfter(turn: PausingTurn, ordinaryMs: Milliseconds): Milliseconds;
}

/** A telephone number is hardly longer (E.164: 15 digits) or shorter than this. */
const NUMBER_COMPLETE_FROM = 10;
const DICTATING = 2;
const OPEN = 1.6;
const WHOLE = 0.7;

/**
 * By the words: longer while the caller dictates a number or hangs in mid-sentence, shorter when nothing can
 * follow. Of a language that nothing is known of, always the ordinary one, but for figures.
 */
export function endpointingByWords(language: Language): EndpointingPolicy {
  const openEnds = new Vocabulary(language.openEnds, language);
  const complete = new Vocabulary(language.complete, language);
  const numbers = new Vocabulary(language.numbers, language);

  /** Digits that a word stands for; 0: it is no number. */
  const digitsOf = (word: string): number => {
    if (/^\p{Nd}+$/u.test(word)) return word.length;
    if (numbers.has(word)) return 1;
    if (isUnspaced(word) && Array.from(word).every((digit) => numbers.has(digit))) return word.length;
    const isCompound = language.numberEndings.some((end) => word.length > end.length && word.endsWith(end));
    return isCompound ? 1 : 0;
  };

  return {
    pauseAfter({ text }, ordinaryMs) {
      const words = wordsOf(text, language.code);
      if (words.length === 0) return ordinaryMs;
      let digits = 0;
      for (const word of words.toReversed()) {
        const count = digitsOf(word);
        if (count === 0) break;
        digits += count;
      }
      // One alone may be an article ("un").
      if (digits >= 2 && digits < NUMBER_COMPLETE_FROM) return ordinaryMs * DICTATING;
      if (complete.isWhole(text)) return ordinaryMs * WHOLE;
      return openEnds.endsWith(text) ? ordinaryMs * OPEN : ordinaryMs;
    },
  };
}
