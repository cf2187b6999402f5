import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { Delay } from './delays.ts';
import type { Fault, FaultPlan } from './fault-plan.ts';
import { tell, type ServerObserver } from './server-events.ts';
import { testVoice, type Speech, type Synthesise } from './test-voice.ts';
import { bytesFrom, WIRE_ENCODINGS } from './wire-audio.ts';

export interface TtsBehaviour {
  readonly synthesise?: Synthesise;
  /** From the text's arrival to the first chunk of a context. */
  readonly firstByte?: Delay;
  /** Before every further chunk. */
  readonly betweenChunks?: Delay;
  /** Length of a chunk of audio, ms. */
  readonly chunkMs?: number;
  /** Instead: its bytes, which needn't be whole samples. */
  readonly chunkBytes?: number;
  /**
   * A context without new text expires so long after its last audio (1 s:
   * docs.cartesia.ai/use-the-api/tts-websocket/contexts).
   */
  readonly contextIdleMs?: number;
  readonly faults?: FaultPlan | undefined;
  readonly observe?: ServerObserver | undefined;
}

/** GenerationRequest of @cartesia/cartesia-js, src/resources/tts.ts, as far as it matters here. */
export interface GenerationRequest {
  readonly model_id: string;
  readonly transcript: string;
  readonly voice: { readonly id: string };
  readonly context_id: string;
  readonly output_format: {
    readonly container: string;
    readonly encoding: string;
    readonly sample_rate: number;
  };
  readonly language?: string;
  readonly continue?: boolean;
  readonly flush?: boolean;
  readonly add_timestamps?: boolean;
  readonly max_buffer_delay_ms?: number;
}

/** RawOutputFormat, src/resources/tts.ts. */
const SAMPLE_RATES = [8000, 16000, 22050, 24000, 44100, 48000];

/** One TTS socket: `/tts/websocket`. */
export class TtsSession {
  readonly #socket: WebSocket;
  readonly #behaviour: TtsBehaviour;
  readonly #contexts = new Map<string, TtsContext>();

  constructor(socket: WebSocket, behaviour: TtsBehaviour) {
    this.#socket = socket;
    this.#behaviour = behaviour;
    socket.on('close', () => {
      for (const context of this.#contexts.values()) context.cancel();
      this.#contexts.clear();
    });
  }

  /** How many are open. */
  get contexts(): number {
    return this.#contexts.size;
  }

  onMessage(text: string): void {
    let message: Partial<GenerationRequest> & { cancel?: boolean };
    try {
      message = JSON.parse(text) as typeof message;
    } catch {
      this.#error(undefined, 'Invalid JSON', 'The message is not valid JSON.');
      return;
    }
    const id = message.context_id ?? '';
    // WebsocketClientEvent.CancelContextRequest, src/resources/tts.ts.
    if (message.cancel === true) {
      tell(this.#behaviour.observe, { server: 'tts', type: 'cancelled', context: id });
      this.#contexts.get(id)?.cancel();
      this.#contexts.delete(id);
      return;
    }
    const wrong = whatIsWrong(message);
    if (wrong) {
      this.#error(id === '' ? undefined : id, 'Invalid request', wrong);
      return;
    }
    const request = message as GenerationRequest;
    let context = this.#contexts.get(id);
    if (!context) {
      context = new TtsContext(request, this.#socket, this.#behaviour, () => this.#contexts.delete(id));
      this.#contexts.set(id, context);
    }
    context.take(request);
  }

  /** WebsocketResponse.Error, src/resources/tts.ts. */
  #error(contextId: string | undefined, title: string, message: string): void {
    const event = {
      type: 'error',
      done: true,
      title,
      message,
      error_code: 'invalid_request',
      status_code: 400,
    };
    this.#socket.send(JSON.stringify(contextId === undefined ? event : { ...event, context_id: contextId }));
  }
}

function whatIsWrong(request: Partial<GenerationRequest>): string | undefined {
  if (typeof request.context_id !== 'string' || request.context_id === '') return 'context_id is required';
  if (typeof request.model_id !== 'string') return 'model_id is required';
  if (typeof request.transcript !== 'string') return 'transcript is required';
  if (typeof request.voice?.id !== 'string') return 'voice.id is required';
  const { container = '', encoding = '', sample_rate = 0 } = request.output_format ?? {};
  if (container !== 'raw') return `container ${container}`;
  if (!WIRE_ENCODINGS[encoding]) return `encoding ${encoding}`;
  if (!SAMPLE_RATES.includes(sample_rate)) return `sample_rate ${sample_rate}`;
  return undefined;
}

/** One context: pieces of text are spoken one behind the other, on one timeline. */
class TtsContext {
  readonly #first: GenerationRequest;
  readonly #socket: WebSocket;
  readonly #behaviour: TtsBehaviour;
  readonly #onOver: () => void;
  readonly #fault: Fault | undefined;
  #work: Promise<void> = Promise.resolve();
  #buffer = '';
  #bufferTimer: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #hasWords = false;
  #spokenMs = 0;
  #chunks = 0;
  #flushes = 0;
  #ended = false;
  #over = false;

  constructor(first: GenerationRequest, socket: WebSocket, behaviour: TtsBehaviour, onOver: () => void) {
    this.#first = first;
    this.#socket = socket;
    this.#behaviour = behaviour;
    this.#onOver = onOver;
    this.#fault = behaviour.faults?.next('tts-context');
  }

  take(request: GenerationRequest): void {
    if (this.#over || this.#ended) return;
    clearTimeout(this.#expiry);
    const { context_id: context, transcript: text } = request;
    if (!this.#hasWords && !/[\p{L}\p{N}]/u.test(text)) {
      // As it was reported: github.com/livekit/agents/issues/3084, pipecat-ai/pipecat/issues/1703.
      const message =
        'transcript empty or contains only punctuation: first transcript for WS is empty or contains only punctuation';
      this.#send({ type: 'error', done: true, title: 'Invalid transcript', message, status_code: 400 });
      this.#close();
      return;
    }
    this.#hasWords = true;
    tell(this.#behaviour.observe, { server: 'tts', type: 'asked', context, text });
    this.#buffer += request.transcript;
    this.#ended = request.continue !== true;
    const flushes = request.flush === true;
    // Managed buffering (docs.cartesia.ai/use-the-api/tts-websocket/buffering): 0 speaks what there is, else
    // until there is enough of it or the time is up. Default 3000.
    const delayMs = request.max_buffer_delay_ms ?? 3000;
    clearTimeout(this.#bufferTimer);
    if (this.#ended || flushes || delayMs === 0 || /[.!?…]\s*$/.test(this.#buffer)) this.#speakBuffer();
    else {
      this.#bufferTimer = setTimeout(() => {
        this.#speakBuffer();
      }, delayMs);
    }
    if (flushes) {
      // WebsocketResponse.FlushDone, src/resources/tts.ts: counted from 1.
      const flush_id = ++this.#flushes;
      this.#then(() => {
        this.#send({ type: 'flush_done', done: false, flush_done: true, flush_id, status_code: 206 });
      });
    }
    if (this.#ended) {
      this.#then(() => {
        this.#finish();
      });
    } else {
      this.#then(() => {
        this.#expireLater();
      });
    }
  }

  /** As a question: it may change while something is awaited. */
  #isOver(): boolean {
    return this.#over;
  }

  cancel(): void {
    this.#over = true;
    clearTimeout(this.#bufferTimer);
    clearTimeout(this.#expiry);
  }

  #then(action: () => void | Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (!this.#over) await action();
    });
  }

  #speakBuffer(): void {
    const text = this.#buffer;
    this.#buffer = '';
    if (text.trim() !== '') this.#then(() => this.#speak(text));
  }

  async #speak(text: string): Promise<void> {
    if (this.#fault?.type === 'empty') return;
    const { encoding, sample_rate: rateHz } = this.#first.output_format;
    const { synthesise = testVoice, firstByte, betweenChunks, chunkMs = 100 } = this.#behaviour;
    const [speech] = await Promise.all([
      synthesise({ text, voice: this.#first.voice.id, rateHz }),
      this.#chunks === 0 ? sleep(firstByte?.() ?? 0) : undefined,
    ]);
    if (this.#over) return;
    if (this.#first.add_timestamps === true) this.#timestamps(speech);
    const known = WIRE_ENCODINGS[encoding] ?? 'pcm_s16';
    const sound = bytesFrom(speech.samples, known);
    const width = sound.length / Math.max(1, speech.samples.length);
    const length = this.#behaviour.chunkBytes ?? Math.round((chunkMs * rateHz) / 1000) * width;
    for (let at = 0; at < sound.length && !this.#isOver(); at += length) {
      if (at > 0) await sleep(betweenChunks?.() ?? 0);
      if (await this.#befallen()) return;
      // WebsocketResponse.Chunk, src/resources/tts.ts.
      const data = sound.subarray(at, at + length).toString('base64');
      tell(this.#behaviour.observe, { server: 'tts', type: 'sound', context: this.#first.context_id });
      this.#send({ type: 'chunk', data, done: false, status_code: 206, step_time: 12 });
      this.#chunks += 1;
    }
    this.#spokenMs += (speech.samples.length * 1000) / rateHz;
  }

  /** WebsocketResponse.Timestamps, src/resources/tts.ts: seconds since the context began. */
  #timestamps({ words }: Speech): void {
    const seconds = (ms: number): number => (this.#spokenMs + ms) / 1000;
    this.#send({
      type: 'timestamps',
      done: false,
      status_code: 206,
      word_timestamps: {
        words: words.map(({ text }) => text),
        start: words.map(({ startMs }) => seconds(startMs)),
        end: words.map(({ endMs }) => seconds(endMs)),
      },
    });
  }

  /** Lets this context's fault happen when its time has come. True: nothing more is sent. */
  async #befallen(): Promise<boolean> {
    const fault = this.#fault;
    if (!fault || !('after' in fault) || this.#chunks < fault.after) return false;
    switch (fault.type) {
      case 'cut':
        this.#socket.terminate();
        break;
      case 'malformed':
        this.#socket.send('{"type":"chunk","data":');
        break;
      case 'error': {
        const { status, message } = fault;
        this.#send({ type: 'error', done: true, title: 'Error', message, status_code: status });
        break;
      }
      case 'stall':
        await new Promise(() => undefined);
    }
    this.#close();
    return true;
  }

  #finish(): void {
    // WebsocketResponse.Done, src/resources/tts.ts: an "HTTP-style status code". 206 is a part, this is the end.
    this.#send({ type: 'done', done: true, status_code: 200 });
    this.#close();
  }

  #expireLater(): void {
    clearTimeout(this.#expiry);
    if (this.#buffer !== '' || this.#ended) return;
    this.#expiry = setTimeout(() => {
      if (!this.#over) this.#finish();
    }, this.#behaviour.contextIdleMs ?? 1000);
  }

  #close(): void {
    this.cancel();
    this.#onOver();
  }

  #send(event: object): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(JSON.stringify({ ...event, context_id: this.#first.context_id }));
  }
}
