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
  /** Voices behind the caller, which never pause: how loud they are, dBov, and when they were last heard. */
  readonly behind?: { readonly dbov: number; readonly at: Milliseconds } | undefined;
  /** The caller's last pauses after which they went on. */
  readonly pauses: readonly Milliseconds[];
  /** The recogniser that listens at present says itself when a turn ends. */
  readonly findsTurns: boolean;
}

/** What the voice-activity detector has told of the caller. Frames are places in the `heard` ring. */
export type Ear =
  | { readonly is: 'quiet' }
  | { readonly is: 'talking'; readonly frame: number; readonly since: Milliseconds }
  /** Still talking, but what they said before `frame` and `since` has lasted too long and was taken for a whole turn. */
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
      /** Until then it will be known whether they go on: the level has just risen. */
      readonly risesUntil?: Milliseconds | undefined;
    };

/** Set up, not answered yet. */
export interface OpeningState extends Common {
  readonly phase: 'opening';
  /** The call consists of these words only (a refusal, "all lines are busy"). */
  readonly announcement?: Ending | undefined;
  /** The caller has put the line on hold already. */
  readonly held: boolean;
  /** Answered; the greeting waits for the first packet (or, if we have called, for their hello) until then at the longest. */
  readonly greetBy?: Milliseconds | undefined;
  /** We have called: when they began to say hello. */
  readonly helloSince?: Milliseconds | undefined;
}

/** The caller's turn. */
export interface ListeningState extends Common {
  readonly phase: 'listening';
  readonly said: Said;
  /** A reply that is being prepared before the turn is certain, or only what it would answer. */
  readonly preemptive?: Preemptive | undefined;
  readonly digits?: Digits | undefined;
  /** How loud it is; missing as long as nothing is known of it. */
  readonly level?: TurnLevel | undefined;
  /** When a caller who has said nothing is asked whether they are still there. */
  readonly silenceAt: Milliseconds;
}

/** How loud a turn is, as the detector tells while they talk. */
export interface TurnLevel {
  /** How often the detector has reported the sound that is going on (`speech-lasts`). */
  readonly lasts: number;
  /** The mean of what those reports told, dBov. */
  readonly meanDbov: number;
  /** The mean level of a sound, where that was highest, dBov; undefined: none has lasted long enough yet. */
  readonly highestDbov: number | undefined;
  /** The last levels of the sound that is going on, each of 400 ms, dBov, and the highest of the turn. */
  readonly recentDbov: readonly number[];
  readonly peakDbov: number;
  /** Since when the sound is much weaker than that. */
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
  /** This many of the pieces stay when the turn is listened to again: they are about what was said before `from`. */
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
  /** The question to the recogniser that it answers, or will answer; undefined: the recogniser reported it unasked. */
  readonly question?: { readonly ask: number; readonly at: Milliseconds } | undefined;
  readonly transcript?: Transcript | undefined;
  /** Keys were pressed instead of words. `whole`: no more keys will come, because `#` or a menu's key was the last. */
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
  /** A tool has acted: the reply can be interrupted, but the turn can't be taken back any more. */
  readonly committed: boolean;
  readonly wait: Wait;
  /** When the caller hears the next filler. */
  readonly fillerAt: Milliseconds;
  /** How many they have heard already. */
  readonly fillers: number;
  /** Undefined: a tool is at work, which has a time-out of its own. */
  readonly giveUpAt: Milliseconds | undefined;
  /** The reply is held back until then, because the caller may be going on; undefined: it isn't. */
  readonly heldUntil?: Milliseconds | undefined;
}

/** The agent is heard. `greeting` has a name of its own, but behaves the same. */
export interface SpeakingState extends Common {
  readonly phase: 'greeting' | 'speaking';
  readonly what: 'reply' | 'phrase';
  readonly reply: number;
  /** A sound of the caller's that isn't judged yet; undefined: there is none. */
  readonly overlap?: Overlap | undefined;
  /** The last sound that wasn't taken for words to the agent, dBov. */
  readonly asideDbov?: number | undefined;
}

/** A sound of the caller's into what the agent says. */
export type Overlap =
  /** The agent is paused since `at`, until it is known what the sound is. */
  | { readonly is: 'paused'; readonly at: Milliseconds; readonly said: Said }
  /** Its words haven't come in time, so the agent goes on; the words may still interrupt when they come. */
  | { readonly is: 'resumed'; readonly said: Said }
  /** It isn't over, but it sounds as if it weren't meant for the agent, who goes on; its words may still interrupt. `laughs`: a laugh. */
  | { readonly is: 'aside'; readonly said: Said; readonly laughs?: true | undefined };

/** The caller has put us on hold: what we hear is music, and nobody hears us. */
export interface HeldState extends Common {
  readonly phase: 'held';
  /** What they had asked before; answered when they are back. */
  readonly input?: TurnInput | undefined;
  /** Said then instead, because the agent was cut off. */
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

/** How a transfer ended: the model answers it as it answers the caller. */
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

/** A reply asks that somebody else be called. */
export interface Transfer {
  readonly way: 'transfer';
  readonly target: TransferTarget;
  /** The model's call of the tool; its result is how the transfer ends. */
  readonly call: ToolCall;
}

/** What follows a reply. */
export type FollowUp = Ending | Transfer;

/** Sentences that are synthesised at start. */
export type PhraseName = 'greeting' | 'callOpening' | StockPhrase;

/** A sentence: one of those, or one that an operator has the agent say. */
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
  /** The caller was silent, and it gets as loud as their voice: they may be going on. */
  | { readonly type: 'level-rises'; readonly frame: number; readonly since: Milliseconds }
  /** `dbov`: its level so far; `nowDbov`: that of the last 400 ms, up to `frame`; `laughs`: it is a laugh. */
  | {
      readonly type: 'speech-lasts';
      readonly dbov: number;
      readonly nowDbov?: number | undefined;
      readonly frame?: number;
      readonly since?: Milliseconds;
      readonly laughs?: true | undefined;
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
  /** `reply-committed`: a tool is at work. `reply-resumed`: the tool has finished. `reply-near`: the voice has the reply's first words. */
  | {
      readonly type: 'reply-committed' | 'reply-resumed' | 'reply-near' | 'reply-audible';
      readonly reply: number;
    }
  | { readonly type: 'reply-ended'; readonly reply: number; readonly ending?: FollowUp | undefined }
  | { readonly type: 'reply-failed'; readonly reply: number }
  /** What was heard of a reply or phrase that is over. `soundMs`: the length of the sound that was made of it. */
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
  /** A bug: nothing can be relied on any more. */
  | { readonly type: 'internal-error' }
  /** From outside. `now`: without another word. */
  | { readonly type: 'finish'; readonly ending: Ending; readonly now: boolean }
  /** An operator has the agent say this, … */
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
  /** The recogniser that was asked hasn't answered; to be reported, since nothing else does. */
  | { readonly do: 'unanswered'; readonly waitedMs: Milliseconds }
  /** Asks the end-of-turn model about what was said from frame `begin` to `end`; `frame`: the last voiced one. */
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
   * Nothing of the reply was heard, nor will be. `takenBack`: the caller went on, so it counts as never begun;
   * otherwise what they had said stays in the history.
   */
  | { readonly do: 'drop'; readonly reply: number; readonly takenBack: boolean }
  /** The reply stops at once; what was heard of it goes into the history. */
  | { readonly do: 'interrupt'; readonly reply: number; readonly by: Interrupter }
  /** The reply, of which nothing is heard yet, doesn't begin for now. */
  | { readonly do: 'hold-back'; readonly reply: number }
  /** It may. */
  | { readonly do: 'let-begin'; readonly reply: number }
  /** The reply, or phrase, waits where it is. */
  | { readonly do: 'pause'; readonly reply: number }
  /** It goes on, from the beginning of the word in which it was paused. */
  | { readonly do: 'resume'; readonly reply: number }
  | { readonly do: 'judged'; readonly sound: JudgedSound }
  | { readonly do: 'say'; readonly reply: number; readonly turn: number; readonly phrase: Sentence }
  /** "One moment", while the reply is still being prepared. */
  | { readonly do: 'filler'; readonly turn: number }
  /** The caller goes on: the filler stops. */
  | { readonly do: 'stop-filler' }
  /** A tone: a filler without words. */
  | { readonly do: 'tone' }
  | { readonly do: 'transfer'; readonly transfer: Transfer }
  | { readonly do: 'cancel-transfer' }
  /** The agent's part is over, though the call goes on: nothing is listened to or said any more. */
  | { readonly do: 'detach' }
  | { readonly do: 'leave'; readonly ending: Ending };

export interface TurnSettings {
  /** How long the caller may pause, by what they have said. */
  readonly endpointing: EndpointingPolicy;
  /** What a sound of the caller's does to the agent who speaks. */
  readonly interruption: InterruptionPolicy;
  /** What a caller who waits for the agent hears. */
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
  /** What is said first: the greeting, or something else to a caller who is in the middle of a conversation. */
  readonly firstWords: PhraseName;
  /** Whether the caller's voice may stop the greeting; keys always may. */
  readonly greetingInterruptible: boolean;
  /** How long the greeting waits for the caller's first packet. */
  readonly firstPacketMs: Milliseconds;
  /** Set if we have called: then they speak first. */
  readonly hello?: HelloSettings | undefined;
  /** Prepares a reply when the end of the turn is likely. */
  readonly earlyStart: boolean;
  /** With `earlyStart`, and a recogniser that doesn't find turns: the pause that makes the end likely. */
  readonly eagerPauseMs: Milliseconds;
  /** After this time the caller is answered, whether they have finished or not. */
  readonly longestTurnMs: Milliseconds;
  /** How long a recogniser that finds turns may report nothing after the caller fell silent, before it is asked. */
  readonly turnTimeoutMs: Milliseconds;
  /** How long a recogniser (fallbacks included) may take to answer when it is asked. */
  readonly transcriptMs: Milliseconds;
  /** A sound shorter than this in which the recogniser finds no words is no turn. */
  readonly noiseMs: Milliseconds;
  /** Pause that ends a row of DTMF digits. */
  readonly interDigitMs: Milliseconds;
  /** Keys that are a whole turn by themselves; a longer row (a telephone number) may still begin with one. */
  readonly menuKeys: string;
  /** Pause after such a key, if it is the first one. */
  readonly menuKeyMs: Milliseconds;
  /** A reply that isn't audible after this time has failed; the time that its tools take doesn't count. */
  readonly giveUpMs: Milliseconds;
  /** Replies in a row that may fail before the call is given up; undefined: it never is for that. */
  readonly failureLimit: number | undefined;
  /** What becomes of the caller when the call is given up or can't go on. */
  readonly givenUp: 'proceed' | 'hang-up';
  /** How long a turn under way may delay an ending that is wanted from outside. */
  readonly politeMs: Milliseconds;
  /** The longest time that the last words may take. */
  readonly lastWordsMs: Milliseconds;
  /** From the last packet of the last words to the end of the call, so that the far side's buffer is played out. */
  readonly lingerMs: Milliseconds;
}

/** How somebody who answers our call is listened to before they are greeted. */
export interface HelloSettings {
  /** If they say nothing for so long, they are greeted anyway. */
  readonly waitMs: Milliseconds;
  /** The pause that ends their hello. */
  readonly pauseMs: Milliseconds;
  /** A voice that talks for longer without such a pause is taken for a recording. */
  readonly longestMs: Milliseconds;
}

/** An agent's policies, made from its language and limits. */
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
  // Chosen: somebody who types a number has usually pressed the next key by then; if not, the row still goes on.
  menuKeyMs: 400,
  giveUpMs: 10_000,
  failureLimit: 3,
  givenUp: 'proceed',
  politeMs: 8000,
  lastWordsMs: 15_000,
  lingerMs: 250,
};
