/**
 * The contracts of the program, and the file to read first. `dialog` speaks to the world only
 * through these; gateways, providers and telephony implement them; `app.ts` introduces them to
 * each other. All instants are monotonic milliseconds of `lib/clock`.
 */
import type { Milliseconds } from '../lib/clock.ts';
import type { Audio, AudioFormat, G711Law, SampleRateHz } from '../media/audio.ts';
import type { AudioRingHandle } from '../media/audio-ring.ts';
import type { FlushLineHandle } from '../media/flush-line.ts';

// ── Media: where a call's audio comes from and goes to ────────────────────────────────────────

/** What the far side must be told so that it can attach. */
export type MediaEndpoint =
  | { readonly transport: 'rtp'; readonly address: string; readonly port: number }
  | { readonly transport: 'websocket'; readonly url: string }
  | { readonly transport: 'memory' };

/** Reserves endpoints; the far side (Asterisk, Vonage, a test) attaches to them. */
export interface MediaGateway {
  readonly kind: string;
  /** Reserves an endpoint for one call. Throws MEDIA_PORT_UNAVAILABLE or MEDIA_WORKER_DIED. */
  reserve(request: MediaRequest): Promise<MediaSession>;
  close(): Promise<void>;
}

export interface MediaRequest {
  /** Unique name of the call, for logs and counters. */
  readonly id: string;
  /** Law on the wire, where the transport is G.711. */
  readonly law?: G711Law;
}

export interface MediaSession {
  readonly id: string;
  readonly endpoint: MediaEndpoint;
  /** The format on the wire: what is written in it is sent without conversion. */
  readonly format: AudioFormat;
  /** Caller's audio and agent's audio as it really left, frame by frame on one timeline. */
  readonly heard: AudioRingHandle;
  readonly sent: AudioRingHandle;
  /** Raised by `flush`, or by a voice-activity detector in another thread. */
  readonly flushLine: FlushLineHandle;
  /** RTP: names the peer, (address, port) exactly; media flows from now on. Others attach by themselves. */
  attach(peer: { readonly address: string; readonly port: number }): void;
  /**
   * Another endpoint for the same session, where the transport has connections that drop or are taken away
   * for a while: the media isn't lost before `withinMs` (the gateway's default for an endpoint) are over.
   * Undefined: it is lost already.
   */
  renew?(withinMs?: Milliseconds): MediaEndpoint | undefined;
  /** Resolves when media can flow; rejects with MEDIA_NOT_ATTACHED when the session closes, or is lost, first. */
  readonly attached: Promise<void>;
  /** Queues one utterance behind what is queued already. */
  play(): Playback;
  /** Barge-in: nothing that is queued now is sent any more, from the next packet on. */
  flush(): void;
  /** `dtmf` found in the media (RFC 4733, Vonage); `lost`: media can't flow any more. */
  on(listener: (event: MediaEvent) => void): () => void;
  stats(): MediaStats;
  /** Audio that was written and waits to be sent, for the metrics. */
  queuedMs?(): Milliseconds;
  close(): Promise<void>;
}

export type MediaEvent =
  { readonly type: 'dtmf'; readonly digit: string } | { readonly type: 'lost'; readonly reason: string };

/** One utterance on its way to the caller's ear. */
export interface Playback {
  readonly id: number;
  /** Converts and queues; waits while the bounded queue is full. False: flushed or closed, stop writing. */
  write(audio: Audio): Promise<boolean>;
  /** No more audio; the last short frame is padded with the codec's silence. */
  end(): void;
  /** Instant of the first packet; undefined if none was ever sent. */
  readonly started: Promise<Milliseconds | undefined>;
  readonly finished: Promise<PlayedAccount>;
  /** Milliseconds of this utterance that have been played so far. */
  playedMs(): Milliseconds;
}

export interface PlayedAccount {
  readonly playedMs: Milliseconds;
  readonly writtenMs: Milliseconds;
  readonly outcome: 'completed' | 'flushed' | 'closed';
  /** `exact`: counted at the socket. `reported`: as the far side says, between its reports by the clock. */
  readonly accuracy: 'exact' | 'reported';
  /** Instant at which the last packet left. */
  readonly at: Milliseconds;
}

/** Counters of one session; all are totals since its start but those that say otherwise. */
export interface MediaStats {
  readonly packetsReceived: number;
  readonly packetsSent: number;
  /** Given up, because they didn't come in time; those that came after that are in `packetsLate` as well. */
  readonly packetsLost: number;
  readonly packetsLate: number;
  readonly packetsDuplicate: number;
  readonly packetsMalformed: number;
  readonly framesConcealed: number;
  /** Interarrival jitter, RFC 3550 §6.4.1. */
  readonly jitterMs: Milliseconds;
  /** Worst lateness of a sent packet against its deadline. */
  readonly sendLatenessMaxMs: Milliseconds;
  /** Frames refused because a bounded queue was full. */
  readonly framesDropped: number;
}

/** Of a call without media. */
export const NO_MEDIA: MediaStats = {
  packetsReceived: 0,
  packetsSent: 0,
  packetsLost: 0,
  packetsLate: 0,
  packetsDuplicate: 0,
  packetsMalformed: 0,
  framesConcealed: 0,
  jitterMs: 0,
  sendLatenessMaxMs: 0,
  framesDropped: 0,
};

/** How a provider that works in this process is, for readiness and the metrics. */
export interface ProviderStatus {
  /** Why it can't serve a call now; missing: it can. */
  readonly trouble?: string;
  readonly threads: readonly {
    readonly name: string;
    readonly alive: boolean;
    /** Times that it died and was started again. */
    readonly restarts: number;
  }[];
  /** Requests that are worked on or wait. */
  readonly requests: number;
}

// ── Speech: hearing and speaking ──────────────────────────────────────────────────────────────

/** Finds speech in the caller's audio, in a thread of its own. */
export interface VoiceActivityDetector {
  readonly name: string;
  readonly rates: readonly SampleRateHz[];
  open(request: VadRequest): Promise<VadStream>;
  status?(): ProviderStatus;
  close(): Promise<void>;
}

export interface VadRequest {
  readonly heard: AudioRingHandle;
  /** What the agent says, so that its echo isn't taken for the caller. */
  readonly sent?: AudioRingHandle;
  /** While armed, speech of `bargeInMs` trips it, without a word to the main thread first. */
  readonly flushLine: FlushLineHandle;
  /** Voiced time before `speech-start` is reported (default 60 ms). */
  readonly startMs?: Milliseconds;
  /** Unvoiced time before `speech-stop` is reported (default 100 ms). */
  readonly stopMs?: Milliseconds;
  /** Voiced time that interrupts an armed agent (default 240 ms: "mhm" doesn't). */
  readonly bargeInMs?: Milliseconds;
  readonly onEvent: (event: VadEvent) => void;
  /** Nobody listens to this call, nor will: told once, the last of all. */
  readonly onFailed?: (error: Error) => void;
}

export type VadEvent =
  /** `frame`, `at`: where and when the speech began (not when it was decided). */
  | { readonly type: 'speech-start'; readonly frame: number; readonly at: Milliseconds }
  /** `frame`, `at`: the caller's last voiced frame and its arrival. */
  | { readonly type: 'speech-stop'; readonly frame: number; readonly at: Milliseconds }
  | { readonly type: 'barge-in'; readonly frame: number; readonly at: Milliseconds };

export interface VadStream {
  close(): void;
}

/** Turns the caller's audio into text. */
export interface SpeechToText {
  readonly name: string;
  readonly rates: readonly SampleRateHz[];
  /** True: `turn-end` and its kin come by themselves. False: the caller's VAD must say `endTurn`. */
  readonly findsTurns: boolean;
  /** Throws LANGUAGE_UNSUPPORTED or STT_UNAVAILABLE. */
  open(request: SttRequest): Promise<SttStream>;
  /** A telephone rings: opens beforehand what takes its time to open. Never throws. */
  warm?(): void;
  status?(): ProviderStatus;
  close(): Promise<void>;
}

export interface SttRequest {
  readonly heard: AudioRingHandle;
  readonly language: string;
  /** Sentences and words that this agent expects: a grammar, a domain model or key terms. */
  readonly phrases: readonly string[];
  /** Words that no dictionary has, in ARPAbet. */
  readonly pronunciations?: Readonly<Record<string, string>>;
  readonly onEvent: (event: SttEvent) => void;
}

export type SttEvent =
  | { readonly type: 'partial'; readonly text: string }
  /** Probably the end: a reply may be prepared, not begun. `turn-resume` takes it back. */
  | { readonly type: 'turn-eager-end'; readonly transcript: Transcript }
  | { readonly type: 'turn-resume' }
  | { readonly type: 'turn-end'; readonly transcript: Transcript }
  /** Another recogniser listens from now on. `findsTurns`: as for the port, which spoke for the one before. */
  | { readonly type: 'recogniser'; readonly name: string; readonly findsTurns: boolean }
  | { readonly type: 'trouble'; readonly trouble: ProviderTrouble }
  | { readonly type: 'failed'; readonly error: Error };

export interface Transcript {
  readonly text: string;
  /** False: something was said, and what it was isn't certain enough to act on (`text` is the best guess). */
  readonly understood: boolean;
  /** 0 … 1, as the recogniser gives it. */
  readonly confidence: number;
}

export interface SttStream {
  /**
   * The VAD heard speech begin at `frame`: a turn begins there, whatever was going on. `frame` may lie
   * before the end of the last turn, as far back as the ring reaches: the caller went on, or the last
   * recogniser died, and what he said is heard again as a whole. A pending `endTurn` is answered anyhow.
   */
  beginTurn(frame: number): void;
  /** The VAD says that the turn ended with `frame`: the final text of what was said since `beginTurn`. */
  endTurn(frame: number): Promise<Transcript>;
  close(): void;
}

/** Turns a reply's text into sound while the text is still coming. */
export interface TextToSpeech {
  readonly name: string;
  readonly voices: readonly string[];
  /** What it wants to be given: whole sentences (the default), or text as it comes, which it gathers by itself. */
  readonly takes?: 'sentences' | 'text';
  /** Formats that it can give, best first. */
  readonly formats: readonly AudioFormat[];
  /** Throws LANGUAGE_UNSUPPORTED or TTS_UNAVAILABLE when a request like this can't be served. */
  check(voice: VoiceRequest): void;
  /**
   * `text` comes in pieces: each is spoken at once, whatever follows, and whenever. To one that `takes` text it
   * comes as it is written, and an empty piece says that nothing follows for now: what was gathered is spoken.
   * Audio leaves as soon as it can. Ends early and silently when `signal` aborts. Throws TTS_FAILED.
   */
  speak(text: AsyncIterable<string>, voice: VoiceRequest, signal: AbortSignal): AsyncIterable<TtsEvent>;
  /** A telephone rings: opens beforehand what takes its time to open. Never throws. */
  warm?(): void;
  status?(): ProviderStatus;
  close(): Promise<void>;
}

export interface VoiceRequest {
  readonly voice: string;
  readonly language: string;
  /** One of `formats`. */
  readonly format: AudioFormat;
}

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

// ── Thinking ──────────────────────────────────────────────────────────────────────────────────

/** Streams a reply. Stateless: everything it knows stands in the request. */
export interface LanguageModel {
  readonly name: string;
  /** Ends early and silently when `signal` aborts. Throws LLM_FAILED. */
  reply(request: ReplyRequest, signal: AbortSignal): AsyncIterable<LlmEvent>;
  /** A telephone rings: opens beforehand what takes its time to open. Never throws. */
  warm?(): void;
  status?(): ProviderStatus;
  close(): Promise<void>;
}

export interface ReplyRequest {
  readonly agent: AgentProfile;
  readonly call: CallInfo;
  readonly history: readonly Message[];
  /** What the model may call, as this agent is allowed to. */
  readonly tools?: readonly ToolSpec[];
  /** Providers that have broken off in this very reply: others are asked first, if there are any. */
  readonly avoid?: readonly string[];
}

/** A tool as a model is told of it. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type Message =
  | { readonly role: 'caller'; readonly text: string; readonly via: 'speech' | 'dtmf' }
  /** The caller said something that wasn't understood, or nothing when asked. */
  | { readonly role: 'caller'; readonly text: ''; readonly via: 'not-understood' | 'silence' }
  /** Only what was really played; `interrupted` if the caller cut it off. */
  | { readonly role: 'agent'; readonly text: string; readonly interrupted: boolean }
  | { readonly role: 'tool'; readonly call: ToolCall; readonly result: string };

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The model's own text where that was no JSON object: nothing can be done but tell it so. */
  readonly malformed?: string;
}

export type LlmEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool'; readonly call: ToolCall }
  /** It is at work on what isn't speech: its thoughts, or the arguments of a tool. */
  | { readonly type: 'progress' }
  /** Tokens of this request, as the provider counts (and charges) them. */
  | {
      readonly type: 'usage';
      readonly provider: string;
      readonly inputTokens: number;
      readonly outputTokens: number;
    }
  | { readonly type: 'trouble'; readonly trouble: ProviderTrouble };

// ── Trouble with providers ────────────────────────────────────────────────────────────────────

/** What can go wrong between us and a provider (docs/errors.md). */
export const FAILURE_KINDS = [
  /** Nobody listens there. */
  'refused',
  /** The name can't be resolved. */
  'dns',
  'tls',
  /** The key is wrong, or may not do this. */
  'unauthorized',
  /** Too many requests, or the account's limit of calls at a time. */
  'rate-limited',
  /** The request itself is wrong: an unknown model or voice, a parameter. */
  'rejected',
  /** The provider's own trouble (5xx, or an error event). */
  'server',
  /** No answer in time. */
  'timeout',
  /** The answer had begun, and nothing more came. */
  'stalled',
  /** The connection died in the middle. */
  'cut',
  /** What came isn't what was agreed on. */
  'malformed',
  /** A proper answer with nothing in it. */
  'empty',
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** A provider failed, and what was done about it. */
export interface ProviderTrouble {
  readonly part: 'stt' | 'llm' | 'tts';
  /** As providers.yaml calls it. */
  readonly provider: string;
  readonly kind: FailureKind;
  readonly message: string;
  /**
   * `retried`: the same provider once more. `fell-back`: to `next`. `spared`: it wasn't even asked, because it
   * has failed shortly before, but `next` was. `gave-up`: nobody is left.
   */
  readonly outcome: 'retried' | 'fell-back' | 'spared' | 'gave-up';
  readonly next?: string;
}

/** Where messages that callers leave are kept. */
export interface MessageStore {
  keep(message: TakenMessage): Promise<void>;
}

export interface TakenMessage {
  readonly agent: string;
  readonly call: CallInfo;
  /** Wall-clock time, milliseconds since the Unix epoch. */
  readonly takenAt: Milliseconds;
  readonly name: string;
  readonly number: string;
  readonly text: string;
}

/** Who answers: an agent of agents.yaml, checked and complete. */
export interface AgentProfile {
  readonly id: string;
  readonly extensions: readonly string[];
  readonly name: string;
  readonly greeting: string;
  readonly instructions: string;
  readonly voice: string;
  readonly language: string;
  readonly codec: G711Law | 'auto';
  readonly limits: AgentLimits;
  /** Where the caller goes when the conversation is over: nowhere, or on in the dialplan. */
  readonly afterwards: 'hang-up' | 'continue';
  /** Names of the tools that its model may call. Missing: all that its knowledge and targets have a use for. */
  readonly tools?: readonly string[];
  /** Whom it may call for a caller, and nobody else. */
  readonly transferTargets?: readonly TransferTarget[];
  /** What becomes of a caller to whom no reply could be given several times in a row. */
  readonly whenFailing: 'continue' | 'hang-up' | 'keep-trying';
  /** What the embedded receptionist answers from; other models get it within their instructions. */
  readonly knowledge: AgentKnowledge;
}

/** Somebody whom an agent may call to put a caller through. */
export interface TransferTarget {
  readonly name: string;
  /** Other words that callers use for it. */
  readonly also: readonly string[];
  /** In the words of the telephony that carries the call: `PJSIP/softphone2`, `Local/200@from-internal`, `+4930123456`. */
  readonly endpoint: string;
  /** What the target's telephone shows: `caller`, `agent` (its name, and the number that was dialled), or `Name <number>`. */
  readonly callerId: string;
  /** How long it rings. */
  readonly ringMs: Milliseconds;
  /** What the caller hears meanwhile. */
  readonly whileRinging: 'ringing' | 'music';
}

export interface AgentLimits {
  /** Silence of the caller that ends a turn. */
  readonly endpointingMs: Milliseconds;
  /** Silence after which a reply is prepared, though the turn may go on; 0: never before its end is certain. */
  readonly eagerPauseMs: Milliseconds;
  /** Talking without an end that the detector finds; what was said until then is answered. */
  readonly longestTurnMs: Milliseconds;
  /** Voiced time that interrupts the agent. */
  readonly bargeInMs: Milliseconds;
  /** Pause that ends a row of keys; a key that chooses a department is answered sooner. */
  readonly interDigitMs: Milliseconds;
  /** Silence after which the caller is asked, and after being asked `silencePrompts` times, said goodbye to. */
  readonly silenceMs: Milliseconds;
  readonly silencePrompts: number;
  readonly maxCallMs: Milliseconds;
}

export interface AgentKnowledge {
  readonly company: string;
  /** IANA name; the receptionist's "today" is there. The machine's own when missing. */
  readonly timeZone?: string;
  /** Missing: unknown. A day without an entry is closed. */
  readonly openingHours?: readonly OpeningTime[];
  readonly address?: string;
  /** `also`: other words that callers use for it. `price`: in spoken words. */
  readonly services: readonly {
    readonly name: string;
    readonly also: readonly string[];
    readonly about: string;
    readonly price?: string;
  }[];
  /** Question and answer pairs beyond the above. */
  readonly questions: readonly { readonly ask: readonly string[]; readonly answer: string }[];
  /** Where a caller can be put through: goes on in the dialplan with this department. */
  readonly departments: readonly {
    readonly name: string;
    readonly digit?: string;
    readonly also: readonly string[];
  }[];
  readonly takesMessages: boolean;
  /** Words that no dictionary has, in ARPAbet: `{ Zuse: "T S UW Z AH" }`. */
  readonly pronunciations: Readonly<Record<string, string>>;
}

export const WEEKDAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** One stretch of a day, in minutes after midnight. */
export interface OpeningTime {
  readonly day: Weekday;
  readonly fromMinute: number;
  readonly toMinute: number;
}

// ── Telephony: the call as the agent sees it ──────────────────────────────────────────────────

export interface CallKey {
  readonly server: string;
  readonly channel: string;
}

export interface CallInfo {
  readonly key: CallKey;
  readonly direction: 'in' | 'out';
  readonly dialled: string;
  readonly caller: { readonly number: string; readonly name: string };
  /** Chosen channel variables. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What the agent may do with the line, and what the line tells it. */
export interface CallLine {
  readonly info: CallInfo;
  on(listener: (event: LineEvent) => void): () => void;
  /** Answers; resolves with the instant at which the far side knew. Idempotent. */
  answer(): Promise<Milliseconds>;
  hangUp(): Promise<void>;
  /** Lets the caller go on in the dialplan, with result variables (`VOICE_AGENT_RESULT`, …) set. */
  proceed(variables: Readonly<Record<string, string>>): Promise<void>;
  /**
   * Calls somebody else, and connects the caller with him when he answers; the caller hears it ring
   * meanwhile. `answered`: the media session is closed, and the line goes on until it tells `ended` or
   * `target-left`. Anything else: the caller is back, with media as before. Never rejects; one at a time.
   * When `signal` aborts the target isn't rung any longer.
   */
  transfer(request: TransferRequest, signal: AbortSignal): Promise<TransferOutcome>;
  /** Sends keys (`0-9*#A-D`, `w`: half a second's pause) to the far side. Rejects if it can't. */
  sendDtmf(digits: string): Promise<void>;
}

export interface TransferRequest {
  readonly endpoint: string;
  /** What the target's telephone shows. */
  readonly callerId: { readonly name: string; readonly number: string };
  readonly ringMs: Milliseconds;
  readonly whileRinging: 'ringing' | 'music';
}

export type TransferOutcome =
  | 'answered'
  | 'busy'
  | 'refused'
  | 'no-answer'
  /** It can't be called: nobody knows it, its telephone is off, or something broke. */
  | 'failed'
  /** `signal` has fired. */
  | 'cancelled'
  /** The caller has hung up meanwhile; `ended` says so as well. */
  | 'caller-gone';

export type LineEvent =
  | { readonly type: 'dtmf'; readonly digit: string }
  | { readonly type: 'hold' }
  | { readonly type: 'unhold' }
  /** After a transfer: the one who answered has hung up, and the caller is alone on the line. */
  | { readonly type: 'target-left' }
  /** A transfer on the caller's side: somebody else is on the line now, in the same call. */
  | { readonly type: 'caller-changed'; readonly caller: CallInfo['caller'] }
  /** The last caller-side leg is gone. */
  | { readonly type: 'ended'; readonly reason: string };

/** What telephony asks when a call arrives, before anything is set up. */
export interface CallDesk {
  admit(info: CallInfo): Admission;
}

export type Admission =
  /** `run` is called once media is attached and the line can be answered; the call is over when it settles. */
  | {
      readonly kind: 'accept';
      readonly codec: G711Law | 'auto';
      readonly run: (line: CallLine, media: MediaSession) => Promise<void>;
      /** Called instead of `run` when the caller left, or the set-up failed, before that. */
      readonly abandoned?: (reason: string) => void;
    }
  /** No room, or draining: on in the dialplan with `VOICE_AGENT_RESULT` set, nothing is answered. */
  | { readonly kind: 'proceed'; readonly variables: Readonly<Record<string, string>> };

// ── What everybody may watch ──────────────────────────────────────────────────────────────────

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
      /** Its first and its last packet. */
      readonly since?: Milliseconds;
      readonly until?: Milliseconds;
    }
  | { readonly type: 'latency'; readonly turn: number; readonly marks: TurnMarks }
  /** A reply that was prepared for this turn, so long, was dropped: the caller went on. */
  | { readonly type: 'draft-dropped'; readonly turn: number; readonly preparedMs: Milliseconds }
  | { readonly type: 'barge-in'; readonly turn: number; readonly playedMs: Milliseconds }
  | { readonly type: 'dtmf'; readonly digit: string }
  | { readonly type: 'held' | 'unheld' }
  | { readonly type: 'caller-changed'; readonly caller: CallInfo['caller'] }
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
  /** `provider`, `kind`, `outcome` and `next` where a provider of the cloud has failed: see ProviderTrouble. */
  | {
      readonly type: 'trouble';
      readonly part: 'vad' | 'stt' | 'llm' | 'tts' | 'media' | 'line';
      readonly message: string;
      readonly provider?: string;
      readonly kind?: FailureKind;
      readonly outcome?: ProviderTrouble['outcome'];
      readonly next?: string;
    }
  | {
      readonly type: 'ended';
      readonly reason: string;
      readonly variables: Readonly<Record<string, string>>;
      readonly media: MediaStats;
      /** Missing: no turn was measured. */
      readonly latency?: CallLatency;
    }
);

/** How long a call's caller waited for answers: from his last voiced packet to the reply's first. */
export interface CallLatency {
  readonly turns: number;
  readonly meanMs: Milliseconds;
  readonly worstMs: Milliseconds;
}

export type CallObserver = (event: CallEvent) => void;
