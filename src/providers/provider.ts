import type { AgentProfile } from '../dialog/contract/agent-profile.ts';
import type {
  LanguageModel,
  SpeechToText,
  TextToSpeech,
  VoiceActivityDetector,
} from '../dialog/contract/ports.ts';
import type { FiguresOfVoice } from './figures-read.ts';
import type { OnAbandoned } from '../threads/supervised-thread.ts';
import type { AllSettings, SettingsSection } from '../settings/settings-section.ts';

/** What providers are for, and what they have to be. */
export interface Ports {
  readonly vad: VoiceActivityDetector;
  readonly stt: SpeechToText;
  readonly llm: LanguageModel;
  readonly tts: TextToSpeech;
}

export type Part = keyof Ports;

/**
 * All that the rest of the program knows of a provider: what it can do, what may be set for it, and how it is made.
 * It stands in the list of src/app/known-providers.ts. Its adapter is loaded by `open` only, so that an
 * SDK that isn't used is never loaded.
 */
export interface Provider<P extends Part> {
  readonly part: P;
  /** As providers.yaml and the log call it. */
  readonly name: string;
  /** Where its settings are; several providers may share one. Missing: there is nothing to set. */
  readonly section?: SettingsSection;
  /** It can't be chosen unless its section has an `apiKey`. */
  readonly needsKey?: boolean;
  /** It is a server that may be unreachable: it gets a circuit breaker even where no other provider follows it. */
  readonly isRemote?: boolean;
  /** Language tags as agents have them (`en`); `any`: that isn't known beforehand. */
  readonly languages: readonly string[] | 'any';
  /** Text to speech only. */
  readonly voices?: Voices;
  /** Text to speech only: what its sound depends on besides settings and request; other sounds, another text. */
  readonly soundVersion?: () => string;
  /** Text to speech only: which figures it reads itself; missing: none, they come to it as words. */
  readonly figures?: (settings: AllSettings) => FiguresOfVoice;
  /** Its place where providers.yaml says `auto`, the lowest first; missing: it is chosen by name only. */
  readonly rank?: number;
  /**
   * Looks whether this machine has what it needs, before anything is loaded: in a moment. Rejects with the part's …_UNAVAILABLE,
   * and what to do.
   */
  readonly checkMachine?: () => Promise<void>;
  /** Rejects with the part's …_UNAVAILABLE, and what to do. */
  open(workshop: Workshop): Promise<Ports[P]>;
}

/** `any` isn't checked beforehand. */
export type Voices =
  | 'any'
  | readonly string[]
  /** The names that the user has given, at this place of the section; and whatever looks like an identifier. */
  | { readonly namesAt: readonly string[]; readonly id: RegExp };

/** When calls are taken; when the first call begins, whose greeting is heard meanwhile. */
export type Moment = 'ready' | 'called';

/** What a provider is made with. */
export interface Workshop {
  /** Of all sections; `SettingsSection.in` finds one's own. */
  readonly settings: AllSettings;
  /** The agents that use it: their models are made before the first call. */
  readonly agents: readonly AgentProfile[];
  /** It only takes another's place, for each of them: what takes long to load can wait until a first call begins. */
  readonly follows: boolean;
  /** Has this done at that moment. It never rejects. */
  readonly later: (moment: Moment, task: () => Promise<void>) => void;
  /** So many calls at a time must be served. */
  readonly maxCalls: number;
  /** A recogniser tells where each word was heard, if it can: parts of recordings are to be silenced. */
  readonly wordTimes: boolean;
  /** A thread of it hangs where nothing ends it; see OnAbandoned. */
  readonly onAbandoned: OnAbandoned;
  readonly debug: (about: object, message: string) => void;
  /** Something went wrong that people should know of. */
  readonly onTrouble: (message: string) => void;
}
