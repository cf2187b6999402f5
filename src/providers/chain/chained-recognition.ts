import type { SpeechToText, SttStream } from '../../dialog/ports.ts';
import type { SttEvent, SttRequest, Transcript } from '../../dialog/speech.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { AudioRingReader } from '../../media/audio-ring.ts';
import { ProviderFailure, type FailureKind } from '../provider-failure.ts';
import type { Attempt } from './circuit-breaker.ts';
import {
  failureOf,
  retryDelay,
  Rotation,
  troubleOf,
  type ChainOptions,
  type Listed,
  type Turn,
} from './provider-list.ts';

export interface SttChainOptions extends ChainOptions<SpeechToText> {
  /** How long a connection may take to open when another provider follows. */
  readonly openMs: Milliseconds;
}

/** Who listens now. */
interface Listener {
  readonly provider: Listed<SpeechToText>;
  readonly stream: SttStream;
  /** Until it has proved itself, or failed. */
  attempt: Attempt | undefined;
}

/** What was made of a turn, and by whom. */
interface Answer {
  readonly by: Listener;
  readonly transcript: Transcript;
}

/** The caller's turn that is going on. */
interface CallerTurn {
  readonly frame: number;
  /** The newest frame when the recogniser last had something to say about it; −1: it hasn't. */
  heardTo: number;
  /** What it made of it so far. */
  text: string;
}

/** A recogniser that finds turns has had its time before it is asked; this is for what is on the way. */
const GRACE_MS: Milliseconds = 300;
/** A guess that is older than this, in voiced frames, lacks the end of what was said. */
const FRESH_FRAMES = 400 / FRAME_MS;
const NOTHING: Transcript = { text: '', understood: false, confidence: 0 };

/** One call, heard by one recogniser after the other. */
export class ChainedRecognition implements SttStream {
  readonly #options: SttChainOptions;
  readonly #request: SttRequest;
  #listener: Listener | undefined;
  /** Resolves when somebody listens again, or nobody will. */
  #opening: Promise<ProviderFailure | undefined> = Promise.resolve(undefined);
  #turn: CallerTurn | undefined;
  /** Who has failed in this turn: nobody is asked twice. */
  readonly #failed = new Set<string>();
  #climbing = false;
  #closed = false;
  /** Who listened last, as far as the call was told. */
  #told: { name: string; findsTurns: boolean };

  constructor(options: SttChainOptions, request: SttRequest) {
    this.#options = options;
    this.#request = request;
    const [{ name, port }] = options.providers;
    this.#told = { name, findsTurns: port.findsTurns };
  }

  /** Resolves with what went wrong if nobody can be had. */
  open(): Promise<ProviderFailure | undefined> {
    this.#opening = this.#openNext(new Rotation(this.#options.providers), undefined);
    return this.#opening;
  }

  beginTurn(frame: number): void {
    if (this.#closed) return;
    const turn: CallerTurn = { frame, heardTo: -1, text: '' };
    this.#turn = turn;
    this.#guard((stream) => {
      stream.beginTurn(frame);
    });
  }

  async endTurn(frame: number): Promise<Transcript> {
    const turn = this.#turn;
    if (!turn) return NOTHING;
    let failure: ProviderFailure | undefined;
    while (!this.#isClosed()) {
      failure = (await this.#opening) ?? failure;
      const listener = this.#listener;
      if (!listener) break;
      try {
        const { by, transcript } = await this.#answer(listener, turn, frame);
        // It has died meanwhile, and what it said at last is worth nothing.
        if (this.#listener !== by) continue;
        report(by);
        this.#turnOver();
        return transcript;
      } catch (error) {
        if (this.#isClosed()) break;
        failure = failureOf('STT_FAILED', listener.provider.name, error);
        this.#lost(listener, failure);
      }
    }
    if (this.#isClosed()) return NOTHING;
    throw failure ?? this.#failure('stt', 'cut', 'nobody listens');
  }

  close(): void {
    this.#closed = true;
    this.#listener?.attempt?.dropped();
    this.#listener?.stream.close();
    this.#listener = undefined;
  }

  // ── what a recogniser makes of a turn ──

  async #answer(listener: Listener, turn: CallerTurn, frame: number): Promise<Answer> {
    const { provider, stream } = listener;
    const asked = stream.endTurn(frame);
    asked.catch(() => undefined);
    if (provider.port.findsTurns) return this.#overdue(listener, turn, frame, asked);
    if (this.#after(provider).length === 0) return { by: listener, transcript: await asked };
    const ms = this.#options.patienceMs;
    const transcript = await this.#within(ms, asked, () => {
      throw this.#failure(provider.name, 'timeout', `no transcript within ${ms} ms`);
    });
    return { by: listener, transcript };
  }

  /**
   * A recogniser that finds turns was silent when it should have spoken. Either there was nothing to be heard, or
   * it is deaf: somebody else is asked for a second opinion.
   */
  async #overdue(
    listener: Listener,
    turn: CallerTurn,
    frame: number,
    asked: Promise<Transcript>,
  ): Promise<Answer> {
    const missing: Transcript = { text: turn.text, understood: turn.text !== '', confidence: 0.5 };
    const transcript = await this.#within(GRACE_MS, asked, () => missing);
    const own: Answer = { by: listener, transcript };
    const isFresh = turn.heardTo >= frame - FRESH_FRAMES;
    if (this.#listener !== listener || isFresh || (transcript !== missing && transcript.understood))
      return own;
    const other = await this.#secondOpinion(listener.provider, turn, frame);
    if (!other) return own;
    if (this.#isClosed() || this.#listener !== listener) {
      other.by.attempt?.dropped();
      other.by.stream.close();
      return own;
    }
    const { name } = other.by.provider;
    const failure = this.#failure(listener.provider.name, 'stalled', 'it missed what was said');
    report(listener, failure);
    this.#request.onEvent({ type: 'trouble', trouble: troubleOf('stt', failure, 'fell-back', name) });
    this.#turn = undefined;
    this.#take(other.by);
    return other;
  }

  /** The same turn, heard by somebody further down the list; undefined: nothing is understood there, either. */
  async #secondOpinion(
    first: Listed<SpeechToText>,
    turn: CallerTurn,
    frame: number,
  ): Promise<Answer | undefined> {
    const { patienceMs } = this.#options;
    for (const provider of this.#after(first)) {
      const attempt = provider.breaker.attempt();
      if (!attempt) continue;
      let stream: SttStream | undefined;
      try {
        stream = await this.#openOne(provider);
        stream.beginTurn(turn.frame);
        const transcript = await this.#within(patienceMs, stream.endTurn(frame), () => {
          throw this.#failure(provider.name, 'timeout', `no transcript within ${patienceMs} ms`);
        });
        if (transcript.understood) return { by: { provider, stream, attempt }, transcript };
        attempt.dropped();
        stream.close();
        return undefined;
      } catch (error) {
        stream?.close();
        attempt.failed(failureOf('STT_FAILED', provider.name, error));
      }
    }
    return undefined;
  }

  #onEvent(from: Listener, event: SttEvent): void {
    switch (event.type) {
      case 'failed':
        this.#lost(from, failureOf('STT_FAILED', from.provider.name, event.error));
        return;
      case 'partial':
        this.#heard(event.text);
        break;
      case 'turn-eager-end':
        this.#heard(event.transcript.text);
        break;
      case 'turn-end':
        report(from);
        this.#request.onEvent(event);
        this.#turnOver();
        return;
      default:
    }
    this.#request.onEvent(event);
  }

  #heard(text: string): void {
    if (!this.#turn) return;
    this.#turn.text = text;
    this.#turn.heardTo = new AudioRingReader(this.#request.heard).written;
  }

  // ── who listens ──

  /** Somebody else has to hear this call, the turn that is going on included. */
  #lost(listener: Listener, failure: ProviderFailure): void {
    if (this.#listener !== listener || this.#closed) return;
    this.#listener = undefined;
    report(listener, failure);
    listener.stream.close();
    this.#failed.add(listener.provider.name);
    const others = this.#options.providers.filter(({ name }) => !this.#failed.has(name));
    this.#opening = this.#openNext(new Rotation(others), failure);
    void this.#opening.then((last) => {
      if (last && !this.#closed) this.#request.onEvent({ type: 'failed', error: last });
    });
  }

  async #openNext(
    rotation: Rotation<SpeechToText>,
    before: ProviderFailure | undefined,
  ): Promise<ProviderFailure | undefined> {
    let failure = before;
    const { onEvent } = this.#request;
    for (let turn = rotation.next(); turn; turn = rotation.next()) {
      if (this.#isClosed()) {
        turn.attempt.dropped();
        break;
      }
      const { provider } = turn;
      for (const trouble of rotation.spared('stt', turn)) onEvent({ type: 'trouble', trouble });
      if (failure) {
        onEvent({ type: 'trouble', trouble: troubleOf('stt', failure, 'fell-back', provider.name) });
      }
      failure = await this.#tryOpen(turn);
      if (!failure) return undefined;
      this.#failed.add(provider.name);
    }
    return failure ?? this.#failure('stt', 'refused', 'nobody listens');
  }

  /** One provider's turn: once more, if that may help. Resolves with what went wrong, if it did. */
  async #tryOpen({
    provider,
    attempt: first,
    isLast,
  }: Turn<SpeechToText>): Promise<ProviderFailure | undefined> {
    const { openMs, clock } = this.#options;
    const began = clock.now();
    let attempt = first;
    for (let retries = 1; ; retries--) {
      try {
        const stream = await this.#openWithin(isLast ? Infinity : openMs - (clock.now() - began), provider);
        if (this.#isClosed()) {
          attempt.dropped();
          stream.close();
        } else this.#take({ provider, stream, attempt });
        return undefined;
      } catch (error) {
        const failure = failureOf('STT_UNAVAILABLE', provider.name, error);
        attempt.failed(failure);
        const delay = retryDelay(failure, clock.now() - began, isLast);
        if (retries === 0 || delay === undefined || this.#isClosed()) return failure;
        this.#request.onEvent({ type: 'trouble', trouble: troubleOf('stt', failure, 'retried') });
        await clock.sleep(delay);
        attempt = provider.breaker.attempt({ force: true }) ?? attempt;
      }
    }
  }

  async #openWithin(ms: Milliseconds, provider: Listed<SpeechToText>): Promise<SttStream> {
    const opening = this.#openOne(provider);
    if (ms === Infinity) return opening;
    return this.#within(ms, opening, () => {
      opening.then(
        (late) => {
          late.close();
        },
        () => undefined,
      );
      throw this.#failure(provider.name, 'timeout', `not opened within ${this.#options.openMs} ms`);
    });
  }

  #openOne(provider: Listed<SpeechToText>): Promise<SttStream> {
    const opened: { stream?: SttStream } = {};
    const opening = provider.port.open({
      ...this.#request,
      onEvent: (event) => {
        // Nothing counts that is said by one who was given up, or who only gives a second opinion.
        if (opened.stream && this.#listener?.stream === opened.stream) this.#onEvent(this.#listener, event);
      },
    });
    return opening.then((stream) => {
      opened.stream = stream;
      return stream;
    });
  }

  /** From now on it is this one; it hears the turn that is going on from its beginning. */
  #take(listener: Listener): void {
    const before = this.#listener;
    this.#listener = listener;
    before?.stream.close();
    const { name, port } = listener.provider;
    if (name !== this.#told.name || port.findsTurns !== this.#told.findsTurns) {
      this.#told = { name, findsTurns: port.findsTurns };
      this.#request.onEvent({ type: 'recogniser', name, findsTurns: port.findsTurns });
    }
    const turn = this.#turn;
    if (!turn) return;
    turn.heardTo = -1;
    this.#guard((stream) => {
      stream.beginTurn(turn.frame);
    });
  }

  /** Between two turns: a better recogniser may be well again. */
  #turnOver(): void {
    this.#turn = undefined;
    this.#failed.clear();
    void this.#climb();
  }

  async #climb(): Promise<void> {
    const listener = this.#listener;
    if (!listener || this.#climbing) return;
    const { providers } = this.#options;
    const better = providers.slice(0, providers.indexOf(listener.provider));
    this.#climbing = true;
    for (const provider of better) {
      const attempt = provider.breaker.attempt();
      if (!attempt) continue;
      try {
        const stream = await this.#openOne(provider);
        // Not in the middle of a sentence: another time, then.
        if (this.#isClosed() || this.#turn || this.#listener !== listener) {
          stream.close();
          attempt.dropped();
        } else this.#take({ provider, stream, attempt });
        break;
      } catch (error) {
        attempt.failed(failureOf('STT_UNAVAILABLE', provider.name, error));
      }
    }
    this.#climbing = false;
  }

  #after(provider: Listed<SpeechToText>): readonly Listed<SpeechToText>[] {
    const { providers } = this.#options;
    return providers.slice(providers.indexOf(provider) + 1);
  }

  #guard(action: (stream: SttStream) => void): void {
    const listener = this.#listener;
    if (!listener) return;
    try {
      action(listener.stream);
    } catch (error) {
      this.#lost(listener, failureOf('STT_FAILED', listener.provider.name, error));
    }
  }

  /** The promise's value, or after `ms` what `late` says (or throws). */
  async #within<T>(ms: Milliseconds, promise: Promise<T>, late: () => T): Promise<T> {
    const patience = new AbortController();
    const waited = this.#options.clock.sleep(ms, patience.signal).then(() => LATE);
    try {
      const value = await Promise.race([promise, waited]);
      return value === LATE ? late() : (value as T);
    } finally {
      patience.abort();
    }
  }

  #failure(provider: string, kind: FailureKind, message: string): ProviderFailure {
    return new ProviderFailure({ code: 'STT_FAILED', provider, kind, message });
  }

  /** As a question: it may change while something is awaited. */
  #isClosed(): boolean {
    return this.#closed;
  }
}

const LATE = Symbol('late');

/** What the breaker is told of it: well, or why not. */
function report(listener: Listener, failure?: ProviderFailure): void {
  const attempt = listener.attempt ?? listener.provider.breaker.attempt({ force: true });
  listener.attempt = undefined;
  if (failure) attempt?.failed(failure);
  else attempt?.succeeded();
}
