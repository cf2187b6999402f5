import type { STTManualFinalizeWebsocketResponse } from '@cartesia/cartesia-js/resources/stt/manual-finalize';
import type { SttEvent, Transcript } from '../../dialog/contract/speech.ts';
import type { SttStream } from '../../dialog/contract/ports.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { ProviderFailure } from '../provider-failure.ts';
import { PREROLL_FRAMES } from '../turn-recording.ts';
import type { HeardPump } from '../heard-pump.ts';
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
  /** Undefined: the turn was begun anew, the answer isn't needed. */
  readonly settle?: (answer: Transcript | ProviderFailure) => void;
}

/** A call heard by `/stt/websocket`: only turns are sent, and our detector says when one is over. */
export class FinalizeStream implements SttStream {
  readonly #options: FinalizeStreamOptions;
  readonly #questions: Question[] = [];
  /** Where the turn that is going on began. */
  #turnFrame: number | undefined;
  #text = '';
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
      pump.start(frame - PREROLL_FRAMES);
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
    this.#questions.push({ fromFrame, toFrame, settle: answer.resolve });
    this.#then(() => this.#ask(toFrame));
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
      if (message.is_final) this.#text = text;
      if (text.trim() !== '') onEvent({ type: 'partial', text: text.trim() });
    } else if (message.type === 'flush_done') {
      const transcript = transcriptOf(this.#text);
      this.#text = '';
      link.proven();
      this.#questions.shift()?.settle?.(transcript);
    }
  }

  /** Another socket listens now, and knows nothing: what isn't answered is said to it again. */
  onReplaced(): void {
    this.#text = '';
    const open = this.#questions.splice(0).filter(({ settle }) => settle);
    this.#questions.push(...open);
    // Whatever was being sent went nowhere.
    this.#options.pump.stop();
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

  async #ask(toFrame: number): Promise<void> {
    const { pump, link } = this.#options;
    if ((await pump.finish(toFrame)) && !this.#closed) link.finalize();
  }

  async #askAgain(questions: readonly Question[]): Promise<void> {
    const { pump } = this.#options;
    for (const { fromFrame, toFrame } of questions) {
      pump.start(fromFrame - PREROLL_FRAMES);
      await this.#ask(toFrame);
    }
    if (this.#turnFrame !== undefined && !this.#closed) pump.start(this.#turnFrame - PREROLL_FRAMES);
  }
}
