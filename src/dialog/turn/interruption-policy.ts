import type { Language } from '../language/language.ts';
import { runsOf, Vocabulary } from '../language/words.ts';

/** Decides whether words that are said while the agent speaks are meant to stop them. */
export interface InterruptionPolicy {
  /** `text`: what the recogniser has found so far. */
  interrupts(text: string): boolean;
}

/** Whoever says more than this has something to say, and be it "yeah" five times. */
const LISTENERS_WORDS = 4;

/** By the words: "mhm" and "yeah, okay" are those of somebody who listens; all others interrupt. */
export function interruptionByWords(language: Language): InterruptionPolicy {
  const backchannels = new Vocabulary(language.backchannels, language);
  return {
    interrupts: (text) => runsOf(text).length > LISTENERS_WORDS || !backchannels.covers(text),
  };
}
