import type { STTAutoFinalizeWebsocketResponse } from '@cartesia/cartesia-js/resources/stt/auto-finalize';
import type { SttEvent, Transcript } from '../../dialog/contract/speech.ts';
import type { SttStream } from '../../dialog/contract/ports.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import type { ProviderFailure } from '../provider-failure.ts';
import { PREROLL_FRAMES } from '../turn-recording.ts';
import type { HeardPump } from '../heard-pump.ts';

/** How far back a turn lies that the provider reports: it hears before it says so. */
const REPORTED_AFTER_FRAMES = 25;

export interface TurnsStreamOptions {
  readonly pump: Pick<HeardPump, 'next' | 'start' | 'stop'>;
  readonly link: { proven(): void; close(): void };
  readonly clock: Clock;
  /** How long `endTurn` waits for the provider's own end of turn. */
  readonly endMs: Milliseconds;
  readonly onEvent: (event: SttEvent) => void;
}

/** A call heard by `/stt/turns/websocket`: all of it is sent, and the provider finds the turns. */
export class TurnsStream implements SttStream {
  readonly #options: TurnsStreamOptions;
  /** The first frame that was sent to the socket that listens now. */
  #first: number;
  /** The first one that was sent nowhere, because the socket had died. */
  #unheard: number | undefined;
  /** Where the turn that is going on began. */
  #turnFrame: number | undefined;
  /** Nothing up to here needs to be heard again. */
  #heardTo = 0;
  #providerSaysTurn = false;
  #text = '';
  readonly #waiting = new Set<(transcript: Transcript) => void>();
  #started = false;
  #closed = false;

  constructor(options: TurnsStreamOptions, firstFrame: number) {
    this.#options = options;
    this.#first = firstFrame;
    // Deferred: a caller who opens this stream in the middle of a turn says at once where the turn began.
    setImmediate(() => {
      if (!this.#closed && !this.#started) options.pump.start(this.#first);
    });
  }

  beginTurn(frame: number): void {
    if (!this.#providerSaysTurn) this.#turnFrame = frame;
    else this.#turnFrame = Math.min(this.#turnFrame ?? frame, frame);
    const from = Math.max(this.#heardTo, frame - PREROLL_FRAMES);
    if (this.#providerSaysTurn || from >= this.#first || this.#closed) return;
    // This stream is younger than the turn.
    this.#first = from;
    this.#started = true;
    this.#options.pump.start(from);
  }

  /** The provider ends turns by itself; if it doesn't in time, what it had understood has to do. */
  endTurn(): Promise<Transcript> {
    if (this.#closed || this.#turnFrame === undefined) return Promise.resolve(transcriptOf(''));
    return new Promise((resolve) => {
      const { clock, endMs } = this.#options;
      const settle = (transcript: Transcript): void => {
        disarm();
        this.#waiting.delete(settle);
        resolve(transcript);
      };
      const disarm = clock.at(clock.now() + endMs, () => {
        settle(transcriptOf(this.#text));
      });
      this.#waiting.add(settle);
    });
  }

  close(): void {
    this.#closed = true;
    this.#options.pump.stop();
    this.#options.link.close();
    for (const settle of [...this.#waiting]) settle(transcriptOf(''));
  }

  onMessage(message: STTAutoFinalizeWebsocketResponse): void {
    const { onEvent, pump, link } = this.#options;
    switch (message.type) {
      case 'turn.start':
        this.#providerSaysTurn = true;
        this.#text = '';
        this.#turnFrame ??= Math.max(this.#heardTo, pump.next - REPORTED_AFTER_FRAMES);
        break;
      case 'turn.update':
        this.#text = message.transcript;
        onEvent({ type: 'partial', text: message.transcript });
        break;
      case 'turn.eager_end':
        this.#text = message.transcript;
        onEvent({ type: 'turn-eager-end', transcript: transcriptOf(message.transcript) });
        break;
      case 'turn.resume':
        onEvent({ type: 'turn-resume' });
        break;
      case 'turn.end': {
        const transcript = transcriptOf(message.transcript);
        this.#providerSaysTurn = false;
        this.#turnFrame = undefined;
        this.#heardTo = pump.next;
        this.#text = '';
        link.proven();
        onEvent({ type: 'turn-end', transcript });
        for (const settle of [...this.#waiting]) settle(transcript);
        break;
      }
      default: // connected; errors are the link's
    }
  }

  /** The socket has died: what is sent from now on is lost. */
  onDown(): void {
    this.#unheard = this.#options.pump.next;
  }

  /**
   * Another socket listens now, and knows nothing: it hears the turn from its beginning, as far as the ring goes, or
   * what was said meanwhile.
   */
  onReplaced(): void {
    const { pump } = this.#options;
    this.#providerSaysTurn = false;
    const from = this.#turnFrame === undefined ? (this.#unheard ?? pump.next) : this.#turnFrame;
    this.#first = Math.max(this.#heardTo, from - PREROLL_FRAMES);
    pump.start(this.#first);
  }

  onLost(failure: ProviderFailure): void {
    this.#options.pump.stop();
    this.#options.onEvent({ type: 'failed', error: failure });
    this.close();
  }
}

/** Cartesia gives no confidence; what it has heard, it has understood. */
export function transcriptOf(text: string): Transcript {
  const understood = text.trim() !== '';
  return { text: text.trim(), understood, confidence: understood ? 1 : 0 };
}
