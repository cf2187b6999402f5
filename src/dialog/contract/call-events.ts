import type { Milliseconds } from '../../lib/clock.ts';
import type { CallInfo, Party, TransferOutcome } from './call-info.ts';
import type { MediaStats } from './call-media.ts';
import type { EndReason } from './end-reason.ts';
import type { FailureKind, ProviderTrouble } from './provider-failures.ts';
import type { WordPlace } from './speech.ts';

/** One turn's instants, from the caller's last voiced packet to the reply's first (undefined: didn't happen). */
export interface TurnMarks {
  readonly speechEnd?: Milliseconds;
  /** The recogniser was asked for the final text (by a pause; never, if it finds turns by itself). */
  readonly sttStart?: Milliseconds;
  readonly sttFinal?: Milliseconds;
  /** It was certain that the turn was over: no reply is audible before. */
  readonly turnEnd?: Milliseconds;
  readonly llmStart?: Milliseconds;
  readonly llmFirstToken?: Milliseconds;
  readonly llmEnd?: Milliseconds;
  readonly ttsStart?: Milliseconds;
  readonly ttsFirstAudio?: Milliseconds;
  readonly firstPacket?: Milliseconds;
}

export type Stage = keyof TurnMarks;

/** How long a call's caller waited for answers: from their last voiced packet to the reply's first. */
export interface CallLatency {
  readonly turns: number;
  readonly meanMs: Milliseconds;
  readonly worstMs: Milliseconds;
}

/** What a sound turned out to be, and what it has cost. */
export interface JudgedSound {
  readonly turn: number;
  readonly judgement: 'interruption' | 'no-interruption';
  /** `words` that say so or, of a sound that is over, that there were none (`no-words`); they didn't come in `time`; its `length`. */
  readonly by: 'words' | 'no-words' | 'sound' | 'time' | 'length';
  readonly words: string;
  readonly soundMs: Milliseconds;
  /** For how long the agent was paused; 0: they weren't, or not any more. */
  readonly pausedMs: Milliseconds;
}

/**
 * Something that the turn machine was told, or that it decided: with a call's recording enough to have it decide again
 * (`voice-agent replay`). `turn/turn-log.ts` says which, and what else stands in them.
 */
export type TurnStep = { readonly at: Milliseconds } & (
  | { readonly told: string; readonly [detail: string]: unknown }
  | { readonly did: string; readonly [detail: string]: unknown }
);

/** With what a call's turns are taken: limits and switches, by their names in agents.yaml and in `TurnSettings`. */
export type TurnLogSettings = Readonly<Record<string, unknown>>;

/** What happens in a call, in order, for the log, the record, the metrics and the lab's screen. */
export type CallEvent = { readonly call: string; readonly at: Milliseconds } & (
  | { readonly type: 'started'; readonly info: CallInfo; readonly agent: string }
  | { readonly type: 'answered'; readonly setUpMs: Milliseconds }
  | { readonly type: 'greeting-started'; readonly afterAnswerMs: Milliseconds }
  | {
      /** Told when the turn can't be taken back any more, which is after it was said. */
      readonly type: 'caller-said';
      readonly turn: number;
      readonly text: string;
      readonly understood: boolean;
      readonly via: 'speech' | 'dtmf';
      /** Where each word of `text` was heard; missing where that isn't known. */
      readonly places?: readonly WordPlace[];
      /** When the caller began to say (or press) it, and ended; missing where that isn't known. */
      readonly since?: Milliseconds;
      readonly until?: Milliseconds;
    }
  | {
      /** Told when it has been said. `text`: the whole words that were heard; none, if it was cut off before. */
      readonly type: 'agent-said';
      readonly turn: number;
      readonly text: string;
      readonly interrupted: boolean;
      /** What would have come then, as far as it was written; missing: nothing. */
      readonly unheard?: string;
      /** Its first and its last packet. */
      readonly since?: Milliseconds;
      readonly until?: Milliseconds;
    }
  | { readonly type: 'latency'; readonly turn: number; readonly marks: TurnMarks }
  /** A reply that was prepared for this turn, so long, was dropped: the caller went on. */
  | { readonly type: 'preemptive-reply-dropped'; readonly turn: number; readonly preparedMs: Milliseconds }
  | { readonly type: 'barge-in'; readonly turn: number; readonly playedMs: Milliseconds }
  /** The caller made a sound while the agent spoke, who paused. */
  | ({ readonly type: 'sound-judged' } & JudgedSound)
  /** All steps since the one before it. `turn`: of which they tell; `settings`: with the first. For the record alone. */
  | {
      readonly type: 'turn-log';
      readonly turn: number;
      readonly settings?: TurnLogSettings;
      readonly steps: readonly TurnStep[];
    }
  | { readonly type: 'dtmf'; readonly digit: string }
  | { readonly type: 'held' | 'unheld' }
  | { readonly type: 'caller-changed'; readonly caller: Party }
  | { readonly type: 'tool'; readonly name: string; readonly result: string }
  /** A target was called, and answered or not. */
  | {
      readonly type: 'transfer';
      readonly target: string;
      readonly outcome: TransferOutcome;
      readonly ringMs: Milliseconds;
    }
  /** Caller and target have talked; `by`: who ended it (`system`: neither of them). */
  | {
      readonly type: 'transfer-ended';
      readonly target: string;
      readonly talkMs: Milliseconds;
      readonly by: 'caller' | 'target' | 'system';
    }
  /** Tokens that one request of a turn took, as the provider counts them. */
  | {
      readonly type: 'usage';
      readonly turn: number;
      readonly provider: string;
      readonly inputTokens: number;
      readonly outputTokens: number;
    }
  /**
   * `internal`: a bug of ours. `provider`, `kind`, `outcome` and `next` where a provider of the cloud has failed: see
   * ProviderTrouble.
   */
  | {
      readonly type: 'trouble';
      readonly part: 'vad' | 'stt' | 'llm' | 'tts' | 'media' | 'line' | 'internal';
      readonly message: string;
      readonly provider?: string;
      readonly kind?: FailureKind;
      readonly outcome?: ProviderTrouble['outcome'];
      readonly next?: string;
    }
  | {
      readonly type: 'ended';
      readonly reason: EndReason;
      readonly variables: Readonly<Record<string, string>>;
      readonly media: MediaStats;
      /** Missing: no turn was measured. */
      readonly latency?: CallLatency;
    }
);

/** Where a call stands at this moment, for who looks on. It is no event: nothing keeps it. */
export interface TurnGlimpse {
  readonly phase:
    | 'opening'
    | 'greeting'
    | 'listening'
    | 'thinking'
    | 'speaking'
    | 'held'
    | 'transferring'
    | 'connected'
    | 'closing'
    | 'over';
  readonly turn: number;
  /** What the caller is saying, as far as it is understood yet. */
  readonly words: string;
  /** What the agent is saying: as far as it was heard, and what else is written already. */
  readonly saying?: { readonly heard: string; readonly unheard: string };
  /** Of the reply that is being prepared or spoken; missing: there is none. */
  readonly marks?: TurnMarks;
}

export type CallObserver = (event: CallEvent) => void;
