import type WebSocket from 'ws';
import { onAbort } from '../../lib/abort.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { AriError } from './ari-error.ts';
import type { AriServer } from './ari-http.ts';
import { parseAriMessage, type AriEvent } from './ari-model.ts';
import { backOffMs, RECONNECT_BACK_OFF, type BackOff } from './backoff.ts';
import { openEventSocket } from './event-socket.ts';
import type { TelephonyLog } from '../log.ts';

/**
 * The event stream of one Stasis app, kept alive for ever:
 *
 *     connecting ──open──► open ──closed, silent, error──► waiting ──pause over──► connecting
 *                           │                                 ▲
 *                           └──ApplicationReplaced──► replaced ──name is free again──┘
 *
 * `replaced`: another consumer took the app's name. Taking it back would make the two steal it from
 * each other for ever, and each theft loses calls, so this one stands by until the name is free.
 */
export type StreamState = 'connecting' | 'open' | 'waiting' | 'replaced' | 'closed';

export interface EventStreamOptions {
  readonly server: AriServer;
  readonly app: string;
  readonly clock: Clock;
  readonly log: TelephonyLog;
  /** Every event that something here depends on, in order. What it throws is logged, never passed on. */
  readonly onEvent: (event: AriEvent) => void;
  readonly onState: (state: StreamState) => void;
  /** Asked from time to time while `replaced`: may the name be taken again? */
  readonly isFree: () => Promise<boolean>;
  readonly connectTimeoutMs: Milliseconds;
  /** A ping leaves each time this has passed; when the next is due and nothing came, the line is dead. */
  readonly pingMs: Milliseconds;
  /** Between two looks at a name that another consumer has taken. */
  readonly standByMs: Milliseconds;
  readonly backOff?: BackOff;
  readonly random?: () => number;
}

/** Totals since the start. */
export interface EventStreamStats {
  readonly events: number;
  /** Events of types that nothing here depends on. */
  readonly others: number;
  readonly malformed: number;
  /** Connections that were opened. */
  readonly opened: number;
  readonly state: StreamState;
}

export interface EventStream {
  stats(): EventStreamStats;
  /** Idempotent; resolves when the socket is gone. */
  close(): Promise<void>;
}

/** For the closing handshake; then the socket is cut. */
const CLOSE_MS = 500;

/** Resolves at the first open connection; rejects if that attempt fails. From then on it never gives up. */
export async function openEventStream(options: EventStreamOptions): Promise<EventStream> {
  const { server, app, clock, log, backOff = RECONNECT_BACK_OFF, random = Math.random } = options;
  const closing = new AbortController();
  const totals = { events: 0, others: 0, malformed: 0, opened: 0 };
  let state: StreamState = 'connecting';
  let socket: WebSocket | undefined;

  const enter = (next: StreamState): void => {
    if (state === next || state === 'closed') return;
    state = next;
    options.onState(next);
  };

  const receive = (text: string): 'replaced' | undefined => {
    const message = parseAriMessage(text);
    if (message.kind === 'malformed') {
      totals.malformed += 1;
      log.warn({ server: server.name, total: totals.malformed }, 'an ARI event could not be read');
      return undefined;
    }
    if (message.kind === 'other') {
      totals.others += 1;
      return undefined;
    }
    totals.events += 1;
    if (message.event.type === 'ApplicationReplaced') return 'replaced';
    try {
      options.onEvent(message.event);
    } catch (error) {
      log.error(
        { server: server.name, event: message.event.type, error: messageOf(error), err: error },
        'an event failed',
      );
    }
    return undefined;
  };

  /** One connection from its opening to its end. */
  const connect = async (): Promise<Connection> => {
    const opened = await openSocket(options, receive, closing.signal);
    socket = opened.socket;
    totals.opened += 1;
    return opened;
  };

  const follow = async (first: Connection): Promise<void> => {
    let connection: Connection | undefined = first;
    let attempt = 0;
    for (;;) {
      if (connection) {
        if (closing.signal.aborted) connection.socket.terminate();
        attempt = 0;
        enter('open');
        const end = await connection.ended;
        connection = undefined;
        if (closing.signal.aborted) return;
        log.warn({ server: server.name, app, reason: end.reason }, 'the ARI event stream was lost');
        if (end.replaced) await standBy();
      }
      attempt += 1;
      enter('waiting');
      if (!(await clock.sleep(backOffMs(attempt, random(), backOff), closing.signal))) return;
      enter('connecting');
      try {
        connection = await connect();
        log.info({ server: server.name, app, attempt }, 'the ARI event stream is back');
      } catch (error) {
        log.warn({ server: server.name, app, attempt, error: messageOf(error) }, 'no ARI event stream yet');
      }
    }
  };

  const standBy = async (): Promise<void> => {
    enter('replaced');
    log.error(
      { server: server.name, app, code: 'ARI_APP_TAKEN' },
      'another program took over this Stasis app',
    );
    while (await clock.sleep(options.standByMs, closing.signal)) {
      if (await options.isFree().catch(() => false)) return;
    }
  };

  const following = follow(await connect());

  return {
    stats: () => ({ ...totals, state }),
    async close() {
      closing.abort();
      enter('closed');
      socket?.close(1000);
      const cut = clock.at(clock.now() + CLOSE_MS, () => socket?.terminate());
      await following;
      cut();
    },
  };
}

interface Connection {
  readonly socket: WebSocket;
  /** Resolves once, when no more events can come. */
  readonly ended: Promise<{ readonly reason: string; readonly replaced: boolean }>;
}

function openSocket(
  { server, app, clock, connectTimeoutMs, pingMs }: EventStreamOptions,
  receive: (text: string) => 'replaced' | undefined,
  signal: AbortSignal,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = openEventSocket(server, app, connectTimeoutMs);
    let reason = 'closed by Asterisk';
    let replaced = false;
    let heard = true;
    let cancelPing = (): void => undefined;

    const watch = (): void => {
      cancelPing = clock.at(clock.now() + pingMs, () => {
        if (!heard) {
          reason = `nothing was heard for ${pingMs} ms after a ping`;
          socket.terminate();
          return;
        }
        heard = false;
        socket.ping();
        watch();
      });
    };

    const withdraw = onAbort(signal, () => {
      socket.terminate();
    });

    socket.on('open', () => {
      withdraw();
      watch();
      resolve({ socket, ended });
    });
    socket.on('pong', () => {
      heard = true;
    });
    socket.on('message', (data: WebSocket.RawData) => {
      heard = true;
      if (receive(asText(data)) === 'replaced') {
        replaced = true;
        reason = 'another consumer registered the app';
        socket.terminate();
      }
    });
    socket.on('unexpected-response', (request, response) => {
      const status = response.statusCode ?? 0;
      const message = `Asterisk "${server.name}" answered the event stream's request with ${status}`;
      reject(new AriError(status === 401 ? 'ARI_UNAUTHORIZED' : 'ARI_REQUEST_FAILED', message, status));
      response.resume();
      request.destroy();
    });
    socket.on('error', (error) => {
      reason = error.message;
      const message = `the event stream of Asterisk "${server.name}" can't be opened: ${error.message}`;
      reject(new AriError('ARI_UNREACHABLE', message, undefined, error));
    });
    const ended = new Promise<{ reason: string; replaced: boolean }>((end) => {
      socket.on('close', () => {
        withdraw();
        cancelPing();
        end({ reason, replaced });
        reject(new AriError('ARI_UNREACHABLE', `the event stream of Asterisk "${server.name}" closed`));
      });
    });
  });
}

function asText(data: WebSocket.RawData): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8');
  return Array.isArray(data) ? Buffer.concat(data).toString('utf8') : Buffer.from(data).toString('utf8');
}
