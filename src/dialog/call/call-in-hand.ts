import type { Clock, Milliseconds } from '../../lib/clock.ts';
import type { Scope } from '../../lib/scope.ts';
import type { AudioFormat } from '../../media/audio.ts';
import type { AgentProfile } from '../contract/agent-profile.ts';
import type {
  CallLine,
  EndOfTurnModel,
  LanguageModel,
  MediaSession,
  SpeechToText,
  TextToSpeech,
  VoiceActivityDetector,
} from '../contract/ports.ts';
import type { ToolTable } from '../reply/agent-tools.ts';
import type { ConversationHistory } from '../reply/conversation-history.ts';
import type { PhraseCache } from '../reply/prepared-phrases.ts';
import type { TurnSettings } from '../turn/turn-states.ts';
import type { CallFacts } from './call-facts.ts';
import type { CallReporter } from './call-reporter.ts';
import type { TurnInbox } from './turn-inbox.ts';

/** The providers of one agent. */
export interface AgentParts {
  readonly vad: VoiceActivityDetector;
  readonly stt: SpeechToText;
  readonly llm: LanguageModel;
  readonly tts: TextToSpeech;
  /** Missing: pauses and words alone tell the end of a turn. */
  readonly endOfTurn?: EndOfTurnModel | undefined;
}

/** An agent with what it works with in a call. */
export interface AgentAtWork {
  readonly agent: AgentProfile;
  readonly parts: AgentParts;
  readonly tools: ToolTable;
  readonly phrases: PhraseCache;
  /** What the recogniser should expect. */
  readonly expected: readonly string[];
  readonly clock: Clock;
  /** The synthesiser's format that is wanted, if not the wire's own. */
  readonly source?: AudioFormat | undefined;
  /** Longest time without any progress of the model or the synthesiser. */
  readonly stallMs?: Milliseconds;
  readonly settings: TurnSettings;
}

/** A call that has a line and media. */
export interface CallInHand {
  readonly facts: CallFacts;
  readonly history: ConversationHistory;
  readonly reporter: CallReporter;
  readonly admittedAt: Milliseconds;
  readonly line: CallLine;
  readonly media: MediaSession;
}

/** The same while its session lasts, which `scope` does, too. */
export interface CallInSession extends CallInHand {
  readonly scope: Scope;
  readonly inbox: TurnInbox;
}
