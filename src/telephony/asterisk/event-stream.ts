import type { Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { Throttle } from '../../lib/throttle.ts';
import { backOffMs, RECONNECT_BACK_OFF, type BackOff } from './backoff.ts';
import { EventConnection, type EventConnectionOptions } from './event-connection.ts';
import { EventReader, type EventReaderOptions, type EventTotals } from './event-reader.ts';

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
export type StreamState = Standing['is'];

type Standing =
  | { readonly is: 'connecting' }
  | { readonly is: 'open'; readonly connection: EventConnection }
  | { readonly is: 'waiting' }
  | { readonly is: 'replaced' }
  | { readonly is: 'closed' };

export interface EventStreamOptions extends EventConnectionOptions, EventReaderOptions {
  readonly onState: (state: StreamState) => void;
  /** Asked from time to time while `replaced`: may the name be taken again? */
  readonly isFree: () => Promise<boolean>;
  /** Between two looks at a name that another consumer has taken. */
  readonly standByMs: Milliseconds;
  readonly backOff?: BackOff;
  readonly random?: () => number;
}

/** Totals since the start. */
export interface EventStreamStats extends EventTotals {
  /** Connections that were opened. */
  readonly opened: number;
  readonly state: StreamState;
}

/** Between two lines about the same trouble. */
const TELL_MS = 60_000;

/** For the closing handshake; then the socket is cut. */
const CLOSE_MS = 500;

/** What the log has said since the stream was lost, so that it says nothing again and again. */
type Told = { readonly is: 'loss' | 'nothing' } | { readonly is: 'trouble'; readonly message: string };

export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #reader: EventReader;
  readonly #closing: AbortController;
  readonly #losses: Throttle;
  readonly #over: Promise<void>;
  #opened = 1;
  #standing: Standing;

  private constructor(
    options: EventStreamOptions,
    reader: EventReader,
    closing: AbortController,
    connection: EventConnection,
  ) {
    this.#options = options;
    this.#reader = reader;
    this.#closing = closing;
    this.#losses = new Throttle(options.clock, TELL_MS);
    this.#standing = { is: 'connecting' };
    this.#over = this.#follow(connection);
  }

  /** Resolves at the first open connection; rejects if that attempt fails. From then on it never gives up. */
  static async open(options: EventStreamOptions): Promise<EventStream> {
    const reader = new EventReader(options);
    const closing = new AbortController();
    const connection = await EventConnection.open(options, reader, closing.signal);
    return new EventStream(options, reader, closing, connection);
  }

  stats(): EventStreamStats {
    return { ...this.#reader.totals, opened: this.#opened, state: this.#standing.is };
  }

  /** Gives this connection up for another one. */
  renew(reason: string): void {
    if (this.#standing.is === 'open') this.#standing.connection.cut(reason);
  }

  /** Idempotent; resolves when the socket is gone. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    const standing = this.#standing;
    this.#closing.abort();
    this.#enter({ is: 'closed' });
    let withdraw = (): void => undefined;
    if (standing.is === 'open') {
      const { connection } = standing;
      connection.close();
      withdraw = clock.at(clock.now() + CLOSE_MS, () => {
        connection.terminate();
      });
    }
    await this.#over;
    withdraw();
  }

  #enter(next: Standing): void {
    const before = this.#standing.is;
    if (before === 'closed') return;
    this.#standing = next;
    if (next.is !== before) this.#options.onState(next.is);
  }

  /** One connection after another, until it is closed. */
  async #follow(first: EventConnection): Promise<void> {
    let connection: EventConnection | undefined = first;
    while (connection) {
      if (this.#closing.signal.aborted) connection.terminate();
      this.#enter({ is: 'open', connection });
      const end = await connection.ended;
      if (this.#closing.signal.aborted) return;
      const reason = end.is === 'replaced' ? 'another consumer registered the app' : end.reason;
      const told = this.#tellLoss(reason);
      if (end.is === 'replaced') await this.#standBy();
      connection = await this.#reconnect(told);
    }
  }

  #tellLoss(reason: string): Told {
    const { server, app, log } = this.#options;
    const times = this.#losses.due();
    const level = times === undefined ? 'debug' : 'warn';
    log[level]({ server: server.name, app, reason, times }, 'the ARI event stream was lost');
    return { is: times === undefined ? 'nothing' : 'loss' };
  }

  /** Undefined: it was closed meanwhile. */
  async #reconnect(before: Told): Promise<EventConnection | undefined> {
    const { server, app, clock, log, backOff = RECONNECT_BACK_OFF, random = Math.random } = this.#options;
    const { signal } = this.#closing;
    let told = before;
    for (let attempt = 1; ; attempt++) {
      this.#enter({ is: 'waiting' });
      if (!(await clock.sleep(backOffMs(attempt, random(), backOff), signal))) return undefined;
      this.#enter({ is: 'connecting' });
      const about = { server: server.name, app, attempt };
      try {
        const connection = await EventConnection.open(this.#options, this.#reader, signal);
        this.#opened += 1;
        log[told.is === 'nothing' ? 'debug' : 'info'](about, 'the ARI event stream is back');
        return connection;
      } catch (error) {
        const message = messageOf(error);
        const isKnown = told.is === 'trouble' && told.message === message;
        log[isKnown ? 'debug' : 'warn']({ ...about, error: message }, 'no ARI event stream yet');
        told = { is: 'trouble', message };
      }
    }
  }

  /** Until the name may be taken again. */
  async #standBy(): Promise<void> {
    const { server, app, clock, log, standByMs, isFree } = this.#options;
    this.#enter({ is: 'replaced' });
    const about = { server: server.name, app, code: 'ARI_APP_TAKEN' };
    log.error(about, 'another program took over this Stasis app');
    while (await clock.sleep(standByMs, this.#closing.signal)) {
      if (await isFree().catch(() => false)) return;
    }
  }
}
