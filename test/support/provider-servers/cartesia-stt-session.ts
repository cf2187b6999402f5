import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { monotonicNow, type Milliseconds } from '../../../src/lib/clock.ts';
import type { AudioEncoding } from '../../../src/media/audio.ts';
import type { Delay } from './delays.ts';
import type { Fault } from './fault-plan.ts';
import { tell, type ServerObserver } from './server-events.ts';
import { SoundDetector, type DetectorOptions } from './sound-detector.ts';
import { samplesFrom } from './wire-audio.ts';

export interface Utterance {
  /** The same for every question about one turn: its sound grows, its text may only, too. */
  readonly turn: string;
  readonly samples: Int16Array;
  readonly rateHz: number;
  /** What the client expects to hear. */
  readonly keyTerms?: readonly string[];
}

/** A text, and where its words are in the utterance, in seconds. */
export interface WordedText {
  readonly text: string;
  readonly words: readonly { readonly word: string; readonly start: number; readonly end: number }[];
}

/** What is made of a turn's sound. */
export type Transcribe = (utterance: Utterance) => string | WordedText | Promise<string | WordedText>;

export function worded(made: string | WordedText): WordedText {
  return typeof made === 'string' ? { text: made, words: [] } : made;
}

/** Listens to one connection while its sound comes, so that the text is there when the turn ends. */
export interface TurnListener {
  /** All that comes, silence too. */
  hear(samples: Int16Array): void;
  /** A turn began so much sound ago. */
  begin(agoMs: Milliseconds): void;
  /** It goes on, although its text has been asked for. */
  goOn(): void;
  /** What has been understood so far. */
  readonly guess: string;
  /** Of the turn, of which nothing but silence has come since it was last asked for, if `unchanged`. */
  text(unchanged: boolean): Promise<string>;
  close(): void;
}

export interface SttBehaviour {
  readonly transcribe: Transcribe;
  /** Instead of `transcribe`, where the provider finds the turns. */
  readonly listener?: (stream: {
    readonly rateHz: number;
    readonly keyTerms: readonly string[];
  }) => TurnListener;
  /** Whether `turn.update`s are sent while the caller speaks (default true). */
  readonly updates?: boolean;
  /** After the last voiced sound of the audio: the turn has probably ended (default 160). */
  readonly eagerEnd?: Delay;
  /** After the last voiced sound of the audio: the turn has ended (default 400). */
  readonly turnEnd?: Delay;
  /** Whether this eager end is taken back although the caller stays silent. */
  readonly takesBack?: () => boolean;
  /** From `finalize` to the transcript. */
  readonly finalize?: Delay;
  /** Whether words' times count from the turn's first sound, or the connection's (default). */
  readonly wordsCountFrom?: 'turn' | 'connection';
  readonly detector?: DetectorOptions;
  readonly observe?: ServerObserver | undefined;
}

export interface SttStreamOptions {
  readonly encoding: AudioEncoding;
  readonly rateHz: number;
  readonly requestId: string;
  readonly keyTerms: readonly string[];
  readonly fault: Fault | undefined;
}

const UPDATE_MS = 300;
/** The detector looks at so much sound at a time: delays are rounded to whole steps. */
const STEP_MS = 20;

/** What both STT sockets have in common: sound comes in, JSON goes out, and things go wrong. */
abstract class SttSession {
  protected readonly socket: WebSocket;
  protected readonly behaviour: SttBehaviour;
  protected readonly options: SttStreamOptions;
  #bytes = 0;
  #events = 0;

  constructor(socket: WebSocket, behaviour: SttBehaviour, options: SttStreamOptions) {
    this.socket = socket;
    this.behaviour = behaviour;
    this.options = options;
  }

  onAudio(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    const { fault, encoding } = this.options;
    if (fault?.type === 'cut-after-audio' && this.#bytes >= fault.bytes) {
      this.socket.terminate();
      return;
    }
    this.hear(samplesFrom(bytes, encoding));
  }

  protected abstract hear(samples: Int16Array): void;
  abstract onText(text: string): void;

  protected send(event: { readonly type: string } & Record<string, unknown>): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    const { fault, requestId } = this.options;
    if (fault && 'after' in fault && this.#events >= fault.after) {
      if (fault.type === 'cut') this.socket.terminate();
      if (fault.type === 'malformed') this.socket.send('{"type":"turn.');
      // STTErrorResponse, src/resources/stt/stt.ts.
      if (fault.type === 'error') {
        const { status, message } = fault;
        this.socket.send(
          JSON.stringify({
            type: 'error',
            title: 'Error',
            message,
            status_code: status,
            request_id: requestId,
          }),
        );
        this.socket.close(1011);
      }
      return;
    }
    this.#events += 1;
    this.socket.send(JSON.stringify({ ...event, request_id: requestId }));
  }
}

interface Turn {
  readonly id: string;
  readonly parts: Int16Array[];
  readonly eagerMs: number;
  readonly endMs: number;
  readonly takenBack: boolean;
  eager: 'no' | 'yes' | 'taken-back';
  updatedMs: number;
  /** Up to where its text has been asked for. */
  askedMs: number;
}

/** `/stt/turns/websocket`: turns by the sound's energy; every delay is counted in sound received. */
export class TurnsSession extends SttSession {
  readonly #detector: SoundDetector;
  /** Sound before a turn is known to have begun. */
  #preroll: Int16Array[] = [];
  #turn: Turn | undefined;
  #turns = 0;
  #order: Promise<void> = Promise.resolve();
  readonly #listener: TurnListener | undefined;
  #guess = '';
  #heardAt = 0;
  #voicedAt = 0;

  constructor(socket: WebSocket, behaviour: SttBehaviour, options: SttStreamOptions) {
    super(socket, behaviour, options);
    this.#detector = new SoundDetector(options.rateHz, behaviour.detector);
    this.#listener = behaviour.listener?.(options);
    socket.on('close', () => this.#listener?.close());
    // STTAutoFinalizeConnected, src/resources/stt/auto-finalize/auto-finalize.ts.
    this.send({ type: 'connected' });
  }

  protected override hear(samples: Int16Array): void {
    this.#heardAt = monotonicNow();
    const step = (this.options.rateHz * STEP_MS) / 1000;
    for (let at = 0; at < samples.length; at += step) {
      const part = samples.subarray(at, at + step);
      this.#listener?.hear(part);
      if (this.#turn) this.#turn.parts.push(part);
      else this.#preroll = [...this.#preroll.slice(-25), part];
      this.#detector.push(part, (voiced) => {
        this.#step(voiced);
      });
    }
  }

  override onText(text: string): void {
    const { type } = JSON.parse(text) as { type: string };
    // STTAutoFinalizeCloseCommand: what is buffered is still made into events.
    if (type !== 'close') return;
    if (this.#turn) this.#end(this.#turn);
    this.#say(() => {
      this.socket.close(1000);
    });
  }

  #step(voiced: boolean): void {
    if (voiced) this.#voicedAt = this.#heardAt;
    const turn = this.#turn;
    if (!turn) {
      if (voiced && this.#detector.speaking) this.#begin();
      return;
    }
    const silence = this.#detector.silenceMs;
    if (voiced && turn.eager !== 'no') this.#listener?.goOn();
    if (voiced && turn.eager === 'yes') {
      turn.eager = 'no';
      this.#emit('turn.resume', turn);
    } else if (voiced && turn.eager === 'taken-back') {
      turn.eager = 'no';
    } else if (turn.eager === 'no' && silence >= turn.eagerMs && silence < turn.endMs) {
      turn.eager = 'yes';
      this.#emit('turn.eager_end', turn);
    } else if (turn.eager === 'yes' && turn.takenBack && silence >= (turn.eagerMs + turn.endMs) / 2) {
      turn.eager = 'taken-back';
      this.#emit('turn.resume', turn);
    }
    if (silence >= turn.endMs) this.#end(turn);
    else if (voiced && this.#detector.positionMs - turn.updatedMs >= UPDATE_MS) {
      turn.updatedMs = this.#detector.positionMs;
      this.#update(turn);
    }
  }

  #begin(): void {
    const { eagerEnd, turnEnd, takesBack } = this.behaviour;
    const eagerMs = wholeSteps(eagerEnd?.() ?? 160);
    this.#turns += 1;
    this.#turn = {
      id: `${this.options.requestId}/${this.#turns}`,
      parts: this.#preroll,
      eagerMs,
      endMs: Math.max(wholeSteps(turnEnd?.() ?? 400), eagerMs + STEP_MS),
      takenBack: takesBack?.() ?? false,
      eager: 'no',
      updatedMs: this.#detector.positionMs,
      askedMs: -1,
    };
    this.#listener?.begin((1000 * joined(this.#preroll).length) / this.options.rateHz);
    this.#guess = '';
    this.#preroll = [];
    this.#emit('turn.start', this.#turn);
  }

  #end(turn: Turn): void {
    this.#turn = undefined;
    this.#emit('turn.end', turn);
  }

  /**
   * A word more for every 300 ms of voice: the model revises nothing. STTAutoFinalizeTurnUpdateResponse: the text is
   * cumulative (src/resources/stt/auto-finalize/auto-finalize.ts).
   */
  #update(turn: Turn): void {
    if (this.behaviour.updates === false) return;
    if (this.#listener) {
      const { guess } = this.#listener;
      if (guess !== '' && guess !== this.#guess)
        this.#say(() => {
          this.send({ type: 'turn.update', transcript: guess });
        });
      this.#guess = guess;
      return;
    }
    const count = Math.max(1, Math.floor((turn.parts.length * 20 - 500) / UPDATE_MS));
    const utterance = this.#utterance(turn);
    this.#say(async () => {
      const words = worded(await this.behaviour.transcribe(utterance))
        .text.split(' ')
        .slice(0, count);
      this.send({ type: 'turn.update', transcript: words.join(' ') });
    });
  }

  /** STTAutoFinalizeTurnStart, …EagerEnd, …Resume, …End: src/resources/stt/auto-finalize/auto-finalize.ts. */
  #emit(type: 'turn.start' | 'turn.eager_end' | 'turn.resume' | 'turn.end', turn: Turn): void {
    const text = type === 'turn.eager_end' || type === 'turn.end' ? this.#textOf(turn) : undefined;
    const [voicedAt, heardAt] = [this.#voicedAt, this.#heardAt];
    const { silenceMs } = this.#detector;
    this.#say(async () => {
      const message = text ? { type, transcript: await text() } : { type };
      tell(this.behaviour.observe, { server: 'stt', type, turn: turn.id, silenceMs, voicedAt, heardAt });
      this.send(message);
    });
  }

  /** How the turn's text, as it stands, is got. */
  #textOf(turn: Turn): () => string | Promise<string> {
    const { lastVoicedMs } = this.#detector;
    const unchanged = turn.askedMs === lastVoicedMs;
    turn.askedMs = lastVoicedMs;
    if (this.#listener) {
      const text = this.#listener.text(unchanged);
      return () => text;
    }
    const utterance = this.#utterance(turn);
    return async () => worded(await this.behaviour.transcribe(utterance)).text;
  }

  #utterance({ id, parts }: Turn): Utterance {
    const { rateHz, keyTerms } = this.options;
    return { turn: id, samples: joined(parts), rateHz, keyTerms };
  }

  #say(action: () => void | Promise<void>): void {
    this.#order = this.#order.then(action);
  }
}

/** `/stt/websocket`: hears until it is told `finalize`. */
export class FinalizeSession extends SttSession {
  #parts: Int16Array[] = [];
  #turns = 0;
  /** Samples of the turns before. */
  #heard = 0;
  #order: Promise<void> = Promise.resolve();

  protected override hear(samples: Int16Array): void {
    this.#parts.push(samples);
  }

  /** STTManualFinalizeWebsocketRequest, src/resources/stt/manual-finalize/manual-finalize.ts: bare words. */
  override onText(text: string): void {
    if (text !== 'finalize' && text !== 'close') {
      this.send({ type: 'error', title: 'Invalid command', message: text, status_code: 400 });
      return;
    }
    const samples = joined(this.#parts);
    this.#parts = [];
    const before = this.#heard;
    this.#heard += samples.length;
    const turn = `${this.options.requestId}/${(this.#turns += 1)}`;
    this.#order = this.#order.then(async () => {
      const { rateHz, keyTerms, fault } = this.options;
      await sleep(this.behaviour.finalize?.() ?? 0);
      if (samples.length > 0 && fault?.type !== 'empty') {
        await this.#transcripts(
          worded(await this.behaviour.transcribe({ turn, samples, rateHz, keyTerms })),
          samples.length / rateHz,
          this.behaviour.wordsCountFrom === 'turn' ? 0 : before / rateHz,
        );
      }
      // STTManualFinalizeFlushDoneResponse, and …DoneResponse to `close`: src/resources/stt/manual-finalize/manual-finalize.ts.
      if (text === 'finalize') this.send({ type: 'flush_done' });
      else {
        this.send({ type: 'done' });
        this.socket.close(1000);
      }
    });
  }

  /** STTManualFinalizeTranscriptResponse: every final text is the part that is new, its spaces included. */
  async #transcripts({ text, words }: WordedText, duration: number, fromS: number): Promise<void> {
    const middle = text.indexOf(' ', text.length / 2);
    const halves = middle < 0 ? [text] : [text.slice(0, middle), text.slice(middle)];
    const rest = words.map(({ word, start, end }) => ({ word, start: fromS + start, end: fromS + end }));
    for (const half of halves.filter(Boolean)) {
      const own = rest.splice(0, half.trim().split(/\s+/).length);
      await Promise.resolve();
      this.send({ type: 'transcript', is_final: false, text: half.slice(0, half.length / 2), duration });
      this.send({
        type: 'transcript',
        is_final: true,
        text: half,
        duration,
        language: 'en',
        ...(own.length > 0 && { words: own }),
      });
    }
  }
}

function wholeSteps(ms: Milliseconds): Milliseconds {
  return Math.max(1, Math.round(ms / STEP_MS)) * STEP_MS;
}

function joined(parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
