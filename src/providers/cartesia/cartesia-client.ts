import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import type { Cartesia } from '@cartesia/cartesia-js';
import type { TTSWS } from '@cartesia/cartesia-js/resources/tts/ws';
import type { ClientOptions } from 'ws';
import type { Milliseconds } from '../../lib/clock.ts';
import {
  kindOfError,
  kindOfStatus,
  plainMessage,
  ProviderFailure,
  retryAfter,
  withoutKeys,
  type FailureDetails,
} from '../provider-failure.ts';

export interface CartesiaConnection {
  readonly apiKey: string;
  /** An `http` address is spoken to without TLS. */
  readonly baseUrl: string;
  /** For the handshake, from the first packet to an open socket. */
  readonly connectMs: Milliseconds;
}

const require = createRequire(import.meta.url);

/**
 * The SDK, loaded with the first use of it, and before that if there is time. The CommonJS build: the other one doesn't find `ws`,
 * takes Node's own WebSocket instead, and that puts the key into the address.
 */
export function loadCartesia(): { readonly Client: typeof Cartesia; readonly Socketed: typeof TTSWS } {
  const { Cartesia: Client } = require('@cartesia/cartesia-js') as { readonly Cartesia: typeof Cartesia };
  const { TTSWS: Socketed } = require('@cartesia/cartesia-js/resources/tts/ws') as {
    readonly TTSWS: typeof TTSWS;
  };
  return { Client, Socketed };
}

export type CartesiaClient = Cartesia;

/** How a handshake was refused, beyond what `ws` tells of it. */
export interface Refusal {
  retryAfterMs?: Milliseconds | undefined;
}

/** For `ws`. Sound doesn't shrink; and what a refusal says of when to come again stands in a header. */
export function socketOptions(refusal: Refusal): ClientOptions {
  return {
    perMessageDeflate: false,
    finishRequest: (request) => {
      request.once('response', ({ headers }) => {
        refusal.retryAfterMs = retryAfter(headers['retry-after'], headers.date);
      });
      request.end();
    },
  };
}

export function createCartesiaClient({ apiKey, baseUrl }: CartesiaConnection): CartesiaClient {
  const { Client } = loadCartesia();
  // Given explicitly, so that no variable of the environment is read by the SDK.
  return new Client({ apiKey, baseURL: baseUrl.replace(/\/+$/, ''), maxRetries: 0, logLevel: 'off' });
}

/** A TTS socket that is being opened. The SDK's `tts.websocket()` would leave its failure unhandled. */
export function createTtsSocket(
  client: CartesiaClient,
  connection: CartesiaConnection,
  refusal: Refusal,
): TTSWS {
  const { baseUrl } = connection;
  const { Socketed } = loadCartesia();
  const url = new URL(baseUrl);
  const options = socketOptions(refusal);
  if (url.protocol !== 'http:') return new Socketed(client, options);
  // The SDK always asks for wss; with an http address its bytes are sent unencrypted.
  const plain = (): Socket => connect(Number(url.port || 80), url.hostname);
  return new Socketed(client, { ...options, createConnection: plain });
}

/**
 * The SDK reads messages before anybody else, in a listener of its own, and throws at those that aren't what its types
 * say: no part of this program would be there to catch it. `onMalformed` is told instead.
 */
export function guardMessages(socket: unknown, onMalformed: (error: unknown) => void): void {
  const emitter = socket as EventEmitter;
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (event, ...args: unknown[]) => {
    if (event !== 'message') return emit(event, ...args);
    try {
      return emit(event, ...args);
    } catch (error) {
      onMalformed(error);
      return true;
    }
  };
}

/** An error event of Cartesia's protocol. */
export interface CartesiaErrorEvent {
  readonly message?: unknown;
  readonly title?: unknown;
  readonly status_code?: unknown;
}

export function failureOfEvent(
  code: FailureDetails['code'],
  provider: string,
  event: CartesiaErrorEvent,
  key: string,
): ProviderFailure {
  const { status_code: status } = event;
  const kind = typeof status === 'number' ? kindOfStatus(status) : 'server';
  const told = [event.message, event.title].find((text) => typeof text === 'string');
  const message = withoutKeys(told ?? 'an error without a message', [key]);
  // What it says of one text says nothing of other calls.
  const ofConversation = kind === 'rejected' && /transcript|\btext\b|character/i.test(message);
  return new ProviderFailure({ code, provider, kind, message, ofConversation });
}

/** What the SDK or `ws` threw or emitted: an Error, an ErrorEvent, or an Error with either as its cause. */
export function failureOfSocket(
  code: FailureDetails['code'],
  provider: string,
  error: unknown,
  key: string,
  { retryAfterMs }: Refusal = {},
): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  const { error: sent } = error as { error?: CartesiaErrorEvent | Error };
  if (sent && !(sent instanceof Error)) return failureOfEvent(code, provider, sent, key);
  const { cause } = error as { cause?: unknown };
  const inner = (cause as { error?: unknown } | undefined)?.error ?? cause ?? sent ?? error;
  const kind = kindOfError(inner) ?? 'cut';
  return new ProviderFailure({ code, provider, kind, message: plainMessage(inner, [key]), retryAfterMs });
}
