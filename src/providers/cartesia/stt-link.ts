import type {
  STTAutoFinalizeWebsocketResponse,
  AutoFinalizeWebsocketParams,
} from '@cartesia/cartesia-js/resources/stt/auto-finalize';
import type {
  ManualFinalizeWebsocketParams,
  STTManualFinalizeWebsocketResponse,
} from '@cartesia/cartesia-js/resources/stt/manual-finalize';
import type { Clock } from '../../lib/clock.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import { ProviderFailure, type FailureKind } from '../provider-failure.ts';
import {
  failureOfSocket,
  guardMessages,
  socketOptions,
  type CartesiaClient,
  type CartesiaConnection,
  type Refusal,
} from './cartesia-client.ts';
import { watchPulse, type PulseSocket } from '../pulse.ts';

export type SttMessage = STTAutoFinalizeWebsocketResponse | STTManualFinalizeWebsocketResponse;

/** Which of the two sockets, and how it is asked for. */
export type SttEndpoint =
  | { readonly kind: 'turns'; readonly params: AutoFinalizeWebsocketParams }
  | { readonly kind: 'finalize'; readonly params: ManualFinalizeWebsocketParams };

export interface SttLinkOptions {
  readonly client: CartesiaClient;
  readonly connection: CartesiaConnection;
  readonly endpoint: SttEndpoint;
  readonly provider: string;
  readonly clock: Clock;
  readonly onMessage: (message: SttMessage) => void;
  /** A new socket has taken the place of one that died: what it hadn't answered must be sent again. */
  readonly onReplaced: () => void;
  /** The connection is lost for good. */
  readonly onLost: (failure: ProviderFailure) => void;
  /** It died, and is being connected again. */
  readonly onRetry: (failure: ProviderFailure) => void;
}

/** What a new connection can't put right. */
const LASTING: ReadonlySet<FailureKind> = new Set(['unauthorized', 'rejected', 'rate-limited']);

type Sdk = ReturnType<typeof sdkSocket>;

/** A call's socket. When it dies, one other is opened; when that one dies before it was of any use, the link is lost. */
export class SttLink {
  readonly #options: SttLinkOptions;
  #sdk: Sdk | undefined;
  #mayReconnect = true;
  #closed = false;

  constructor(options: SttLinkOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#sdk !== undefined;
  }

  /** Rejects with a ProviderFailure (STT_UNAVAILABLE). */
  async open(): Promise<void> {
    const { client, endpoint, connection, provider, clock } = this.#options;
    const refusal: Refusal = {};
    const sdk = sdkSocket(client, endpoint, refusal);
    const opened = Promise.withResolvers<undefined>();
    let isOpen = false;
    let lastError: ProviderFailure | undefined;
    let stopPulse = (): void => undefined;
    const { connectMs } = connection;
    const disarm = clock.at(clock.now() + connectMs, () => {
      lastError = this.#failure('timeout', `no connection within ${connectMs} ms`);
      sdk.close();
    });
    sdk.on('error', (error) => {
      // It says so when we close what isn't open yet; then the reason is known.
      lastError ??= failureOfSocket('STT_FAILED', provider, error, connection.apiKey, refusal);
      if (isOpen && lastError.kind !== 'cut') sdk.close();
    });
    sdk.on('raw', () => {
      lastError ??= this.#failure('malformed', 'a message that is no JSON');
      sdk.close();
    });
    const onMalformed = (): void => {
      lastError ??= this.#failure('malformed', 'a message that is none of its protocol');
      sdk.close();
    };
    if ('platformSocket' in sdk.socket) guardMessages(sdk.socket.platformSocket, onMalformed);
    sdk.on('close', (code) => {
      disarm();
      stopPulse();
      const failure = lastError ?? this.#failure('cut', `the connection closed (code ${code})`);
      if (!isOpen) opened.reject(failure.as('STT_UNAVAILABLE'));
      else if (this.#sdk === sdk) {
        this.#sdk = undefined;
        void this.#died(failure);
      }
    });
    sdk.on('event', (message) => {
      if (!isReadable(message)) onMalformed();
      else if (this.#sdk === sdk && message.type !== 'error') {
        // A bug of ours is no fault of the message's.
        FailureDomain.attempt(() => {
          this.#options.onMessage(message);
        });
      }
    });
    sdk.socket.on('open', () => {
      disarm();
      isOpen = true;
      if ('platformSocket' in sdk.socket)
        stopPulse = watchPulse(sdk.socket.platformSocket as PulseSocket, clock);
      if (this.#closed) sdk.close();
      else this.#sdk = sdk;
      opened.resolve(undefined);
    });
    await opened.promise;
  }

  /** Audio that can't be sent now is in the ring still. */
  send(audio: Uint8Array): void {
    this.#sdk?.sendRaw(audio);
  }

  finalize(): void {
    if (this.#sdk && this.#options.endpoint.kind === 'finalize') (this.#sdk as ManualSdk).send('finalize');
  }

  /** It was of use: should it die, that is put right once more. */
  proven(): void {
    this.#mayReconnect = true;
  }

  close(): void {
    this.#closed = true;
    const sdk = this.#sdk;
    this.#sdk = undefined;
    sdk?.close();
  }

  async #died(failure: ProviderFailure): Promise<void> {
    if (this.#closed) return;
    if (!this.#mayReconnect || LASTING.has(failure.kind)) {
      this.#options.onLost(failure);
      return;
    }
    this.#mayReconnect = false;
    this.#options.onRetry(failure);
    // The `onRetry` handler may have closed it.
    if (this.#isClosed()) return;
    try {
      await this.open();
      if (!this.#isClosed()) this.#options.onReplaced();
    } catch (error) {
      if (!this.#isClosed()) this.#options.onLost(error as ProviderFailure);
    }
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  #failure(kind: FailureKind, message: string): ProviderFailure {
    return new ProviderFailure({ code: 'STT_FAILED', provider: this.#options.provider, kind, message });
  }
}

/** It is what the protocol says, as far as anything here depends on it. */
function isReadable(message: unknown): message is SttMessage {
  if (typeof message !== 'object' || message === null) return false;
  const { type, transcript, text } = message as Readonly<Record<string, unknown>>;
  if (type === 'transcript') return typeof text === 'string';
  if (type === 'turn.update' || type === 'turn.eager_end' || type === 'turn.end')
    return typeof transcript === 'string';
  return typeof type === 'string';
}

type AutoSdk = ReturnType<CartesiaClient['stt']['autoFinalize']['websocket']>;
type ManualSdk = ReturnType<CartesiaClient['stt']['manualFinalize']['websocket']>;

/** As far as both sockets are the same. */
function sdkSocket(
  client: CartesiaClient,
  endpoint: SttEndpoint,
  refusal: Refusal,
): Pick<AutoSdk, 'sendRaw' | 'close' | 'socket'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'raw', listener: () => void): unknown;
  on(event: 'close', listener: (code: number) => void): unknown;
  on(event: 'event', listener: (message: SttMessage) => void): unknown;
} {
  const options = socketOptions(refusal);
  return endpoint.kind === 'turns'
    ? client.stt.autoFinalize.websocket({ ...endpoint.params }, options)
    : client.stt.manualFinalize.websocket({ ...endpoint.params }, options);
}
