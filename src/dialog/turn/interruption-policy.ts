import type { Milliseconds } from '../../lib/clock.ts';
import type { Language } from '../language/language.ts';
import { runsOf, Vocabulary } from '../language/words.ts';

/** What is heard of the caller while the agent speaks. */
export interface CallerSound {
  /** What the recogniser has found so far. */
  readonly words: string;
  /** It finds no more: the sound is over, and these are its words. */
  readonly final: boolean;
  /** For how long they have been talking, pauses included; missing: the detector has heard nothing. */
  readonly lastsMs?: Milliseconds | undefined;
  /** What they talk into. */
  readonly into: 'greeting' | 'reply' | 'phrase';
}

export type Judgement =
  /** They want to say something: the agent stops. */
  | 'interrupts'
  /** A listener's "mhm", a cough, a door: the agent goes on. */
  | 'listens'
  /** That isn't known yet. */
  | 'unclear';

/** Decides what a sound of the caller's does to the agent who speaks. */
export interface InterruptionPolicy {
  /** As soon as the detector hears it: the agent pauses until it is judged, or stops for good. */
  readonly atOnce: 'pause' | 'stop';
  judge(sound: CallerSound): Judgement;
  /** How long a paused agent waits for the words of a sound that is over, before it goes on without knowing them. */
  waitsMs(lastsMs: Milliseconds): Milliseconds;
  /** So long a sound is an interruption, whatever it is: nobody waits for its end. */
  readonly longestMs: Milliseconds;
}

/** Whoever says more than this has something to say, and be it "yeah" five times. */
const LISTENERS_WORDS = 4;
/** No cough lasts as long: what wasn't understood of it was a sentence. */
const SENTENCE_MS = 1000;
/** From a sound's end on, words included. */
const SOUND_WAITS_MS = 400;
/** A recogniser that is asked for a sentence may take as long. */
const SENTENCE_WAITS_MS = 1500;
/** Somebody who talks for as long wants to be heard at last. */
const LONGEST_MS = 4000;

/**
 * Pauses first, and then goes by the words: "mhm" and "yeah, okay" are those of somebody who listens, all others
 * interrupt. Where there are none, by length: a cough is short.
 */
export function pausingForWords(language: Language): InterruptionPolicy {
  const backchannels = new Vocabulary(language.backchannels, language);
  const isSaying = (words: string): boolean =>
    runsOf(words).length > LISTENERS_WORDS || !backchannels.covers(words);
  return {
    atOnce: 'pause',
    judge({ words, final, lastsMs = 0 }) {
      if (isSaying(words)) return 'interrupts';
      if (!final) return 'unclear';
      return runsOf(words).length === 0 && lastsMs >= SENTENCE_MS ? 'interrupts' : 'listens';
    },
    waitsMs: (lastsMs) => (lastsMs < SENTENCE_MS ? SOUND_WAITS_MS : SENTENCE_WAITS_MS),
    longestMs: LONGEST_MS,
  };
}

/** The same, but for what the detector hears: that stops the agent for good. */
export function stoppingAtOnce(language: Language): InterruptionPolicy {
  return { ...pausingForWords(language), atOnce: 'stop' };
}
