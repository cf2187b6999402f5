import type { Milliseconds } from '../../lib/clock.ts';
import type { Language } from '../language/language.ts';
import { runsOf, Vocabulary } from '../language/words.ts';

/** What is heard of the caller while the agent speaks. */
export interface CallerSound {
  /** What the recogniser has found so far. */
  readonly words: string;
  /** For how long they have been talking, pauses included; missing: the detector has heard nothing. */
  readonly lastsMs?: Milliseconds | undefined;
  /** What they talk into. */
  readonly into: 'greeting' | 'reply' | 'phrase';
}

/** Decides whether it is meant to stop the agent. */
export interface InterruptionPolicy {
  interrupts(sound: CallerSound): boolean;
}

/** Whoever says more than this has something to say, and be it "yeah" five times. */
const LISTENERS_WORDS = 4;

/** By the words: "mhm" and "yeah, okay" are those of somebody who listens; all others interrupt. */
export function interruptionByWords(language: Language): InterruptionPolicy {
  const backchannels = new Vocabulary(language.backchannels, language);
  return {
    interrupts: ({ words }) => runsOf(words).length > LISTENERS_WORDS || !backchannels.covers(words),
  };
}
