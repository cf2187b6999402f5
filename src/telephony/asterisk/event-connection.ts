import { randomBytes } from 'node:crypto';
import type WebSocket from 'ws';
import { onAbort } from '../../lib/abort.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { AriError } from './ari-error.ts';
import type { AriServer } from './ari-http.ts';
import { openEventSocket, refusedSocket } from './event-socket.ts';

export interface EventConnectionOptions {
  readonly server: AriServer;
  readonly app: string;
  readonly clock: Clock;
  readonly connectTimeoutMs: Milliseconds;
  /** A ping leaves each time this has passed; when the next is due and nothing came, the line is dead. */
  readonly pingMs: Milliseconds;
}

export interface MessageReader {
  /** Takes a message. `replaced`: it says that another consumer has the app's name, and no more will come. */
  read(text: string): 'replaced' | undefined;
}

/** Why there are no more events. */
export type ConnectionEnd =
  | { readonly is: 'lost'; readonly reason: string }
  /** Another consumer has registered the app. */
  | { readonly is: 'replaced' };

type Standing =
  | { readonly is: 'opening' }
  /** `heard`: something has come since the last ping. */
  | { readonly is: 'open'; readonly heard: boolean; readonly cancelPing: () => void }
  | { readonly is: 'closed' };

/** One WebSocket to ARI's events, from its opening to its end. */
export class EventConnection {
  /** Resolves once, when no more events can come. */
  readonly ended: Promise<ConnectionEnd>;
  readonly #options: EventConnectionOptions;
  readonly #reader: MessageReader;
  readonly #socket: WebSocket;
  readonly #opened = Promise.withResolvers<undefined>();
  #standing: Standing = { is: 'opening' };
  /** What will have ended it, as far as is known. */
  #end: ConnectionEnd = { is: 'lost', reason: 'closed by Asterisk' };

  private constructor(options: EventConnectionOptions, reader: MessageReader) {
    const { server, app, connectTimeoutMs } = options;
    this.#options = options;
    this.#reader = reader;
    this.#socket = openEventSocket(server, app, connectTimeoutMs);
    const { promise, resolve } = Promise.withResolvers<ConnectionEnd>();
    this.ended = promise;
    this.#listen(resolve);
  }

  /** Registers the app. Rejects with ARI_UNREACHABLE, ARI_UNAUTHORIZED or ARI_REQUEST_FAILED, also when `signal` aborts first. */
  static async open(
    options: EventConnectionOptions,
    reader: MessageReader,
    signal: AbortSignal,
  ): Promise<EventConnection> {
    const connection = new EventConnection(options, reader);
    const withdraw = onAbort(signal, () => {
      connection.terminate();
    });
    try {
      await connection.#opened.promise;
      return connection;
    } finally {
      withdraw();
    }
  }

  /** Ends it at once, for that reason. */
  cut(reason: string): void {
    this.#end = { is: 'lost', reason };
    this.terminate();
  }

  /** Ends it at once. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** Ends it by a handshake. */
  close(): void {
    this.#socket.close(1000);
  }

  #listen(onEnd: (end: ConnectionEnd) => void): void {
    const { name } = this.#options.server;
    this.#socket.on('open', () => {
      this.#awaitPing(true);
      this.#opened.resolve(undefined);
    });
    this.#socket.on('pong', () => {
      this.#onHeard();
    });
    this.#socket.on('message', (data: WebSocket.RawData) => {
      this.#onHeard();
      if (this.#reader.read(asText(data)) !== 'replaced') return;
      this.#end = { is: 'replaced' };
      this.terminate();
    });
    this.#socket.on('unexpected-response', (request, response) => {
      this.#opened.reject(refusedSocket(this.#options.server, request, response));
    });
    this.#socket.on('error', (error) => {
      this.#end = { is: 'lost', reason: error.message };
      const message = `the event stream of Asterisk "${name}" can't be opened: ${error.message}`;
      this.#opened.reject(new AriError('ARI_UNREACHABLE', message, undefined, error));
    });
    this.#socket.on('close', () => {
      if (this.#standing.is === 'open') this.#standing.cancelPing();
      this.#standing = { is: 'closed' };
      onEnd(this.#end);
      this.#opened.reject(new AriError('ARI_UNREACHABLE', `the event stream of Asterisk "${name}" closed`));
    });
  }

  #onHeard(): void {
    if (this.#standing.is === 'open') this.#standing = { ...this.#standing, heard: true };
  }

  #awaitPing(heard: boolean): void {
    const { clock, pingMs } = this.#options;
    const cancelPing = clock.at(clock.now() + pingMs, () => {
      if (this.#standing.is !== 'open') return;
      if (!this.#standing.heard) {
        this.cut(`nothing was heard for ${pingMs} ms after a ping`);
        return;
      }
      this.#socket.ping();
      this.#awaitPing(false);
    });
    this.#standing = { is: 'open', heard, cancelPing };
  }
}

/** Makes sure that events can be had, by a connection for an app that is gone again at once. Rejects as `EventConnection.open` does. */
export async function checkEvents(server: AriServer, clock: Clock, timeoutMs: Milliseconds): Promise<void> {
  const app = `voice-agent-try-${randomBytes(4).toString('hex')}`;
  const options = { server, app, clock, connectTimeoutMs: timeoutMs, pingMs: timeoutMs };
  const connection = await EventConnection.open(
    options,
    { read: () => undefined },
    new AbortController().signal,
  );
  connection.close();
  await connection.ended;
}

function asText(data: WebSocket.RawData): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8');
  return Array.isArray(data) ? Buffer.concat(data).toString('utf8') : Buffer.from(data).toString('utf8');
}
