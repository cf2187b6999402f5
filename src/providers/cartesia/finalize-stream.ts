import type { STTManualFinalizeWebsocketResponse } from '@cartesia/cartesia-js/resources/stt/manual-finalize';
import type { SttEvent, Transcript, WordPlace } from '../../dialog/contract/speech.ts';
import type { SttStream } from '../../dialog/contract/ports.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { ProviderFailure } from '../provider-failure.ts';
import { PREROLL_FRAMES } from '../turn-recording.ts';
import type { HeardPump } from '../heard-pump.ts';
import { heardWords, wordPlaces, type HeardWord } from '../word-places.ts';
import { transcriptOf } from './turns-stream.ts';

/** Frames behind the last voiced one, so that no consonant is cut off. */
const POSTROLL_FRAMES = 5;

export interface FinalizeStreamOptions {
  readonly pump: HeardPump;
  readonly link: { finalize(): void; proven(): void; close(): void };
  readonly provider: string;
  readonly clock: Clock;
  /** From `finalize` to the transcript. */
  readonly finalizeMs: Milliseconds;
  readonly onEvent: (event: SttEvent) => void;
}

/** What was asked by `finalize`; the provider answers in this order. */
interface Question {
  readonly fromFrame: number;
  readonly toFrame: number;
  /** What was sent for it; missing: not all of it is yet. */
  sound?: SentSound;
  /** Undefined: the turn was begun anew, the answer isn't needed. */
  readonly settle?: (answer: Transcript | ProviderFailure) => void;
}

/** A turn's sound, as it went to the socket. In frames. */
interface SentSound {
  /** Where it ends in the ring; it has no gaps. */
  readonly toFrame: number;
  readonly length: number;
  /** What the socket had before it. */
  readonly before: number;
}

/** Words may be told that far beside the sound that they were heard in, s. */
const BESIDE_S = 0.3;

/** A call heard by `/stt/websocket`: only turns are sent, and our detector says when one is over. */
export class FinalizeStream implements SttStream {
  readonly #options: FinalizeStreamOptions;
  readonly #questions: Question[] = [];
  /** Where the turn that is going on began. */
  #turnFrame: number | undefined;
  #text = '';
  #words: HeardWord[] = [];
  /** What the pump had sent when this socket was new, and when the turn began that it is sending. */
  #sentBefore = { socket: 0, turn: 0 };
  #closed = false;
  /** One thing after another: a turn is sent to its end before the next one begins. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: FinalizeStreamOptions) {
    this.#options = options;
  }

  beginTurn(frame: number): void {
    if (this.#closed || frame === this.#turnFrame) return;
    const { pump, link } = this.#options;
    if (this.#turnFrame !== undefined) {
      // What the provider has of this turn is worth nothing now.
      this.#questions.push({ fromFrame: this.#turnFrame, toFrame: pump.next - 1 });
      this.#then(() => {
        pump.stop();
        link.finalize();
      });
    }
    this.#turnFrame = frame;
    this.#then(() => {
      this.#send(frame);
    });
  }

  async endTurn(frame: number): Promise<Transcript> {
    const fromFrame = this.#turnFrame;
    if (this.#closed || fromFrame === undefined) return transcriptOf('');
    this.#turnFrame = undefined;
    const { pump, clock, finalizeMs, provider } = this.#options;
    const toFrame = Math.max(frame, Math.min(frame + POSTROLL_FRAMES, pump.newest));
    const answer = Promise.withResolvers<Transcript | ProviderFailure>();
    const disarm = clock.at(clock.now() + finalizeMs, () => {
      const message = `no transcript within ${finalizeMs} ms`;
      answer.resolve(new ProviderFailure({ code: 'STT_FAILED', provider, kind: 'timeout', message }));
    });
    const question: Question = { fromFrame, toFrame, settle: answer.resolve };
    this.#questions.push(question);
    this.#then(() => this.#ask(question));
    const settled = await answer.promise;
    disarm();
    if (settled instanceof ProviderFailure) throw settled;
    return settled;
  }

  close(): void {
    this.#closed = true;
    this.#options.pump.stop();
    this.#options.link.close();
    for (const { settle } of this.#questions.splice(0)) settle?.(transcriptOf(''));
  }

  onMessage(message: STTManualFinalizeWebsocketResponse): void {
    const { onEvent, link } = this.#options;
    if (message.type === 'transcript') {
      // Deltas with their own spaces: they are joined as they are.
      const text = this.#text + message.text;
      if (message.is_final) {
        this.#text = text;
        this.#words.push(...heardWords(message.words));
      }
      if (text.trim() !== '') onEvent({ type: 'partial', text: text.trim() });
    } else if (message.type === 'flush_done') {
      const transcript = transcriptOf(this.#text);
      const words = this.#words;
      this.#text = '';
      this.#words = [];
      link.proven();
      const question = this.#questions.shift();
      const places = question?.sound && placesIn(question.sound, transcript.text, words);
      question?.settle?.({ ...transcript, ...(places && { places }) });
    }
  }

  /** Another socket listens now, and knows nothing: what isn't answered is said to it again. */
  onReplaced(): void {
    this.#text = '';
    this.#words = [];
    const open = this.#questions.splice(0).filter(({ settle }) => settle);
    this.#questions.push(...open);
    // Whatever was being sent went nowhere.
    this.#options.pump.stop();
    this.#sentBefore.socket = this.#options.pump.sent;
    this.#then(() => this.#askAgain(open));
  }

  onLost(failure: ProviderFailure): void {
    for (const { settle } of this.#questions.splice(0)) settle?.(failure);
    this.#options.onEvent({ type: 'failed', error: failure });
    this.close();
  }

  #then(action: () => void | Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (!this.#closed) await action();
    });
  }

  #send(frame: number): void {
    const { pump } = this.#options;
    this.#sentBefore.turn = pump.sent;
    pump.start(frame - PREROLL_FRAMES);
  }

  async #ask(question: Question): Promise<void> {
    const { pump, link } = this.#options;
    const { toFrame } = question;
    if (!(await pump.finish(toFrame)) || this.#closed) return;
    const { socket, turn } = this.#sentBefore;
    question.sound = { toFrame: pump.next - 1, length: pump.sent - turn, before: turn - socket };
    link.finalize();
  }

  async #askAgain(questions: readonly Question[]): Promise<void> {
    for (const question of questions) {
      this.#send(question.fromFrame);
      await this.#ask(question);
    }
    if (this.#turnFrame !== undefined && !this.#closed) this.#send(this.#turnFrame);
  }
}

/**
 * Where the words are in the ring. No page says whether their times count from the turn's first sound or from the socket's: what
 * can be only one of both is that; undefined where it may be either.
 */
function placesIn(
  { toFrame, length, before }: SentSound,
  text: string,
  words: readonly HeardWord[],
): readonly WordPlace[] | undefined {
  const lengthS = (length * FRAME_MS) / 1000;
  const beforeS = (before * FRAME_MS) / 1000;
  const fits = (offset: number): boolean =>
    words.every(({ start, end }) => start >= offset - BESIDE_S && end <= offset + lengthS + BESIDE_S);
  const [ofTurn, ofSocket] = [fits(0), fits(beforeS)];
  if (ofTurn === ofSocket && before > 0) return undefined;
  const origin = ofTurn ? 0 : beforeS;
  const first = toFrame - length + 1;
  return wordPlaces(text, words, (seconds) => {
    const at = Math.floor(((seconds - origin) * 1000) / FRAME_MS);
    return first + Math.min(Math.max(0, at), length - 1);
  });
}
