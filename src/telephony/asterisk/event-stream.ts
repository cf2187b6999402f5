import type WebSocket from 'ws';
import { onAbort } from '../../lib/abort.ts';
import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { Throttle } from '../../lib/throttle.ts';
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
  /** Gives this connection up for another one. */
  renew(reason: string): void;
  /** Idempotent; resolves when the socket is gone. */
  close(): Promise<void>;
}

const BACK = 'the ARI event stream is back';
/** The log knows that it is lost again and again. */
const QUIET = 'lost again';

/** Between two lines about the same trouble. */
const TELL_MS = 60_000;

/** For the closing handshake; then the socket is cut. */
const CLOSE_MS = 500;

/** Resolves at the first open connection; rejects if that attempt fails. From then on it never gives up. */
export async function openEventStream(options: EventStreamOptions): Promise<EventStream> {
  const { server, app, clock, log, backOff = RECONNECT_BACK_OFF, random = Math.random } = options;
  const closing = new AbortController();
  const totals = { events: 0, others: 0, malformed: 0, opened: 0 };
  const unreadable = new Throttle(clock, TELL_MS);
  const losses = new Throttle(clock, TELL_MS);
  let state: StreamState = 'connecting';
  let current: Connection | undefined;

  const enter = (next: StreamState): void => {
    if (state === next || state === 'closed') return;
    state = next;
    options.onState(next);
  };

  const receive = (text: string): 'replaced' | undefined => {
    const message = parseAriMessage(text);
    if (message.kind === 'malformed') {
      totals.malformed += 1;
      const times = unreadable.due();
      if (times !== undefined)
        log.warn({ server: server.name, times, total: totals.malformed }, 'ARI events could not be read');
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
    current = opened;
    totals.opened += 1;
    return opened;
  };

  const follow = async (first: Connection): Promise<void> => {
    let connection: Connection | undefined = first;
    let attempt = 0;
    /** What the log has said since it was well. */
    let told = '';
    for (;;) {
      if (connection) {
        if (closing.signal.aborted) connection.socket.terminate();
        attempt = 0;
        enter('open');
        const end = await connection.ended;
        connection = undefined;
        if (closing.signal.aborted) return;
        const times = losses.due();
        const level = times === undefined ? 'debug' : 'warn';
        log[level]({ server: server.name, app, reason: end.reason, times }, 'the ARI event stream was lost');
        told = times === undefined ? QUIET : '';
        if (end.replaced) await standBy();
      }
      attempt += 1;
      enter('waiting');
      if (!(await clock.sleep(backOffMs(attempt, random(), backOff), closing.signal))) return;
      enter('connecting');
      try {
        connection = await connect();
        log[told === QUIET ? 'debug' : 'info']({ server: server.name, app, attempt }, BACK);
      } catch (error) {
        const trouble = messageOf(error);
        const level = trouble === told ? 'debug' : 'warn';
        log[level]({ server: server.name, app, attempt, error: trouble }, 'no ARI event stream yet');
        told = trouble;
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
    renew(reason) {
      current?.cut(reason);
    },
    async close() {
      closing.abort();
      enter('closed');
      current?.socket.close(1000);
      const cut = clock.at(clock.now() + CLOSE_MS, () => current?.socket.terminate());
      await following;
      cut();
    },
  };
}

interface Connection {
  readonly socket: WebSocket;
  /** Ends it at once, for that reason. */
  readonly cut: (reason: string) => void;
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

    const cut = (why: string): void => {
      reason = why;
      socket.terminate();
    };

    const watch = (): void => {
      cancelPing = clock.at(clock.now() + pingMs, () => {
        if (!heard) {
          cut(`nothing was heard for ${pingMs} ms after a ping`);
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
      resolve({ socket, cut, ended });
    });
    socket.on('pong', () => {
      heard = true;
    });
    socket.on('message', (data: WebSocket.RawData) => {
      heard = true;
      if (receive(asText(data)) === 'replaced') {
        replaced = true;
        cut('another consumer registered the app');
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
