import type { GenerationRequest, WebsocketResponse } from '@cartesia/cartesia-js/resources/tts';
import { untilAborted } from '../../lib/abort.ts';
import {
  FLUSH,
  type TextPiece,
  type TimedWord,
  type TtsEvent,
  type VoiceRequest,
} from '../../dialog/contract/speech.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { BoundedQueue } from '../../lib/queue.ts';
import { sampleCount } from '../../media/audio.ts';
import { validatePcmFormat } from '../../media/pcm.ts';
import { ProviderFailure, type FailureKind } from '../provider-failure.ts';
import { failureOfEvent, failureOfSocket } from './cartesia-client.ts';
import type { ContextListener, TtsSocket } from './tts-socket.ts';

/** As far as a reply needs it. */
type ReplySocket = Pick<TtsSocket, 'send' | 'leave'>;

export interface TtsReplyOptions {
  readonly pool: { acquire(context: string, listener: ContextListener): Promise<ReplySocket> };
  readonly provider: string;
  readonly key: string;
  readonly voice: VoiceRequest;
  /** What every request of this reply has in common. */
  readonly request: Omit<GenerationRequest, 'context_id' | 'transcript'>;
  readonly firstAudioMs: Milliseconds;
  readonly chunkMs: Milliseconds;
  readonly clock: Clock;
}

/** Events that wait to be fetched: minutes of sound. */
const EVENT_CAPACITY = 4096;
/**
 * A context expires 1 s after its last audio (docs.cartesia.ai/use-the-api/tts-websocket/contexts): text that comes
 * later than this gets a new one.
 */
const CONTEXT_PAUSE_MS: Milliseconds = 600;
/** Cartesia refuses a context whose first transcript has none of these: "empty or contains only punctuation". */
const SPEAKABLE = /[\p{L}\p{N}]/u;
let contexts = 0;

/** One reply: text goes to a context piece by piece, sound comes back. */
export class TtsReply {
  readonly #options: TtsReplyOptions;
  readonly #received = new BoundedQueue<TtsEvent | ProviderFailure>(EVENT_CAPACITY);
  readonly #over = new AbortController();
  readonly #bytesPerSample: number;
  #context:
    | { readonly id: string; readonly socket: ReplySocket; readonly over: PromiseWithResolvers<undefined> }
    | undefined;
  /** A context that is being opened, and will be sent what there is to be said by then. */
  #opening: Promise<void> | undefined;
  /** What was sent and has not been heard a sound of. */
  #pieces: string[] = [];
  /** Marks without a word, which go with the next one. */
  #mute = '';
  #ended = false;
  #audioMs = 0;
  /** Where this context's time begins in the reply's. */
  #offsetMs = 0;
  #lastChunkAt: Milliseconds = Infinity;
  #rest = new Uint8Array(0);
  #words: TimedWord[] = [];
  #unwatch: (() => void) | undefined;

  constructor(options: TtsReplyOptions) {
    this.#options = options;
    this.#bytesPerSample = { ulaw: 1, alaw: 1, pcm_s16: 2, pcm_f32: 4 }[options.voice.format.encoding];
  }

  async *events(): AsyncGenerator<TtsEvent> {
    for await (const event of this.#received) {
      if (event instanceof ProviderFailure) throw event;
      yield event;
    }
  }

  /** Stops everything; harmless when it is over. */
  cancel(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#unwatch?.();
    this.#received.close({ discard: true });
    const context = this.#context;
    this.#context = undefined;
    if (!context) return;
    context.socket.leave(context.id);
    context.socket.send({ cancel: true, context_id: context.id });
    context.over.resolve(undefined);
  }

  /** Takes the text as it comes. Never rejects. */
  async feed(text: AsyncIterable<TextPiece>): Promise<void> {
    const { signal } = this.#over;
    try {
      for await (const piece of untilAborted(text, signal)) {
        if (piece === FLUSH) this.#flush();
        else await this.#push(piece);
      }
      if (!signal.aborted) this.#end();
    } catch (error) {
      this.#fail(failureOfSocket('TTS_FAILED', this.#options.provider, error, this.#options.key));
    }
  }

  // ── text out ──

  async #push(given: string): Promise<void> {
    const piece = `${this.#mute}${given}`;
    // What is gathered into sentences there may end in a mark that comes by itself.
    const isGathered = this.#context !== undefined && this.#options.request.max_buffer_delay_ms !== 0;
    this.#mute = isGathered || SPEAKABLE.test(piece) ? '' : piece;
    if (this.#mute !== '') return;
    const { clock } = this.#options;
    if (this.#context && clock.now() - this.#lastChunkAt > CONTEXT_PAUSE_MS) await this.#finishContext();
    if (this.#isOver()) return;
    this.#pieces.push(piece);
    if (this.#context) this.#send(piece);
    else await this.#openContext();
  }

  /** Sends what there is by then on a context of its own. */
  #openContext(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** The same, without waiting for it. */
  #reopen(): void {
    this.#openContext().catch((error: unknown) => {
      this.#fail(failureOfSocket('TTS_FAILED', this.#options.provider, error, this.#options.key));
    });
  }

  async #open(): Promise<void> {
    const id = `reply-${++contexts}`;
    const over = Promise.withResolvers<undefined>();
    const listener: ContextListener = {
      onEvent: (event) => {
        if (this.#context?.id === id) this.#onEvent(event);
      },
      onFailed: (failure) => {
        if (this.#context?.id === id) this.#fail(failure);
      },
    };
    const socket = await this.#options.pool.acquire(id, listener);
    if (this.#isOver()) {
      socket.leave(id);
      return;
    }
    this.#context = { id, socket, over };
    this.#offsetMs = this.#audioMs;
    this.#lastChunkAt = Infinity;
    const first = this.#pieces.findIndex((piece) => SPEAKABLE.test(piece));
    for (const piece of this.#pieces.slice(first)) this.#send(piece);
    if (this.#ended) this.#sendEnd();
  }

  #send(transcript: string): void {
    const context = this.#context;
    if (!context) return;
    const { request } = this.#options;
    if (!context.socket.send({ ...request, transcript, continue: true, context_id: context.id })) {
      this.#fail(this.#failure('cut', 'the connection is gone'));
    } else if (!this.#unwatch) this.#watch();
  }

  /** Nothing follows for now: whatever Cartesia has gathered is spoken (`flush` in the SDK's GenerationRequest). */
  #flush(): void {
    const context = this.#context;
    const { request } = this.#options;
    context?.socket.send({
      ...request,
      transcript: '',
      continue: true,
      flush: true,
      context_id: context.id,
    });
  }

  #end(): void {
    this.#ended = true;
    if (this.#context) this.#sendEnd();
    else if (!this.#opening) this.#received.close();
  }

  #sendEnd(): void {
    const context = this.#context;
    const { request } = this.#options;
    if (context?.socket.send({ ...request, transcript: '', continue: false, context_id: context.id }))
      this.#watch();
  }

  /** The model has paused: what it says now gets a new context, behind the sound of this one. */
  async #finishContext(): Promise<void> {
    const context = this.#context;
    this.#sendEnd();
    await context?.over.promise;
  }

  // ── sound in ──

  #onEvent(event: WebsocketResponse): void {
    switch (event.type) {
      case 'chunk':
        if (event.audio !== undefined) this.#onChunk(event.audio);
        else if (typeof event.data === 'string') this.#onChunk(Buffer.from(event.data, 'base64'));
        else this.#fail(this.#failure('malformed', 'a chunk without sound'));
        break;
      case 'timestamps': {
        // Together with their sound: without it, they may have to be asked for again.
        this.#words.push(...timedWords(event.word_timestamps, this.#offsetMs));
        break;
      }
      case 'done':
        this.#onDone();
        break;
      case 'error':
        this.#fail(failureOfEvent('TTS_FAILED', this.#options.provider, event, this.#options.key));
        break;
      default: // flush_done, phonemes: not asked for
    }
  }

  #onChunk(bytes: Uint8Array): void {
    const whole = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    const length = whole.length - (whole.length % this.#bytesPerSample);
    this.#rest = new Uint8Array(whole.subarray(length));
    this.#lastChunkAt = this.#options.clock.now();
    this.#pieces = [];
    if (this.#words.length > 0) this.#give({ type: 'words', words: this.#words.splice(0) });
    if (length > 0) {
      const audio = validatePcmFormat(whole.subarray(0, length), this.#options.voice.format);
      this.#audioMs += (sampleCount(audio) * 1000) / audio.rateHz;
      this.#give({ type: 'audio', audio });
    }
    if (this.#ended) this.#watch();
    else this.#rewatch(undefined);
  }

  #onDone(): void {
    const context = this.#context;
    this.#context = undefined;
    this.#rewatch(undefined);
    context?.socket.leave(context.id);
    context?.over.resolve(undefined);
    // Times that came behind the last sound.
    if (this.#words.length > 0) this.#give({ type: 'words', words: this.#words.splice(0) });
    const isOwed = this.#pieces.some((piece) => SPEAKABLE.test(piece));
    // It had expired before the last words came: they are said on another.
    if (isOwed && this.#lastChunkAt !== Infinity) {
      this.#reopen();
      return;
    }
    if (!this.#ended && !isOwed) return; // it was finished: the next piece opens another
    if (this.#audioMs === 0 || isOwed) this.#fail(this.#failure('empty', 'the answer held no sound'));
    else this.#received.close();
  }

  // ── trouble ──

  #fail(failure: ProviderFailure): void {
    if (this.#isOver()) return;
    this.#received.push(failure);
    this.#received.close();
    this.#over.abort();
    this.#rewatch(undefined);
    const context = this.#context;
    this.#context = undefined;
    context?.socket.leave(context.id);
    context?.socket.send({ cancel: true, context_id: context.id });
    context?.over.resolve(undefined);
  }

  #give(event: TtsEvent): void {
    if (!this.#received.push(event))
      this.#fail(this.#failure('malformed', 'more sound than anybody can hear'));
  }

  #watch(): void {
    const heard = this.#audioMs > 0;
    const { firstAudioMs, chunkMs, clock } = this.#options;
    const ms = heard ? chunkMs : firstAudioMs;
    // The first sound is waited for from the first text on, whatever text follows.
    if (!heard && this.#unwatch) return;
    this.#rewatch(
      clock.at(clock.now() + ms, () => {
        this.#fail(this.#failure(heard ? 'stalled' : 'timeout', `no sound for ${ms} ms`));
      }),
    );
  }

  #rewatch(cancel: (() => void) | undefined): void {
    this.#unwatch?.();
    this.#unwatch = cancel;
  }

  #failure(kind: FailureKind, message: string): ProviderFailure {
    return new ProviderFailure({ code: 'TTS_FAILED', provider: this.#options.provider, kind, message });
  }

  /** As a question: it may change while something is awaited. */
  #isOver(): boolean {
    return this.#over.signal.aborted;
  }
}

/** Words whose places are known; what isn't as the protocol has it is left out. */
function timedWords(timestamps: unknown, offsetMs: Milliseconds): TimedWord[] {
  const { words, start, end } = (timestamps ?? {}) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(words) || !Array.isArray(start) || !Array.isArray(end)) return [];
  const [texts, starts, ends] = [words, start, end] as const;
  return texts.flatMap((text: unknown, index): TimedWord[] => {
    const from: unknown = starts[index];
    const to: unknown = ends[index];
    if (typeof text !== 'string' || !Number.isFinite(from) || !Number.isFinite(to)) return [];
    return [{ text, startMs: offsetMs + Number(from) * 1000, endMs: offsetMs + Number(to) * 1000 }];
  });
}
