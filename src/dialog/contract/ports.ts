/**
 * The contracts of the program, and the file to read first. `dialog` speaks to the world only
 * through these; gateways, providers and telephony implement them; `app.ts` introduces them to
 * each other. All instants are monotonic milliseconds of `lib/clock`. What the contracts carry lies
 * beside this file: `call-media.ts`, `speech.ts`, `conversation.ts`, `call-info.ts`, `agent-profile.ts`,
 * `call-events.ts` (what everybody may watch), `provider-failures.ts`.
 */
import type { Milliseconds } from '../../lib/clock.ts';
import type { AudioRingHandle } from '../../media/audio-ring.ts';
import type { Audio, AudioFormat, SampleRateHz } from '../../media/audio.ts';
import type { CodecName } from '../../media/codec.ts';
import type { FlushLineHandle } from '../../media/flush-line.ts';
import type { CallInfo, LineEvent, TransferOutcome, TransferRequest } from './call-info.ts';
import type { MediaEndpoint, MediaEvent, MediaRequest, MediaStats, PlayedAccount } from './call-media.ts';
import type { LlmEvent, ReplyRequest, TakenMessage } from './conversation.ts';
import type { EndReason } from './end-reason.ts';
import type { ProviderStatus } from './provider-failures.ts';
import type {
  SttRequest,
  TextPiece,
  Transcript,
  TtsEvent,
  TurnSound,
  VadRequest,
  VoiceRequest,
} from './speech.ts';

// ── Media: where a call's audio comes from and goes to ────────────────────────────────────────

/** Reserves endpoints of its transport; the far side (Asterisk, Vonage) attaches to them. */
export interface MediaGateway<Endpoint extends MediaEndpoint = MediaEndpoint> {
  readonly kind: string;
  /** Reserves an endpoint for one call. Throws MEDIA_PORT_UNAVAILABLE or MEDIA_WORKER_DIED. */
  reserve(request: MediaRequest): Promise<MediaSession<Endpoint>>;
  close(): Promise<void>;
}

export interface MediaSession<Endpoint extends MediaEndpoint = MediaEndpoint> {
  readonly id: string;
  readonly endpoint: Endpoint;
  /** What is written in this format is queued as it is. G.711 leaves untouched; else samples, encoded as they leave. */
  readonly format: AudioFormat;
  /** Caller's audio and agent's audio as it really left, frame by frame on one timeline. */
  readonly heard: AudioRingHandle;
  readonly sent: AudioRingHandle;
  /** Raised, or paused, by this session and its playbacks, or by a voice-activity detector in another thread. */
  readonly flushLine: FlushLineHandle;
  /** Resolves when media can flow; rejects with MEDIA_NOT_ATTACHED when the session closes, or is lost, first. */
  readonly attached: Promise<void>;
  /** Queues one utterance behind what is queued already. */
  play(): Playback;
  /** Barge-in: nothing that is queued now is sent any more, from the next packet on. */
  flush(): void;
  /** `dtmf` found in the media (RFC 4733, Vonage); `lost`: media can't flow any more. */
  on(listener: (event: MediaEvent) => void): () => void;
  stats(): MediaStats;
  close(): Promise<void>;
}

/** One utterance on its way to the caller's ear. */
export interface Playback {
  readonly id: number;
  /** Converts and queues; waits while the bounded queue is full. False: flushed or closed, stop writing. */
  write(audio: Audio): Promise<boolean>;
  /** No more audio; the last short frame is padded with silence. */
  end(): void;
  /** Instant of the first packet; undefined if none was ever sent. */
  readonly started: Promise<Milliseconds | undefined>;
  readonly finished: Promise<PlayedAccount>;
  /**
   * How far this utterance has been heard: the furthest place in it, so what is heard a second time after
   * `resume(fromMs)` isn't counted twice, and the fade of a pause isn't at all.
   */
  playedMs(): Milliseconds;
  /** It is paused, or will be as soon as it is its turn. */
  readonly paused: boolean;
  /**
   * From the next packet on it fades out within 10 ms, and then there is silence: this utterance, and those that
   * are queued behind it, wait. One whose turn hasn't come begins paused: those before it are played first.
   * Nothing when it is paused, flushed, or over.
   */
  pause(): void;
  /**
   * Goes on where it stopped, fading in within 10 ms, or at `fromMs` of it, to be heard again from there: from the
   * frame of 20 ms in which that is. Returns the place: a later one than was asked for if it lay more than two
   * seconds back, and never one that wasn't heard yet. Undefined: nothing was paused.
   */
  resume(fromMs?: Milliseconds): Milliseconds | undefined;
  /** As `MediaSession.flush`, but nothing if this utterance was flushed before; ends a pause. */
  flush(): void;
}

// ── Providers: hearing, thinking and speaking ─────────────────────────────────────────────────

/** Whatever an agent hears, thinks or speaks with. All calls share it. */
export interface Provider {
  readonly name: string;
  /** A telephone rings: opens beforehand what takes its time to open. Never throws. */
  warm?(): void;
  /** How it is, if it works in this process. */
  status?(): ProviderStatus;
  close(): Promise<void>;
}

/** Finds speech in the caller's audio, in a thread of its own. */
export interface VoiceActivityDetector extends Provider {
  readonly rates: readonly SampleRateHz[];
  open(request: VadRequest): Promise<VadStream>;
}

export interface VadStream {
  /** What is heard without the echo of what the agent says, for the recogniser; places are those of `VadRequest.heard`. */
  readonly heard?: AudioRingHandle;
  close(): void;
}

/**
 * Judges by how it sounds (intonation, pace, a word drawn out) whether a caller who pauses has finished. Stateless, in a
 * thread of its own. To be asked when it has been silent for about 200 ms, and again at each further pause.
 */
export interface EndOfTurnModel extends Provider {
  /**
   * The chance (0 … 1) that the caller has finished. Undefined: it can't say, or not in time (200 ms): the pause alone
   * decides then. Never rejects.
   */
  judge(turn: TurnSound): Promise<number | undefined>;
}

/** Turns the caller's audio into text. */
export interface SpeechToText extends Provider {
  readonly rates: readonly SampleRateHz[];
  /** True: `turn-end` and its kin come by themselves. False: the caller's VAD must say `endTurn`. */
  readonly findsTurns: boolean;
  /** Throws LANGUAGE_UNSUPPORTED or STT_UNAVAILABLE. */
  open(request: SttRequest): Promise<SttStream>;
}

export interface SttStream {
  /**
   * The VAD heard speech begin at `frame`: a turn begins there, whatever was going on. `frame` may lie
   * before the end of the last turn, as far back as the ring reaches: the caller went on, or the last
   * recogniser died, and what they said is heard again as a whole. A pending `endTurn` is answered anyhow.
   */
  beginTurn(frame: number): void;
  /** The VAD says that the turn ended with `frame`: the final text of what was said since `beginTurn`. */
  endTurn(frame: number): Promise<Transcript>;
  /**
   * Asks once more about the turn whose `endTurn(frame)` has failed; nothing is understood if another has ended since.
   * Only of a stream that asks with a request for each turn, and keeps the turn's sound until it is answered.
   */
  askAgain?(frame: number): Promise<Transcript>;
  close(): void;
}

/** Turns a reply's text into sound while the text is still coming. */
export interface TextToSpeech extends Provider {
  readonly voices: readonly string[];
  /**
   * What it wants to be given: sentences, of which the first may be only a clause, so that speech can begin early
   * (the default); whole `sentences`; or `text` as it comes, which it gathers by itself.
   */
  readonly takes?: 'clauses' | 'sentences' | 'text';
  /** Formats that it can give, best first. */
  readonly formats: readonly AudioFormat[];
  /** Throws LANGUAGE_UNSUPPORTED or TTS_UNAVAILABLE when a request like this can't be served. */
  check(voice: VoiceRequest): void;
  /**
   * `text` comes in pieces: each is spoken at once, whatever follows, and whenever. To one that `takes` text it
   * comes as it is written, and at a `FLUSH` what was gathered is spoken, for nothing follows for now.
   * Audio leaves as soon as it can. Ends early and silently when `signal` aborts. Throws TTS_FAILED.
   */
  speak(text: AsyncIterable<TextPiece>, voice: VoiceRequest, signal: AbortSignal): AsyncIterable<TtsEvent>;
}

/** Streams a reply. Stateless: everything it knows stands in the request. */
export interface LanguageModel extends Provider {
  /** Ends early and silently when `signal` aborts. Throws LLM_FAILED. */
  reply(request: ReplyRequest, signal: AbortSignal): AsyncIterable<LlmEvent>;
}

/** Where messages that callers leave are kept. */
export interface MessageStore {
  keep(message: TakenMessage): Promise<void>;
}

// ── The line: the call as the agent sees it ───────────────────────────────────────────────────

/** What the agent may do with the line, and what the line tells it. */
export interface CallLine {
  readonly info: CallInfo;
  on(listener: (event: LineEvent) => void): () => void;
  /**
   * Answers; resolves with the instant at which the far side knew. Where they are called (`out`), their telephone rings
   * now, and it resolves when they have answered; it may never, then `ended` says why. Idempotent.
   */
  answer(): Promise<Milliseconds>;
  hangUp(): Promise<void>;
  /** Lets the caller go on in the dialplan, with result variables (`VOICE_AGENT_RESULT`, …) set. */
  proceed(variables: Readonly<Record<string, string>>): Promise<void>;
  /**
   * Calls somebody else, and connects the caller with them when they answer; the caller hears it ring
   * meanwhile. `answered`: the media session is closed, and the line goes on until it tells `ended` or
   * `target-left`. Anything else: the caller is back, with media as before. Never rejects; one at a time.
   * When `signal` aborts the target isn't rung any longer.
   */
  transfer(request: TransferRequest, signal: AbortSignal): Promise<TransferOutcome>;
  /** Sends keys (`0-9*#A-D`, `w`: half a second's pause) to the far side. Rejects if it can't. */
  sendDtmf(digits: string): Promise<void>;
}

/** What telephony asks when a call arrives, before anything is set up. */
export interface CallDesk {
  admit(info: CallInfo): Admission;
}

export type Admission =
  /** `run` is called once media is attached and the line can be answered; the call is over when it settles. */
  | {
      readonly kind: 'accept';
      readonly codec: CodecName | 'auto';
      readonly run: (line: CallLine, media: MediaSession) => Promise<void>;
      /** Called instead of `run` when the caller left, or the set-up failed, before that. */
      readonly abandoned?: (reason: EndReason) => void;
    }
  /** No room, or draining: on in the dialplan with `VOICE_AGENT_RESULT` set, nothing is answered. */
  | { readonly kind: 'proceed'; readonly variables: Readonly<Record<string, string>> };
