import type { Milliseconds } from '../../lib/clock.ts';
import type { ArmedAction } from '../../media/flush-line.ts';
import type { Language } from '../language/language.ts';
import { runsOf, Vocabulary, wordsOf } from '../language/words.ts';

/** What is heard of the caller while the agent speaks. */
export interface CallerSound {
  /** What the recogniser has found so far. */
  readonly words: string;
  /** It finds no more: the sound is over, and these are its words. */
  readonly final: boolean;
  /** How sure the recogniser is of them, 0 … 1; missing: it hasn't told. */
  readonly confidence?: number | undefined;
  /** For how long they have been talking, pauses included; missing: the detector has heard nothing. */
  readonly lastsMs?: Milliseconds | undefined;
  /** They talk no more. */
  readonly isOver: boolean;
  /** It has been over for so long that the agent waits no longer for what follows (`waitsMs`). */
  readonly waited?: boolean | undefined;
  /** The share of it that has a pitch, 0 … 1; missing: it isn't over, or nobody knows. */
  readonly pitched?: number | undefined;
  /** It is a laugh; missing: it isn't, or it hasn't lasted long enough to tell. */
  readonly laughs?: true | undefined;
  /** By how much it is weaker than what they say to the agent, dB; missing: nobody knows, or they have raised their voice. */
  readonly weakerDb?: number | undefined;
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
  readonly atOnce: ArmedAction;
  judge(sound: CallerSound): Judgement;
  /** How long a paused agent waits for the words of a sound that is over, before it goes on without knowing them. */
  waitsMs(lastsMs: Milliseconds): Milliseconds;
  /** So long a sound is an interruption, whatever it is: nobody waits for its end. */
  readonly longestMs: Milliseconds;
}

/** More words than these are no back-channel, even if they are "yeah" five times. */
const LISTENERS_WORDS = 4;
/** A sound this long is no cough: if no words were found in it, it was a sentence that wasn't understood. */
const SENTENCE_MS = 1000;
/** Coughs, breaths and barks have a pitch for less of their time than this, words for more. */
export const SPEECH_PITCHED = 0.4;
/** Recognisers find up to this many words in a cough. */
const FEW_WORDS = 2;
/** And up to this many in a laugh, which lasts longer. */
const LAUGHS_WORDS = 4;
/** A voice that is turned away from the telephone is weaker by at least this. */
export const ASIDE_DB = 6;
/** One or two words aren't believed if the recogniser is less sure of them than this. */
const CERTAIN = 0.7;
/** How long the words of a short sound are waited for after its end. */
const SOUND_WAITS_MS = 400;
/** The same for a sentence. */
const SENTENCE_WAITS_MS = 1500;
/** A sound that lasts this long stops the agent in any case. */
const LONGEST_MS = 4000;

/**
 * Pauses first, and then goes by the sound and the words. What has no pitch is a cough or a door, what is much weaker than
 * the caller is meant for somebody else; "mhm" and "yeah, okay" are words of somebody who listens, and all others
 * interrupt. Where there are none, length decides. "Stop" and "hold on" interrupt whatever they sound like.
 */
export function pausingForWords(language: Language): InterruptionPolicy {
  const backchannels = new Vocabulary(language.backchannels, language);
  const urgent = new Vocabulary(language.urgent, language);
  return {
    atOnce: 'pause',
    judge(sound) {
      const { words, final, confidence = 1, lastsMs, isOver, pitched = 1, laughs, weakerDb = 0 } = sound;
      const count = wordsOf(words, language.code).length;
      const isNoise = laughs ?? pitched < SPEECH_PITCHED;
      const mostInIt = laughs ? LAUGHS_WORDS : FEW_WORDS;
      // "Hold on, darling" isn't said to the agent.
      if (weakerDb >= ASIDE_DB) return count > 0 && urgent.covers(words) ? 'interrupts' : 'listens';
      if (urgent.occursIn(words)) return 'interrupts';
      if (isNoise && count <= mostInIt) return 'listens';
      const others = backchannels.othersIn(words);
      const isTalk = runsOf(words).length > LISTENERS_WORDS;
      if (isTalk || others > 0) {
        // Less may be a laugh, or the beginning of "okay".
        const isCertain = confidence >= CERTAIN;
        if (isTalk || (isCertain ? count : others) > FEW_WORDS || lastsMs === undefined) return 'interrupts';
        if (!isOver && lastsMs < SENTENCE_MS) return 'unclear';
        const isSentence = lastsMs >= SENTENCE_MS && others >= FEW_WORDS;
        return isCertain || isSentence ? 'interrupts' : whenUnsure(sound);
      }
      if (!final) return 'unclear';
      return count === 0 && (lastsMs ?? 0) >= SENTENCE_MS ? 'interrupts' : 'listens';
    },
    waitsMs: (lastsMs) => (lastsMs < SENTENCE_MS ? SOUND_WAITS_MS : SENTENCE_WAITS_MS),
    longestMs: LONGEST_MS,
  };
}

/** Nobody is sure of its words: it may be the beginning of a sentence, which tells. */
function whenUnsure({ lastsMs = 0, waited = false }: CallerSound): Judgement {
  return waited || lastsMs >= SENTENCE_MS ? 'listens' : 'unclear';
}

/** The same, but as soon as the detector hears a sound, the agent stops for good. */
export function stoppingAtOnce(language: Language): InterruptionPolicy {
  return { ...pausingForWords(language), atOnce: 'stop' };
}
