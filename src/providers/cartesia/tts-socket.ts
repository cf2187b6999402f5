import type { TTSWS } from '@cartesia/cartesia-js/resources/tts/ws';
import type { WebsocketClientEvent, WebsocketResponse } from '@cartesia/cartesia-js/resources/tts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import { ProviderFailure } from '../provider-failure.ts';
import {
  createTtsSocket,
  failureOfEvent,
  failureOfSocket,
  guardMessages,
  type CartesiaClient,
  type CartesiaConnection,
  type Refusal,
} from './cartesia-client.ts';
import { watchPulse, type PulseSocket } from '../pulse.ts';

/** What one context is told. After `failed`, nothing more comes. */
export interface ContextListener {
  onEvent(event: WebsocketResponse): void;
  onFailed(failure: ProviderFailure): void;
}

/**
 * One WebSocket, which carries many contexts. It is used until it dies or retires and never reconnects by
 * itself: the SDK's socket would, and lose what was being said without a word.
 */
export class TtsSocket {
  /** Resolves when it can be used, rejects with a ProviderFailure. Always handled. */
  readonly ready: Promise<void>;
  readonly #sdk: TTSWS;
  readonly #connection: CartesiaConnection;
  readonly #provider: string;
  readonly #contexts = new Map<string, ContextListener>();
  readonly #onGone: (failure: ProviderFailure | undefined) => void;
  #lastUsedAt: Milliseconds;
  #gone = false;
  #opened = false;
  #stopPulse: () => void = () => undefined;
  readonly #clock: Clock;
  #lastError: ProviderFailure | undefined;

  constructor(options: {
    readonly client: CartesiaClient;
    readonly connection: CartesiaConnection;
    readonly provider: string;
    readonly clock: Clock;
    /** It can't be used any more; `undefined`: it was closed by us. */
    readonly onGone: (failure: ProviderFailure | undefined) => void;
  }) {
    const { client, connection, provider, clock, onGone } = options;
    this.#connection = connection;
    this.#provider = provider;
    this.#clock = clock;
    this.#onGone = onGone;
    this.#lastUsedAt = clock.now();
    const refusal: Refusal = {};
    this.#sdk = createTtsSocket(client, connection, refusal);
    // Without a listener, every error would be an unhandled rejection.
    this.#sdk.on('error', (error) => {
      this.#onError(error);
    });
    this.#sdk.on('event', (event) => {
      // A bug of ours is no fault of the message's.
      FailureDomain.attempt(() => {
        this.#onEvent(event);
      });
    });
    guardMessages(this.#sdk.socket, () => {
      this.#onMalformed('a message that is none of its protocol');
    });
    this.#sdk.socket.addEventListener('close', () => {
      this.#die(this.#failure('cut', 'the connection closed'));
    });
    // The whole handshake; `ws` has a time-out for silence in it only.
    const { connectMs } = connection;
    let late: ProviderFailure | undefined;
    const disarm = clock.at(clock.now() + connectMs, () => {
      late = this.#failure('timeout', `no connection within ${connectMs} ms`);
      this.#sdk.close();
    });
    this.ready = this.#sdk.connect().then(
      () => {
        disarm();
        this.#opened = true;
        const socket = this.#sdk.socket as unknown as PulseSocket;
        this.#stopPulse = watchPulse(socket, clock);
      },
      (error: unknown) => {
        disarm();
        const failure = late ?? failureOfSocket('TTS_FAILED', provider, error, connection.apiKey, refusal);
        this.#die(failure);
        throw failure;
      },
    );
    this.ready.catch(() => undefined);
  }

  /** It is open, or being opened. Says so before its death has been reported. */
  get isUsable(): boolean {
    return !this.#gone && this.#sdk.socket.readyState <= 1;
  }

  get isOpen(): boolean {
    return this.#opened && this.isUsable;
  }

  get contexts(): number {
    return this.#contexts.size;
  }

  /** Since anything was last sent: the provider closes idle sockets. */
  get idleMs(): Milliseconds {
    return this.#contexts.size > 0 ? 0 : this.#clock.now() - this.#lastUsedAt;
  }

  /** The listener is told in the failure domain in which it joins. */
  join(context: string, listener: ContextListener): void {
    this.#contexts.set(context, {
      onEvent: FailureDomain.bind((event: WebsocketResponse) => {
        listener.onEvent(event);
      }),
      onFailed: FailureDomain.bind((failure: ProviderFailure) => {
        listener.onFailed(failure);
      }),
    });
  }

  leave(context: string): void {
    this.#contexts.delete(context);
  }

  /** False: the socket is gone. */
  send(message: WebsocketClientEvent): boolean {
    // The SDK would open a new socket instead, on which this context is unknown.
    if (!this.isOpen) return false;
    this.#lastUsedAt = this.#clock.now();
    void this.#sdk.send(message);
    return true;
  }

  close(): void {
    this.#die(undefined);
    this.#sdk.close();
  }

  #onEvent(event: WebsocketResponse): void {
    const listener = event.context_id === undefined ? undefined : this.#contexts.get(event.context_id);
    if (listener) listener.onEvent(event);
    // An error that belongs to no context belongs to all of them.
    else if (event.type === 'error' && event.context_id === undefined) {
      const failure = failureOfEvent('TTS_FAILED', this.#provider, event, this.#connection.apiKey);
      for (const each of [...this.#contexts.values()]) each.onFailed(failure);
    }
  }

  /** Error events come by `event` as well; here they are the socket's own and what can't be parsed. */
  #onError(error: Error & { readonly error?: unknown }): void {
    if (error.error !== undefined) return;
    const failure = failureOfSocket('TTS_FAILED', this.#provider, error, this.#connection.apiKey);
    if (failure.kind !== 'malformed') {
      this.#lastError ??= failure;
      return;
    }
    this.#onMalformed(failure.reason);
  }

  /** It can't be known which context the message was for: all of them fail. */
  #onMalformed(why: string): void {
    this.#die(this.#failure('malformed', why));
    this.#sdk.close();
  }

  #die(failure: ProviderFailure | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#stopPulse();
    const reason = failure?.kind === 'cut' ? (this.#lastError ?? failure) : failure;
    const told = reason ?? this.#failure('cut', 'the socket was closed');
    for (const listener of [...this.#contexts.values()]) listener.onFailed(told);
    this.#contexts.clear();
    this.#onGone(this.#opened ? reason : undefined);
  }

  #failure(kind: 'cut' | 'timeout' | 'malformed', message: string): ProviderFailure {
    return new ProviderFailure({ code: 'TTS_FAILED', provider: this.#provider, kind, message });
  }
}
