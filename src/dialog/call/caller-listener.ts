import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import type { Scope } from '../../lib/scope.ts';
import { orAborted } from '../../lib/abort.ts';
import type { MediaSession, SpeechToText, SttStream, VoiceActivityDetector } from '../contract/ports.ts';
import type { CallReporter } from './call-reporter.ts';
import type { TurnInbox } from './turn-inbox.ts';
import type { SttEvent, Transcript, VadEvent } from '../contract/speech.ts';

/** A recogniser that dies, or can't be opened, is opened again so often in a call … */
const STT_REOPENINGS = 3;
/** … and where it can't be opened, so long after: the caller hears the greeting, or a filler, meanwhile. */
const REOPEN_AFTER_MS: readonly Milliseconds[] = [500, 1000, 2000];

export interface CallerListenerOptions {
  readonly scope: Scope;
  readonly media: MediaSession;
  readonly vad: VoiceActivityDetector;
  readonly stt: SpeechToText;
  readonly clock: Clock;
  readonly language: string;
  readonly phrases: readonly string[];
  readonly pronunciations: Readonly<Record<string, string>>;
  readonly bargeInMs: number;
  readonly inbox: TurnInbox;
  readonly reporter: CallReporter;
}

/** A call's detector and recogniser: opened while the line is being answered, closed with the call. */
export class CallerListener {
  readonly #options: CallerListenerOptions;
  #stt: Promise<SttStream | undefined>;
  #reopenings = 0;

  constructor(options: CallerListenerOptions) {
    this.#options = options;
    this.#stt = this.#openStt();
    void this.#openVad();
  }

  /** The recogniser listens from `frame` on; it may still be being opened. */
  beginTurn(frame: number): void {
    void this.#stt.then((stream) => {
      this.#guard(() => stream?.beginTurn(frame));
    });
  }

  /** Posts the final text of what was said since `beginTurn`, as the answer to `ask`, or that it failed. */
  async endTurn(frame: number, ask: number): Promise<void> {
    const transcript = await this.#textOf(frame);
    // What the answer leads to isn't the recogniser's: it must not be caught as its failure.
    if (transcript) this.#options.inbox.post({ type: 'transcript', ask, transcript });
  }

  /** Undefined: the recogniser has failed, and that was told; or the call is over. */
  async #textOf(frame: number): Promise<Transcript | undefined> {
    const { signal } = this.#options.scope;
    try {
      const stream = await this.#stt;
      if (!stream || signal.aborted) return undefined;
      return await orAborted(stream.endTurn(frame), signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#trouble('stt', error);
      this.#deaf(false);
      return undefined;
    }
  }

  async #openVad(): Promise<void> {
    const { scope, media, vad, bargeInMs } = this.#options;
    try {
      const stream = await vad.open({
        heard: media.heard,
        sent: media.sent,
        flushLine: media.flushLine,
        bargeInMs,
        // Their threads and sockets may be everybody's: what comes from there belongs to this call nevertheless.
        onEvent: FailureDomain.bind((event: VadEvent) => {
          if (!scope.closed) this.#onVad(event);
        }),
        onFailed: FailureDomain.bind((error: Error) => {
          this.#lost('vad', error);
        }),
      });
      scope.defer(() => {
        stream.close();
      });
    } catch (error) {
      this.#lost('vad', error);
    }
  }

  async #openStt(): Promise<SttStream | undefined> {
    const { scope, media, stt, language, phrases, pronunciations } = this.#options;
    try {
      const opening = stt.open({
        heard: media.heard,
        language,
        phrases,
        pronunciations,
        onEvent: FailureDomain.bind((event: SttEvent) => {
          if (scope.closed) return;
          if (event.type !== 'failed') this.#onStt(event);
          else this.#failed(opening, event.error);
        }),
        signal: scope.signal,
      });
      const stream = await opening;
      scope.defer(() => {
        stream.close();
      });
      return stream;
    } catch (error) {
      const delay = REOPEN_AFTER_MS[this.#reopenings];
      if (delay === undefined || scope.closed) {
        this.#lost('stt', error);
        return undefined;
      }
      this.#reopenings += 1;
      this.#trouble('stt', error);
      return (await this.#options.clock.sleep(delay, scope.signal)) ? this.#openStt() : undefined;
    }
  }

  /** The recogniser's stream has died: a new one takes over. */
  #failed(opening: Promise<SttStream>, error: Error): void {
    this.#trouble('stt', error);
    void opening.then(
      (stream) => {
        stream.close();
      },
      () => undefined,
    );
    this.#reopenings += 1;
    const fatal = this.#reopenings > STT_REOPENINGS;
    if (!fatal) this.#stt = this.#openStt();
    this.#deaf(fatal);
  }

  #lost(part: 'vad' | 'stt', error: unknown): void {
    if (this.#options.scope.closed) return;
    this.#trouble(part, error);
    this.#deaf(true);
  }

  #onVad({ type, frame, at }: VadEvent): void {
    if (type === 'speech-stop') this.#options.inbox.post({ type, frame, lastAt: at });
    else this.#options.inbox.post({ type, frame, since: at });
  }

  #onStt(event: Exclude<SttEvent, { type: 'failed' }>): void {
    if (event.type === 'trouble') this.#options.reporter.providerTrouble(event.trouble);
    else this.#options.inbox.post(event);
  }

  #trouble(part: 'vad' | 'stt', error: unknown): void {
    this.#options.reporter.thrown(part, error);
  }

  /** `fatal`: the caller can't be heard any more. */
  #deaf(fatal: boolean): void {
    this.#options.inbox.post({ type: 'stt-failed', fatal });
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (this.#options.scope.closed) return;
      this.#trouble('stt', error);
      this.#deaf(false);
    }
  }
}
