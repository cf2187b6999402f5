import { sentencesIn } from '../../../dialog/language/sentence-splitter.ts';
import { FLUSH, type TextPiece, type TtsEvent, type VoiceRequest } from '../../../dialog/contract/speech.ts';
import { untilAborted } from '../../../lib/abort.ts';
import { messageOf, VoiceAgentError } from '../../../lib/errors.ts';
import { BoundedQueue } from '../../../lib/queue.ts';
import type { Audio, AudioFormat } from '../../../media/audio.ts';
import type { SupervisedThread } from '../../../threads/supervised-thread.ts';
import type { FliteVoice } from './flite-engine.ts';
import type { FliteAnswer, SpeakJob } from './flite-messages.ts';

/** Pieces of one reply in the making or waiting to be fetched: the one being spoken and the next. */
const PIECES_AHEAD = 2;
/** Characters; about 11 s of speech and 0.1 s of work: nobody else's sentence waits longer than that. */
const LONGEST_PIECE = 200;
/** Between two sentences of a reply. */
const SENTENCE_PAUSE_MS = 200;
/** Between the parts of a sentence that was too long. */
const CLAUSE_PAUSE_MS = 120;
/** Events of one reply that wait to be fetched: over a minute of sound. The threads never wait. */
const EVENT_CAPACITY = 4096;

export type FliteThread = SupervisedThread<SpeakJob, FliteAnswer>;
/** As far as a reply needs it. */
type Speaker = Pick<FliteThread, 'tell'>;

/** One call of `speak`: text goes to a thread piece by piece, its sound comes back in order. */
export class FliteReply {
  readonly id: number;
  readonly thread: Speaker;
  readonly #over = new AbortController();
  /** The same, for the thread. */
  readonly #cancelled = new SharedArrayBuffer(4);
  readonly #received = new BoundedQueue<FliteAnswer>(EVENT_CAPACITY);
  #failure: VoiceAgentError | undefined;
  #pieces = 0;
  #fetched = 0;
  #textEnded = false;
  /** Before the next piece. */
  #pauseMs = 0;
  /** Lets a piece go that waits for room. */
  #makeRoom = (): void => undefined;

  constructor(id: number, thread: Speaker) {
    this.id = id;
    this.thread = thread;
  }

  receive(message: FliteAnswer): void {
    if (!this.#received.push(message)) this.fail('more sound than anybody can hear');
  }

  /** Told behind what was made before it; nothing that comes later counts. */
  fail(message: string, cause?: unknown): void {
    if (this.#isCancelled) return;
    this.#failure ??= new VoiceAgentError('TTS_FAILED', message, { cause });
    this.#received.close();
  }

  cancel(): void {
    Atomics.store(new Int32Array(this.#cancelled), 0, 1);
    this.#received.close({ discard: true });
    this.#over.abort();
    this.#makeRoom();
  }

  get #isCancelled(): boolean {
    return this.#over.signal.aborted;
  }

  /** Hands the text on, at most PIECES_AHEAD before the listener. */
  async feed(text: AsyncIterable<TextPiece>, request: VoiceRequest): Promise<void> {
    try {
      for await (const given of untilAborted(text, this.#over.signal)) {
        if (given === FLUSH) continue; // nothing is gathered here
        // A thread is given one sentence at a time, and no long one as a whole.
        for (const piece of sentencesIn(given, { longest: LONGEST_PIECE })) {
          if (piece.trim() !== '') await this.#dispatch(piece.trim(), request);
        }
      }
    } catch (error) {
      this.fail(`the text to be spoken broke off: ${messageOf(error)}`, error);
    }
    if (this.#isCancelled) return;
    this.#textEnded = true;
    if (this.#fetched === this.#pieces) this.#received.close();
  }

  async #dispatch(text: string, request: VoiceRequest): Promise<void> {
    while (!this.#isCancelled && this.#pieces - this.#fetched >= PIECES_AHEAD) {
      await new Promise<void>((resolve) => {
        this.#makeRoom = resolve;
      });
    }
    if (this.#isCancelled) return;
    const piece = this.#pieces++;
    const told = this.thread.tell({
      reply: this.id,
      piece,
      text,
      voice: request.voice as FliteVoice,
      format: request.format,
      pauseMs: this.#pauseMs,
      cancelled: this.#cancelled,
    });
    if (!told) this.fail("flite's thread is being started again");
    this.#pauseMs = /[,;:–-]$/.test(text) || !/[.!?…"'”’)]$/.test(text) ? CLAUSE_PAUSE_MS : SENTENCE_PAUSE_MS;
  }

  /** What was said up to now, as events; throws TTS_FAILED. */
  async *events(format: AudioFormat): AsyncIterable<TtsEvent> {
    let samples = 0;
    const offsetMs = (): number => (samples * 1000) / format.rateHz;
    for await (const message of this.#received) {
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
        case 'done':
          this.#fetched += 1;
          this.#makeRoom();
          if (this.#textEnded && this.#fetched === this.#pieces) return;
      }
    }
    if (this.#failure && !this.#isCancelled) throw this.#failure;
  }
}

function audioOf(format: AudioFormat, data: Int16Array | Uint8Array): Audio {
  if (data instanceof Uint8Array) {
    return { encoding: format.encoding === 'alaw' ? 'alaw' : 'ulaw', rateHz: 8000, bytes: data };
  }
  return { encoding: 'pcm_s16', rateHz: format.rateHz, samples: data };
}
