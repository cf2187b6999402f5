import type { SpeechToText, SttStream } from '../../dialog/contract/ports.ts';
import type { SttEvent, SttRequest, Transcript } from '../../dialog/contract/speech.ts';
import { onAbort, orAborted, within } from '../../lib/abort.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { AudioRingReader } from '../../media/audio-ring.ts';
import { ProviderFailure, type FailureKind } from '../provider-failure.ts';
import { attempts, retryDelay, type Exchange } from './attempts.ts';
import type { Attempt } from './circuit-breaker.ts';
import { failureOf, troubleOf, type ChainOptions, type Listed } from './provider-list.ts';

export interface SttChainOptions extends ChainOptions<SpeechToText> {
  /** How long a connection may take to open when another provider follows. */
  readonly openMs: Milliseconds;
}

/** The recogniser that listens now. */
interface Listener {
  readonly provider: Listed<SpeechToText>;
  readonly stream: SttStream;
  /** Until it has proved itself, or failed. */
  attempt: Attempt | undefined;
}

/** A turn's transcript, and the recogniser that it is from. */
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

/** A recogniser that finds turns by itself has normally answered before it is asked; this is for an answer on its way. */
const GRACE_MS: Milliseconds = 300;
/** A guess that is older than this, in voiced frames, lacks the end of what was said. */
const FRESH_FRAMES = 400 / FRAME_MS;
const NOTHING: Transcript = { text: '', understood: false, confidence: 0 };

/** One call, heard by one recogniser after the other. */
export class ChainedRecognition implements SttStream {
  readonly #options: SttChainOptions;
  readonly #request: SttRequest;
  #listener: Listener | undefined;
  /** Resolves when a recogniser is open again, or none can be opened. */
  #opening: Promise<ProviderFailure | undefined> = Promise.resolve(undefined);
  #turn: CallerTurn | undefined;
  /** Recognisers that have failed in this turn: none is asked twice. */
  readonly #failed = new Set<string>();
  #isFailingBack = false;
  /** Aborted at the call's end: no recogniser is asked after that. */
  readonly #over = new AbortController();
  #withdraw = (): void => undefined;
  /** The recogniser that the call was last told of. */
  #told: { name: string; findsTurns: boolean };

  constructor(options: SttChainOptions, request: SttRequest) {
    this.#options = options;
    this.#request = request;
    const [{ name, port }] = options.providers;
    this.#told = { name, findsTurns: port.findsTurns };
  }

  /** Resolves with what went wrong if no recogniser can be opened. */
  open(): Promise<ProviderFailure | undefined> {
    const { signal } = this.#request;
    if (signal) {
      this.#withdraw = onAbort(signal, () => {
        this.close();
      });
    }
    this.#opening = this.#openOneOf(this.#options.providers, undefined);
    return this.#opening;
  }

  beginTurn(frame: number): void {
    if (this.#isClosed()) return;
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
      if (!this.#listener) {
        failure = (await this.#opening) ?? failure;
        // Who has gone on meanwhile is heard as a whole.
        if (this.#turn !== turn) return NOTHING;
      }
      const listener = this.#listener;
      if (!listener) break;
      try {
        const { by, transcript } = await this.#answer(listener, turn, frame);
        // It has died meanwhile, and what it said at last is worth nothing.
        if (this.#listener !== by) continue;
        report(by);
        this.#turnOver(turn);
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
    this.#over.abort();
    this.#withdraw();
    this.#listener?.attempt?.dropped();
    this.#listener?.stream.close();
    this.#listener = undefined;
  }

  // ── what a recogniser makes of a turn ──

  async #answer(listener: Listener, turn: CallerTurn, frame: number): Promise<Answer> {
    const { provider } = listener;
    if (provider.port.findsTurns) return this.#overdue(listener, turn, frame);
    const isLast = this.#after(provider).length === 0;
    const asked = this.#transcript(listener, frame, isLast);
    return { by: listener, transcript: await (isLast ? asked : this.#inTime(provider.name, asked)) };
  }

  /** Asked for once more where that may help and the turn's sound is kept. */
  async #transcript(listener: Listener, frame: number, isLast: boolean): Promise<Transcript> {
    const { provider, stream } = listener;
    const { clock } = this.#options;
    const began = clock.now();
    try {
      return await stream.endTurn(frame);
    } catch (error) {
      const failure = failureOf('STT_FAILED', provider.name, error);
      const delay = retryDelay(failure, clock.now() - began, isLast);
      if (!stream.askAgain || delay === undefined || this.#listener !== listener) throw failure;
      report(listener, failure);
      this.#request.onEvent({ type: 'trouble', trouble: troubleOf('stt', failure, 'retried') });
      await clock.sleep(delay, this.#over.signal);
      if (this.#listener !== listener) throw failure;
      return stream.askAgain(frame);
    }
  }

  #inTime(provider: string, asked: Promise<Transcript>): Promise<Transcript> {
    const { patienceMs, clock } = this.#options;
    return within(asked, patienceMs, clock, () => {
      throw this.#failure(provider, 'timeout', `no transcript within ${patienceMs} ms`);
    });
  }

  /**
   * A recogniser that finds turns was silent when it should have spoken. Either there was nothing to be heard, or
   * it is deaf: somebody else is asked for a second opinion.
   */
  async #overdue(listener: Listener, turn: CallerTurn, frame: number): Promise<Answer> {
    const missing: Transcript = { text: turn.text, understood: turn.text !== '', confidence: 0.5 };
    const asked = listener.stream.endTurn(frame);
    const transcript = await within(asked, GRACE_MS, this.#options.clock, () => missing);
    const own: Answer = { by: listener, transcript };
    const isFresh = turn.heardTo >= frame - FRESH_FRAMES;
    if (this.#listener !== listener || isFresh || (transcript !== missing && transcript.understood))
      return own;
    const other = await this.#secondOpinion(listener.provider, turn, frame);
    if (!other) return own;
    if (this.#isClosed() || this.#listener !== listener) {
      leave(other.by);
      return own;
    }
    const { name } = other.by.provider;
    const failure = this.#failure(listener.provider.name, 'stalled', 'it missed what was said');
    report(listener, failure);
    this.#request.onEvent({ type: 'trouble', trouble: troubleOf('stt', failure, 'fell-back', name) });
    if (this.#turn === turn) this.#turn = undefined;
    this.#take(other.by);
    return other;
  }

  /** The same turn, heard by somebody further down the list; undefined: nothing is understood there, either. */
  #secondOpinion(first: Listed<SpeechToText>, turn: CallerTurn, frame: number): Promise<Answer | undefined> {
    return this.#firstOf(this.#after(first), async (by) => {
      by.stream.beginTurn(turn.frame);
      const transcript = await this.#inTime(by.provider.name, by.stream.endTurn(frame));
      return transcript.understood ? { by, transcript } : undefined;
    });
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
      case 'turn-end': {
        const turn = this.#turn;
        report(from);
        this.#request.onEvent(event);
        this.#turnOver(turn);
        return;
      }
      default:
    }
    this.#request.onEvent(event);
  }

  #heard(text: string): void {
    if (!this.#turn) return;
    this.#turn.text = text;
    this.#turn.heardTo = new AudioRingReader(this.#request.heard).written;
  }

  // ── the recogniser that listens ──

  /** Somebody else has to hear this call, the turn that is going on included. */
  #lost(listener: Listener, failure: ProviderFailure): void {
    if (this.#listener !== listener || this.#isClosed()) return;
    this.#listener = undefined;
    report(listener, failure);
    listener.stream.close();
    this.#failed.add(listener.provider.name);
    const others = this.#options.providers.filter(({ name }) => !this.#failed.has(name));
    this.#opening = this.#openOneOf(others, failure);
    void this.#opening.then((last) => {
      if (last && !this.#isClosed()) this.#request.onEvent({ type: 'failed', error: last });
    });
  }

  /** Resolves with what went wrong if no recogniser can be opened. */
  async #openOneOf(
    providers: readonly Listed<SpeechToText>[],
    before: ProviderFailure | undefined,
  ): Promise<ProviderFailure | undefined> {
    const { clock, openMs } = this.#options;
    try {
      const opening = attempts(
        {
          part: 'stt',
          code: 'STT_UNAVAILABLE',
          providers,
          before,
          clock,
          deadlineMs: openMs,
          missing: 'not opened',
          ask: (exchange: Exchange<SpeechToText>) => this.#ask(exchange),
        },
        this.#over.signal,
      );
      for await (const event of opening) {
        if (event.type === 'trouble') this.#request.onEvent(event);
        else if (!this.#isClosed()) this.#take(event.listener);
        else leave(event.listener);
      }
    } catch (error) {
      return failureOf('STT_UNAVAILABLE', 'stt', error);
    }
    if (this.#listener || this.#isClosed()) return undefined;
    return before ?? this.#failure('stt', 'refused', 'nobody listens');
  }

  async *#ask(
    exchange: Exchange<SpeechToText>,
  ): AsyncGenerator<{ readonly type: 'opened'; readonly listener: Listener }> {
    const { provider, signal } = exchange;
    this.#failed.add(provider.name);
    exchange.startWaiting();
    const opening = this.#openOne(provider, signal);
    const stream = await orAborted(opening, signal);
    if (stream) {
      this.#failed.delete(provider.name);
      yield { type: 'opened', listener: { provider, stream, attempt: exchange.takeOutcome() } };
      return;
    }
    // A stream that opens too late is closed.
    opening.then(
      (late) => {
        late.close();
      },
      () => undefined,
    );
  }

  #openOne(provider: Listed<SpeechToText>, signal: AbortSignal): Promise<SttStream> {
    const opened: { stream?: SttStream } = {};
    const opening = provider.port.open({
      ...this.#request,
      signal,
      onEvent: (event) => {
        // Events of a recogniser that was given up, or is only asked for a second opinion, are ignored.
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

  /**
   * Between two turns: a better recogniser may be well again. Who went on while they were being understood has begun the turn
   * anew, and it isn't over.
   */
  #turnOver(turn: CallerTurn | undefined): void {
    if (this.#turn && this.#turn !== turn) return;
    this.#turn = undefined;
    this.#failed.clear();
    void this.#failBack();
  }

  async #failBack(): Promise<void> {
    const listener = this.#listener;
    if (!listener || this.#isFailingBack) return;
    const { providers } = this.#options;
    const better = providers.slice(0, providers.indexOf(listener.provider));
    this.#isFailingBack = true;
    await this.#firstOf(better, (by) => {
      // Not in the middle of a sentence: another time, then.
      if (this.#isClosed() || this.#turn || this.#listener !== listener) return undefined;
      this.#take(by);
      return by;
    });
    this.#isFailingBack = false;
  }

  /**
   * What `use` makes of the first of them that can be opened, is well, and doesn't fail in it, once each. Undefined:
   * nothing, and it is closed again.
   */
  async #firstOf<T>(
    providers: readonly Listed<SpeechToText>[],
    use: (by: Listener) => T | undefined | Promise<T | undefined>,
  ): Promise<T | undefined> {
    for (const provider of providers) {
      const attempt = this.#isClosed() ? undefined : provider.breaker.attempt();
      if (!attempt) continue;
      let stream: SttStream | undefined;
      let withdraw = (): void => undefined;
      try {
        stream = await this.#openOne(provider, this.#over.signal);
        const listener = { provider, stream, attempt };
        withdraw = onAbort(this.#over.signal, () => {
          leave(listener);
        });
        const used = this.#isClosed() ? undefined : await use(listener);
        if (used === undefined) leave(listener);
        return used;
      } catch (error) {
        attempt.failed(failureOf('STT_FAILED', provider.name, error));
        stream?.close();
      } finally {
        withdraw();
      }
    }
    return undefined;
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

  #failure(provider: string, kind: FailureKind, message: string): ProviderFailure {
    return new ProviderFailure({ code: 'STT_FAILED', provider, kind, message });
  }

  /** As a question: it may change while something is awaited. */
  #isClosed(): boolean {
    return this.#over.signal.aborted;
  }
}

/** It isn't wanted any more, and nothing was learned of it. */
function leave({ stream, attempt }: Listener): void {
  attempt?.dropped();
  stream.close();
}

/** What the breaker is told of it: well, or why not. */
function report(listener: Listener, failure?: ProviderFailure): void {
  const attempt = listener.attempt ?? listener.provider.breaker.attempt({ force: true });
  listener.attempt = undefined;
  if (failure) attempt?.failed(failure);
  else attempt?.succeeded();
}
