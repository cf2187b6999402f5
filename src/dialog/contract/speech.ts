import type { Milliseconds } from '../../lib/clock.ts';
import type { AudioRingHandle } from '../../media/audio-ring.ts';
import type { Audio, AudioFormat } from '../../media/audio.ts';
import type { FlushLineHandle } from '../../media/flush-line.ts';
import { DEFAULT_LIMITS } from './agent-profile.ts';
import type { ProviderTrouble } from './provider-failures.ts';

export interface VadRequest {
  readonly heard: AudioRingHandle;
  /** What the agent says, so that its echo isn't taken for the caller. */
  readonly sent?: AudioRingHandle;
  /** While it is armed, speech of `bargeInMs` trips it without asking the main thread first. */
  readonly flushLine: FlushLineHandle;
  /** Voiced time before `speech-start` is reported. */
  readonly startMs?: Milliseconds;
  /** Unvoiced time before `speech-stop` is reported. */
  readonly stopMs?: Milliseconds;
  /** Voiced time that pauses or stops an armed agent. */
  readonly bargeInMs?: Milliseconds;
  readonly onEvent: (event: VadEvent) => void;
  /** This call isn't listened to any more. Reported once, as the last thing. */
  readonly onFailed?: (error: Error) => void;
}

/** Used where a request sets nothing. */
export const VAD_TIMES = { startMs: 60, stopMs: 100, bargeInMs: DEFAULT_LIMITS.bargeInMs } as const;

export type VadEvent =
  /** `frame`, `at`: where and when the speech began (not when it was decided). */
  | { readonly type: 'speech-start'; readonly frame: number; readonly at: Milliseconds }
  /** `frame`, `at`: the caller's last voiced frame and its arrival. */
  | {
      readonly type: 'speech-stop';
      readonly frame: number;
      readonly at: Milliseconds;
      readonly traits?: SoundTraits | undefined;
    }
  /**
   * They go on talking: reported after every 400 ms of voice. `dbov`: its mean power so far; `nowDbov`: the mean level of these 400 ms. And once
   * if it is a laugh (`laughs`), as soon as that is known.
   */
  | {
      readonly type: 'speech-lasts';
      readonly frame: number;
      readonly at: Milliseconds;
      readonly dbov: number;
      readonly nowDbov?: number | undefined;
      readonly laughs?: true | undefined;
    }
  /** In the seconds after they stopped it gets as loud as their voice: a word may begin, which isn't known yet. */
  | { readonly type: 'level-rises'; readonly frame: number; readonly at: Milliseconds }
  | { readonly type: 'barge-in'; readonly frame: number; readonly at: Milliseconds };

/** How a sound of the caller's sounds. */
export interface SoundTraits {
  /** Mean power of its voiced frames, dBov. */
  readonly dbov: number;
  /** The share of it that has a pitch, 0 … 1: most of speech, hardly any of a cough or a breath. */
  readonly pitched: number;
  /** By how many semitones it rises at its end, as a question does; missing: it has too little melody. */
  readonly rise?: number | undefined;
}

/** What a caller has said since their turn began. */
export interface TurnSound {
  readonly heard: AudioRingHandle;
  /** Where the speech began, as the voice-activity detector tells it; what is heard a little before belongs to it. */
  readonly begin: number;
  /** The last frame that counts: with the silence by which the end is suspected. */
  readonly end: number;
}

export interface SttRequest {
  readonly heard: AudioRingHandle;
  readonly language: string;
  /** Sentences and words that this agent expects: a grammar, a domain model or key terms. */
  readonly phrases: readonly string[];
  /** Words that no dictionary has, in ARPAbet. */
  readonly pronunciations?: Readonly<Record<string, string>>;
  readonly onEvent: (event: SttEvent) => void;
  /** Aborts at the call's end: a connection that isn't open by then isn't needed any more. */
  readonly signal?: AbortSignal;
}

export type SttEvent =
  | { readonly type: 'partial'; readonly text: string }
  /** Probably the end: a reply may be prepared, not begun. `turn-resume` takes it back. */
  | { readonly type: 'turn-eager-end'; readonly transcript: Transcript }
  | { readonly type: 'turn-resume' }
  | { readonly type: 'turn-end'; readonly transcript: Transcript }
  /** Another recogniser listens from now on. `findsTurns`: that of the new one; the port's was that of the one before. */
  | { readonly type: 'recogniser'; readonly name: string; readonly findsTurns: boolean }
  | { readonly type: 'trouble'; readonly trouble: ProviderTrouble }
  | { readonly type: 'failed'; readonly error: Error };

export interface Transcript {
  readonly text: string;
  /** False: something was said, and what it was isn't certain enough to act on (`text` is the best guess). */
  readonly understood: boolean;
  /** 0 … 1, as the recogniser gives it. */
  readonly confidence: number;
  /** Where each word of `text` (what spaces part) was heard; missing: the recogniser doesn't tell. */
  readonly places?: readonly WordPlace[];
}

/** From one frame of the `heard` ring to another, both included. */
export interface WordPlace {
  readonly frame: number;
  readonly toFrame: number;
}

export interface VoiceRequest {
  readonly voice: string;
  readonly language: string;
  /** One of `formats`. */
  readonly format: AudioFormat;
}

/** In a text that is to be spoken: nothing follows for now. */
export const FLUSH = Symbol('flush');

/** A piece of a text that is to be spoken. */
export type TextPiece = string | typeof FLUSH;

export type TtsEvent =
  | { readonly type: 'audio'; readonly audio: Audio }
  /** Words with their place in this utterance's audio: what the caller heard can be told to the word. */
  | { readonly type: 'words'; readonly words: readonly TimedWord[] }
  | { readonly type: 'trouble'; readonly trouble: ProviderTrouble };

export interface TimedWord {
  readonly text: string;
  readonly startMs: Milliseconds;
  readonly endMs: Milliseconds;
}
