import { DEFAULT_LIMITS, type AgentProfile, type TransferTarget } from '../contract/agent-profile.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import type { Message, ToolCall } from '../contract/conversation.ts';
import type { EndReason } from '../contract/end-reason.ts';
import { FILLER_TONE_MS } from '../../media/filler-tone.ts';
import { endpointingByWords, type EndpointingPolicy } from './endpointing-policy.ts';
import { fillersAfter, type FillerPolicy, type Wait } from './filler-policy.ts';
import { pausingForWords, type InterruptionPolicy } from './interruption-policy.ts';
import { promptsAfter, type PromptPolicy } from './prompt-policy.ts';
import { languageOf } from '../language/known-languages.ts';
import type { StockPhrase } from '../contract/stock-phrases.ts';
import type { SoundTraits, Transcript, WordPlace } from '../contract/speech.ts';
import type { TransferOutcome } from '../contract/call-info.ts';
import type { JudgedSound, TurnMarks } from '../contract/call-events.ts';

/**
 * Whose turn it is. Every state owns what it needs to know; `step` (turn-machine.ts) is the only way
 * from one to the next.
 *
 *                answered            greeting over
 *     opening ──────────► greeting ────────────────┐
 *                            │ barge-in            ▼       the turn is certain
 *                            └───────────────► listening ───────────────────► thinking
 *                                               ▲ ▲  ▲ │ prepares a reply       │  │
 *             hold ┌──────┐ unhold              │ │  │ │ when the end is        │  │ first packet
 *       (anywhere) │ held ├─────────────────────┘ │  │ │ likely; drops it       │  │
 *       ──────────►└──────┘                       │  │ ▼ when the caller goes on│  ▼
 *                                                 │  └────────── speech ────────┘ speaking
 *                                                 └─── barge-in, or all was said ────┘ ▲
 *                                 stock phrases (silence, trouble) are spoken here too ┘
 *
 *     closing (from anywhere): the last words leave, uninterrupted, then ──► over
 *
 *                  a reply asks for it          answered
 *     speaking, ────────────────────► transferring ────► connected ──► over
 *     thinking  ◄────────────────────   (it rings)        (the agent has no part in it)
 *                  not answered: the model is told, and says so
 */
export type TurnState =
  | OpeningState
  | ListeningState
  | ThinkingState
  | SpeakingState
  | HeldState
  | TransferringState
  | ConnectedState
  | ClosingState
  | OverState;

/** What every state carries along. */
export interface Common {
  /** Turns that were answered so far; the greeting is turn 0. */
  readonly turn: number;
  /** Last number given to a reply or a question to the recogniser. */
  readonly lastId: number;
  readonly ear: Ear;
  /** When the call has lasted long enough; undefined: it isn't answered yet, or may last as long as it likes. */
  readonly callEndsAt: Milliseconds | undefined;
  /** How often the silent caller was asked since they last said something. */
  readonly prompts: number;
  /** Replies that failed since the last one that didn't. */
  readonly failures: number;
  /** The call shall end when this turn is over, or at `by`, if that is said. */
  readonly wanted?: { readonly ending: Ending; readonly by?: Milliseconds } | undefined;
  /** What the caller was last answered to, so that a recogniser's late repetition is known as such. */
  readonly answered?: string | undefined;
  /** What the agent said last, as far as it was heard. */
  readonly asked?: string | undefined;
  /** How loud the caller speaks to the agent, dBov; undefined: they haven't yet. */
  readonly voiceDbov?: number | undefined;
  /** The caller's last pauses after which they went on. */
  readonly pauses: readonly Milliseconds[];
  /** The recogniser that listens at present says itself when a turn ends. */
  readonly findsTurns: boolean;
}

/** What the voice-activity detector says of the caller. Frames are places in the `heard` ring. */
export type Ear =
  | { readonly is: 'quiet' }
  | { readonly is: 'talking'; readonly frame: number; readonly since: Milliseconds }
  /** Talking still, though what came before `frame` and `since` was taken for a whole turn: it had lasted too long. */
  | { readonly is: 'cut'; readonly frame: number; readonly since: Milliseconds }
  /** Not talking since `lastAt`, the arrival of the last voiced frame, `toFrame`. */
  | {
      readonly is: 'pausing';
      readonly frame: number;
      readonly since: Milliseconds;
      readonly toFrame: number;
      readonly lastAt: Milliseconds;
      readonly traits?: SoundTraits | undefined;
      /** The end-of-turn model's chance that they have finished. */
      readonly finished?: number | undefined;
    };

/** Set up, not answered yet. */
export interface OpeningState extends Common {
  readonly phase: 'opening';
  /** The call consists of these words only (a refusal, "all lines are busy"). */
  readonly announcement?: Ending | undefined;
  /** The caller has put the line on hold already. */
  readonly held: boolean;
  /** Answered: the greeting waits for the first packet, or for the hello of whom we call, but no longer than until then. */
  readonly greetBy?: Milliseconds | undefined;
  /** When whom we call began to say hello. */
  readonly helloSince?: Milliseconds | undefined;
}

/** The caller's turn. */
export interface ListeningState extends Common {
  readonly phase: 'listening';
  readonly said: Said;
  /** A reply that is being prepared before the turn is certain, or only what it would answer. */
  readonly preemptive?: Preemptive | undefined;
  readonly digits?: Digits | undefined;
  /** How loud it is: missing, as long as nothing is known of it. */
  readonly level?: TurnLevel | undefined;
  /** When a caller who has said nothing is asked whether they are still there. */
  readonly silenceAt: Milliseconds;
}

/** How loud a turn is, as the detector tells while they talk. */
export interface TurnLevel {
  /** How often it has told of the sound that goes on. */
  readonly lasts: number;
  /** The mean level of a sound, where that was highest, dBov; undefined: none has lasted long enough yet. */
  readonly highestDbov: number | undefined;
  /** Since when what is heard is much weaker. */
  readonly faintSince?: { readonly frame: number; readonly at: Milliseconds } | undefined;
}

/** A row of keys that the caller presses. */
export interface Digits {
  readonly text: string;
  readonly since: Milliseconds;
  readonly lastAt: Milliseconds;
  /** When the row is taken to be over. */
  readonly dueAt: Milliseconds;
}

/** What the caller said in this turn so far. */
export interface Said {
  /** Where the recogniser began to listen; undefined: it was never told to. */
  readonly from?: { readonly frame: number; readonly since: Milliseconds } | undefined;
  /** Final texts, and rows of keys, in order; texts without a transcript are still expected from the recogniser. */
  readonly pieces: readonly Piece[];
  /** So many of them stay, whatever is listened to again: they are about what was before `from`. */
  readonly settled?: number | undefined;
  /** The recogniser's guess at what is being said. */
  readonly partial: string;
  /** When the recogniser last heard something, as far as it tells. */
  readonly heardAt?: Milliseconds | undefined;
  /** Fillers that the caller has heard in this turn. */
  readonly fillers: number;
}

/** What the recogniser made of a stretch of the turn. */
export interface Piece {
  /** The question to the recogniser that it answers, or will; undefined: the recogniser spoke by itself. */
  readonly question?: { readonly ask: number; readonly at: Milliseconds } | undefined;
  readonly transcript?: Transcript | undefined;
  /** Nothing was said there but keyed. `whole`: no more keys are to come, for `#` or a menu's key was the last. */
  readonly keys?:
    { readonly text: string; readonly since: Milliseconds; readonly whole: boolean } | undefined;
}

/** Preemptive generation: a reply that is thought of while the caller may yet go on. */
export interface Preemptive {
  readonly input: CallerInput;
  /** Number of the reply that is being prepared; undefined: nothing is, only the text is known. */
  readonly reply?: number | undefined;
  /** Latest instant at which the turn is taken to be over. */
  readonly by: Milliseconds;
}

/** The turn is certain, the reply isn't audible yet. */
export interface ThinkingState extends Common {
  readonly phase: 'thinking';
  readonly reply: number;
  readonly input: TurnInput;
  readonly said: Said;
  /** A tool has acted: the turn can be interrupted, and no longer be taken back. */
  readonly committed: boolean;
  readonly wait: Wait;
  /** When the caller hears the next filler. */
  readonly fillerAt: Milliseconds;
  /** How many they have heard already. */
  readonly fillers: number;
  /** Undefined: a tool is at work, which has a time-out of its own. */
  readonly giveUpAt: Milliseconds | undefined;
}

/** The agent is heard. `greeting` is a state of its own in name, and the same in behaviour. */
export interface SpeakingState extends Common {
  readonly phase: 'greeting' | 'speaking';
  readonly what: 'reply' | 'phrase';
  readonly reply: number;
  /** The caller has made a sound; undefined: none that isn't judged. */
  readonly overlap?: Overlap | undefined;
  /** The loudest that was taken for talk to somebody else, dBov. */
  readonly asideDbov?: number | undefined;
}

/** A sound of the caller's into what the agent says. */
export type Overlap =
  /** The agent is paused since `at`, until it is known what the sound is. */
  | { readonly is: 'paused'; readonly at: Milliseconds; readonly said: Said }
  /** Its words haven't come in time, and the agent goes on; they may interrupt yet. */
  | { readonly is: 'resumed'; readonly said: Said }
  /** It isn't over, and by its sound it isn't meant for the agent, who goes on; its words may tell otherwise. */
  | { readonly is: 'aside'; readonly said: Said };

/** The caller has put us on hold: what we hear is music, and nobody hears us. */
export interface HeldState extends Common {
  readonly phase: 'held';
  /** What they had asked before; answered when they are back. */
  readonly input?: TurnInput | undefined;
  /** Else said then, because the agent was cut off. */
  readonly phrase?: PhraseName | undefined;
}

/** Somebody else's telephone rings, and the caller hears that. Nothing that they say is listened to. */
export interface TransferringState extends Common {
  readonly phase: 'transferring';
  readonly transfer: Transfer;
  /** The caller has put the line on hold meanwhile. */
  readonly held: boolean;
}

/** The caller talks with somebody else. */
export interface ConnectedState extends Common {
  readonly phase: 'connected';
}

/** The last words are on their way, or have just left. */
export interface ClosingState extends Common {
  readonly phase: 'closing';
  readonly ending: Ending;
  readonly reply?: number | undefined;
  readonly by: Milliseconds;
}

export interface OverState extends Common {
  readonly phase: 'over';
  readonly ending: Ending;
}

/** What the caller said, and what is known of its instants. */
export interface CallerInput {
  readonly message: Extract<Message, { role: 'caller' }>;
  /** The recogniser's best guess, for the record, where it wasn't good enough to act on. */
  readonly guess?: string | undefined;
  /** Where each word of the message was heard. */
  readonly places?: readonly WordPlace[] | undefined;
  /** When the caller began to say it. */
  readonly since?: Milliseconds | undefined;
  readonly marks: TurnMarks;
}

/** What came of a transfer: the model speaks of it as it answers the caller. */
interface TransferResult {
  readonly message: Extract<Message, { role: 'tool' }>;
  readonly guess?: undefined;
  readonly marks: TurnMarks;
}

/** What is to be answered. */
export type TurnInput = CallerInput | TransferResult;

/** How a call ends. */
export interface Ending {
  readonly reason: EndReason;
  /** Spoken before. */
  readonly phrase?: PhraseName | undefined;
  /** `none`: the line is gone already. */
  readonly way: 'hang-up' | 'proceed' | 'none';
  readonly variables?: Readonly<Record<string, string>> | undefined;
}

/** A reply's wish that somebody else be called. */
export interface Transfer {
  readonly way: 'transfer';
  readonly target: TransferTarget;
  /** By which the model asked for it; its result is what comes of the transfer. */
  readonly call: ToolCall;
}

/** What follows a reply. */
export type FollowUp = Ending | Transfer;

/** Sentences that are synthesised beforehand. */
export type PhraseName = 'greeting' | 'callOpening' | StockPhrase;

/** A sentence: one of those, or what somebody has the agent say. */
export type Sentence = PhraseName | { readonly text: string };

/** What can happen. `at` is the instant at which it is handled; VAD events carry their own as well. */
export type TurnEvent = { readonly at: Milliseconds } & (
  | { readonly type: 'answered' }
  | { readonly type: 'tick' }
  // the caller's voice
  | { readonly type: 'speech-start'; readonly frame: number; readonly since: Milliseconds }
  | {
      readonly type: 'speech-stop';
      readonly frame: number;
      readonly lastAt: Milliseconds;
      readonly traits?: SoundTraits | undefined;
    }
  | { readonly type: 'barge-in'; readonly frame: number; readonly since: Milliseconds }
  /** `dbov`: its level so far; `nowDbov`: that of the last 400 ms, up to `frame`. */
  | {
      readonly type: 'speech-lasts';
      readonly dbov: number;
      readonly nowDbov?: number | undefined;
      readonly frame?: number;
      readonly since?: Milliseconds;
    }
  /** The caller's first packet is there. */
  | { readonly type: 'line-heard' }
  /** The end-of-turn model's answer to `judge-end`: the chance that the caller has finished. */
  | { readonly type: 'end-judged'; readonly frame: number; readonly chance: number }
  // the recogniser
  | { readonly type: 'partial'; readonly text: string }
  | { readonly type: 'turn-eager-end'; readonly transcript: Transcript }
  | { readonly type: 'turn-end'; readonly transcript: Transcript }
  | { readonly type: 'turn-resume' }
  | { readonly type: 'transcript'; readonly ask: number; readonly transcript: Transcript }
  /** Another recogniser listens from now on. */
  | { readonly type: 'recogniser'; readonly findsTurns: boolean }
  /** `fatal`: there is no recogniser any more, nor will there be one. */
  | { readonly type: 'stt-failed'; readonly fatal: boolean }
  // the agent's reply or phrase
  /** `reply-committed`: a tool is at work for it. `reply-resumed`: it has done its work. `reply-near`: its first words are with the voice. */
  | {
      readonly type: 'reply-committed' | 'reply-resumed' | 'reply-near' | 'reply-audible';
      readonly reply: number;
    }
  | { readonly type: 'reply-ended'; readonly reply: number; readonly ending?: FollowUp | undefined }
  | { readonly type: 'reply-failed'; readonly reply: number }
  /** So much was heard of a reply or a phrase that is over. `soundMs`: how long it is, as far as it had become sound. */
  | {
      readonly type: 'agent-said';
      readonly text: string;
      readonly reply?: number;
      readonly soundMs?: Milliseconds;
    }
  // the line
  | { readonly type: 'dtmf'; readonly digit: string }
  | { readonly type: 'hold' | 'unhold' }
  /** A transfer by their telephone has put somebody else on the line. */
  | { readonly type: 'caller-changed' }
  | { readonly type: 'line-ended'; readonly reason: EndReason }
  | { readonly type: 'transfer-over'; readonly outcome: TransferOutcome }
  /** Whom the caller talked with has hung up. */
  | { readonly type: 'target-left' }
  | { readonly type: 'media-lost' }
  /** A bug: nobody knows what is still as it should be. */
  | { readonly type: 'internal-error' }
  /** From outside. `now`: without another word. */
  | { readonly type: 'finish'; readonly ending: Ending; readonly now: boolean }
  /** Somebody who looks on has the agent say this, … */
  | { readonly type: 'operator-says'; readonly text: string }
  /** … or puts the caller through. */
  | { readonly type: 'put-through'; readonly transfer: Transfer }
);

export type EventOf<T extends TurnEvent['type']> = Extract<TurnEvent, { readonly type: T }>;

/** Who makes the agent stop: the caller by voice, words or keys, or something that happens to the call. */
export type Interrupter = 'caller' | 'call';

/** What is to be done, in order. */
export type TurnAction =
  | { readonly do: 'begin-turn'; readonly frame: number }
  | { readonly do: 'end-turn'; readonly ask: number; readonly frame: number }
  /** The recogniser that was asked hasn't answered: told, for nobody else would. */
  | { readonly do: 'unanswered'; readonly waitedMs: Milliseconds }
  /** Asks the end-of-turn model about what was said from `begin` to `end`; `frame`: the last voiced one. */
  | { readonly do: 'judge-end'; readonly begin: number; readonly end: number; readonly frame: number }
  /** Starts a reply; `gated`: nothing of it may be heard, and no tool may act, before `release`. */
  | {
      readonly do: 'reply';
      readonly reply: number;
      readonly turn: number;
      readonly input: TurnInput;
      readonly gated: boolean;
    }
  | { readonly do: 'release'; readonly reply: number; readonly input: CallerInput }
  /**
   * Nobody has heard anything of the reply, and nobody will. `takenBack`: the caller went on, and it is as if it
   * had never been begun; else what they had said stays in the history.
   */
  | { readonly do: 'drop'; readonly reply: number; readonly takenBack: boolean }
  /** The reply stops at once; what was heard of it stands in the history. `by`: the caller does it, or what happens to the call. */
  | { readonly do: 'interrupt'; readonly reply: number; readonly by: Interrupter }
  /** The reply, or phrase, waits where it is. */
  | { readonly do: 'pause'; readonly reply: number }
  /** It goes on, from the beginning of a word that was cut. */
  | { readonly do: 'resume'; readonly reply: number }
  | { readonly do: 'judged'; readonly sound: JudgedSound }
  | { readonly do: 'say'; readonly reply: number; readonly turn: number; readonly phrase: Sentence }
  /** "One moment", while the reply is still being prepared. */
  | { readonly do: 'filler'; readonly turn: number }
  /** The caller goes on: the filler stops. */
  | { readonly do: 'stop-filler' }
  /** A sign without words. */
  | { readonly do: 'tone' }
  | { readonly do: 'transfer'; readonly transfer: Transfer }
  | { readonly do: 'cancel-transfer' }
  /** The agent's part is over, the call isn't: nothing is heard or said any more. */
  | { readonly do: 'detach' }
  | { readonly do: 'leave'; readonly ending: Ending };

export interface TurnSettings {
  /** How long the caller may pause, by what they have said. */
  readonly endpointing: EndpointingPolicy;
  /** What a sound of the caller's does to the agent who speaks. */
  readonly interruption: InterruptionPolicy;
  /** What a caller hears who waits for the agent. */
  readonly fillers: FillerPolicy;
  /** What becomes of a caller who is silent. */
  readonly prompts: PromptPolicy;
  /** Silence that ends the caller's turn. */
  readonly endpointingMs: Milliseconds;
  readonly maxCallMs: Milliseconds;
  /** The recogniser that listens first says itself when a turn ends. */
  readonly findsTurns: boolean;
  /** An end-of-turn model can be asked. */
  readonly judgesEnds: boolean;
  /** What is said first: the greeting, or something else to who is in the middle of a conversation. */
  readonly firstWords: PhraseName;
  /** A sound of the caller's may stop the greeting; keys may in any case. */
  readonly greetingInterruptible: boolean;
  /** How long the greeting waits for the caller's first packet. */
  readonly firstPacketMs: Milliseconds;
  /** We have called: they speak first. Undefined: they have. */
  readonly hello?: HelloSettings | undefined;
  /** Prepares a reply when the end of the turn is likely. */
  readonly earlyStart: boolean;
  /** With `earlyStart`, and a recogniser that doesn't find turns: the pause that makes the end likely. */
  readonly eagerPauseMs: Milliseconds;
  /** Longest turn of the caller's: then they are answered, whether they have finished or not. */
  readonly longestTurnMs: Milliseconds;
  /** How long a recogniser that finds turns may keep silent after the caller did, before it is asked. */
  readonly turnTimeoutMs: Milliseconds;
  /** How long a recogniser (and whoever takes its place) may take to answer when it is asked. */
  readonly transcriptMs: Milliseconds;
  /** Sounds shorter than this that the recogniser makes nothing of are no turn. */
  readonly noiseMs: Milliseconds;
  /** Pause that ends a row of DTMF digits. */
  readonly interDigitMs: Milliseconds;
  /** Keys that are a whole turn by themselves; a row (a telephone number) may begin with one all the same. */
  readonly menuKeys: string;
  /** Pause after such a key, if it is the first one. */
  readonly menuKeyMs: Milliseconds;
  /** A reply that isn't audible after this time has failed; that of its tools isn't counted. */
  readonly giveUpMs: Milliseconds;
  /** Replies in a row that may fail before the call is given up; undefined: it never is for that. */
  readonly failureLimit: number | undefined;
  /** How a call ends that is given up, or can't go on. */
  readonly givenUp: 'proceed' | 'hang-up';
  /** How long a turn under way may delay an ending that is wanted from outside. */
  readonly politeMs: Milliseconds;
  /** Longest time that last words may take. */
  readonly lastWordsMs: Milliseconds;
  /** From the last packet of the last words to the end, so that the far side's buffer is played out. */
  readonly lingerMs: Milliseconds;
}

/** How somebody who answers our call is listened to before they are greeted. */
export interface HelloSettings {
  /** Who says nothing for so long is greeted all the same. */
  readonly waitMs: Milliseconds;
  /** The pause that ends their hello. */
  readonly pauseMs: Milliseconds;
  /** Who talks for longer, without such a pause, is a recording. */
  readonly longestMs: Milliseconds;
}

/** How an agent takes turns: each policy by itself, as the agent's language and limits have it. */
export function policiesFor({
  language: tag,
  limits,
  patience,
  filler,
}: Pick<AgentProfile, 'language' | 'limits' | 'patience' | 'filler'>) {
  const language = languageOf(tag);
  return {
    endpointing: endpointingByWords(language, patience),
    interruption: pausingForWords(language),
    fillers: fillersAfter(limits.fillerMs, limits.fillerMs + FILLER_TONE_MS, filler),
    prompts: promptsAfter(limits),
  };
}

export const DEFAULT_TURN_SETTINGS: TurnSettings = {
  ...DEFAULT_LIMITS,
  ...policiesFor({ language: 'en', limits: DEFAULT_LIMITS, patience: 'normal', filler: 'words' }),
  findsTurns: false,
  judgesEnds: false,
  firstWords: 'greeting',
  greetingInterruptible: true,
  earlyStart: false,
  turnTimeoutMs: 1500,
  transcriptMs: 4000,
  noiseMs: 300,
  menuKeys: '',
  // Chosen: whoever types a number has mostly pressed its next key by then, and if not, the row goes on.
  menuKeyMs: 400,
  giveUpMs: 10_000,
  failureLimit: 3,
  givenUp: 'proceed',
  politeMs: 8000,
  lastWordsMs: 15_000,
  lingerMs: 250,
};
