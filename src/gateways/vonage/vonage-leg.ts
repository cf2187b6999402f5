import type { WebSocket } from 'ws';
import { monotonicNow, type Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { MediaStatsBlock, STAT } from '../media-stats-block.ts';
import type { PlayoutWheel, WheelMember } from '../playout/playout-wheel.ts';
import type { SessionReport } from '../ring-media-session.ts';
import { EDGE, type EdgeCounterName, type EdgeCounters } from './edge-counters.ts';
import type { EdgeLimits, EdgeReport, EdgeSessionSetup } from './edge-protocol.ts';
import { InboundVoice } from './inbound-voice.ts';
import { endSoon, mediaConnection, pingEveryMs, type MediaConnection } from './media-connection.ts';
import { PacedPlayer } from './paced-player.ts';
import { contentTypeOf, parseVonageMessage, rateOfContentType } from './wire.ts';

export interface VonageLegOptions {
  readonly setup: EdgeSessionSetup;
  readonly wheel: PlayoutWheel;
  readonly counters: EdgeCounters;
  readonly limits: EdgeLimits;
  readonly report: (report: EdgeReport) => void;
  /** Reports a refusal to the log, with a limit on how often for each kind. */
  readonly tell: (kind: string, message: string) => void;
}

/** A client that sends this many more isn't Vonage: the connection is ended. */
const EXCESS_MAX = 1000;
/** A second of audio at 16 kHz that the network doesn't take: nothing more is sent until it does. */
const BUFFERED_MAX_BYTES = 32_000;
/** So much is never the network's delay: it reads nothing. */
const BUFFERED_DEAD_BYTES = 4 * BUFFERED_MAX_BYTES;

/** WebSocket close codes, RFC 6455 §7.4.1. */
const NORMAL = 1000;
const POLICY = 1008;
const UNSUPPORTED = 1003;
/** Close codes of a connection that was ended on purpose: 1005 is a close frame without a code. */
const IN_ORDER = new Set([NORMAL, 1005]);

/** One session as the edge thread carries it: its connection, its two voices, its place on the wheel. */
export class VonageLeg implements WheelMember {
  /** Nothing is played any more: a connection is of no use. */
  lost = false;
  readonly #options: VonageLegOptions;
  readonly #stats: MediaStatsBlock;
  readonly #player: PacedPlayer;
  readonly #inbound: InboundVoice;
  #connection: MediaConnection | undefined;
  #onWheel = false;
  #droppedAt: Milliseconds | undefined;
  #lastEnd = '';
  /** A ticket is out until then. */
  #expectedUntil: Milliseconds = 0;
  #closed = false;

  constructor(options: VonageLegOptions) {
    const { setup } = options;
    this.#options = options;
    this.#stats = new MediaStatsBlock(setup.stats);
    this.#inbound = new InboundVoice(setup.heard, this.#stats);
    const leg = this as { readonly socketReady: boolean };
    this.#player = new PacedPlayer({
      playout: setup.playout,
      sent: setup.sent,
      stats: this.#stats,
      sink: {
        audio: (frame) => {
          this.#send(frame);
        },
        command: (text) => {
          this.#send(text);
        },
        get ready() {
          return leg.socketReady;
        },
      },
      report: (playout) => {
        this.#report({ type: 'playout', report: playout });
      },
    });
    const begun = this.#stats.get('startedAt');
    if (begun === 0) return;
    this.#onWheel = true;
    this.#options.wheel.add(this, begun % FRAME_MS);
    this.#droppedAt = monotonicNow();
    this.#lastEnd = 'its thread died';
  }

  /** A ticket let this connection in. */
  connect(socket: WebSocket): void {
    const connection = mediaConnection(socket, monotonicNow(), this.#options.limits.silentMs);
    this.#expectedUntil = 0;
    // A new ticket was asked for because the old connection is no good any more.
    if (this.#connection) this.#detach(this.#connection, 'another one took its place');
    this.#connection = connection;
    socket.on('message', (data, isBinary) => {
      this.#onMessage(connection, data as Buffer, isBinary);
    });
    socket.on('pong', () => {
      connection.heardAt = monotonicNow();
    });
    // `ws` answers each ping by itself, and ends a connection that doesn't take the answers.
    socket.on('ping', () => {
      connection.heardAt = monotonicNow();
      if (!connection.pings.admit(connection.heardAt)) this.#tooMany(connection, false);
    });
    socket.on('error', (error) => {
      this.#refuse(connection, 'protocolErrors', undefined, `it broke the protocol: ${error.message}`);
    });
    socket.on('close', (code) => {
      if (IN_ORDER.has(code)) this.#detach(connection, 'the far side closed it');
      else this.#drop(connection, `it closed with ${code}`);
    });
    if (this.#onWheel) return;
    this.#onWheel = true;
    this.#stats.cells[STAT.startedAt] = this.#options.wheel.add(this);
  }

  /** Until then a new connection is expected: its URL was given out. */
  expect(until: Milliseconds): void {
    this.#expectedUntil = until;
  }

  tick(deadline: Milliseconds, now: Milliseconds): void {
    const { cells } = this.#stats;
    const frame = Math.round((deadline - (cells[STAT.startedAt] as number)) / FRAME_MS);
    this.#player.tick(frame, deadline, now);
    this.#inbound.tick(frame, now);
    this.#stats.countLateness(now - deadline);
    if (this.#connection) this.#watch(this.#connection, now);
    else if (this.#droppedAt !== undefined && now > Math.max(this.#patience(), this.#expectedUntil)) {
      this.#droppedAt = undefined;
      this.lost = true;
      this.#report({
        type: 'lost',
        reason: `the connection is gone (${this.#lastEnd}), and no other one came`,
      });
    }
  }

  applyFlush(): void {
    this.#player.applyFlush(monotonicNow());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.wheel.remove(this);
    const connection = this.#connection;
    this.#player.close(monotonicNow());
    this.#inbound.close();
    this.#connection = undefined;
    connection?.socket.close(NORMAL);
    if (connection) endSoon(connection.socket);
  }

  /** @internal for the player's sink. */
  get socketReady(): boolean {
    return (this.#connection?.socket.bufferedAmount ?? Infinity) < BUFFERED_MAX_BYTES;
  }

  #send(data: Uint8Array | string): void {
    this.#connection?.socket.send(data, (error) => {
      if (error) this.#stats.add(STAT.sendErrors);
    });
  }

  #onMessage(connection: MediaConnection, data: Buffer, isBinary: boolean): void {
    if (connection !== this.#connection) return;
    const now = monotonicNow();
    connection.heardAt = now;
    const limit = isBinary ? connection.frames : connection.texts;
    if (!limit.admit(now)) {
      this.#tooMany(connection, isBinary);
      return;
    }
    if (!connection.greeted) this.#greet(connection, isBinary ? undefined : data.toString());
    else if (isBinary) this.#inbound.receive(data, now);
    else this.#onText(data.toString(), now);
  }

  /** The first message says what will come. */
  #greet(connection: MediaConnection, text: string | undefined): void {
    const { setup } = this.#options;
    const message = text === undefined ? undefined : parseVonageMessage(text);
    if (message?.type !== 'connected') {
      this.#refuse(connection, 'greetingsWrong', POLICY, 'its first message was not websocket:connected');
    } else if (rateOfContentType(message.contentType) !== setup.rateHz) {
      const wrong = JSON.stringify(message.contentType.slice(0, 80));
      const why = `it sends ${wrong} instead of ${contentTypeOf(setup.rateHz)}`;
      this.#refuse(connection, 'ratesWrong', UNSUPPORTED, why);
    } else if (message.call !== setup.call) {
      this.#refuse(connection, 'greetingsWrong', POLICY, 'it is of another call');
    } else {
      connection.greeted = true;
      this.#droppedAt = undefined;
      this.#player.attach();
      this.#report({ type: 'attached' });
    }
  }

  #onText(text: string, now: Milliseconds): void {
    const { counters } = this.#options;
    const message = parseVonageMessage(text);
    switch (message.type) {
      case 'dtmf':
        this.#report({ type: 'dtmf', digit: message.digit });
        break;
      case 'notify':
        if (!this.#player.notified(message.marker, now)) counters.add(EDGE.messagesUnknown);
        break;
      case 'cleared':
        this.#player.cleared();
        break;
      case 'malformed':
        this.#stats.add(STAT.packetsMalformed);
        counters.add(EDGE.messagesMalformed);
        break;
      default: // `connected` once more says nothing new
        counters.add(EDGE.messagesUnknown);
    }
  }

  #tooMany(connection: MediaConnection, isBinary: boolean): void {
    connection.excess += 1;
    if (connection.excess > EXCESS_MAX) {
      this.#refuse(connection, 'messagesTooMany', POLICY, 'it sent far too many messages');
      return;
    }
    this.#options.counters.add(EDGE.messagesTooMany);
    if (isBinary) this.#stats.add(STAT.framesDropped);
  }

  #watch(connection: MediaConnection, now: Milliseconds): void {
    const { limits } = this.#options;
    if (!connection.greeted && now - connection.since > limits.greetMs) {
      this.#refuse(connection, 'greetingsWrong', POLICY, 'it never said websocket:connected');
    } else if (connection.greeted && now - connection.heardAt > limits.silentMs) {
      this.#drop(connection, `nothing was heard of the far side for ${limits.silentMs} ms`);
    } else if (connection.socket.bufferedAmount > BUFFERED_DEAD_BYTES) {
      this.#drop(connection, `the far side has not read ${connection.socket.bufferedAmount} bytes`);
    } else if (this.#player.waitedMs > limits.stalledMs) {
      this.#drop(connection, `the far side has played nothing for ${limits.stalledMs} ms`);
    } else if (now >= connection.pingAt) {
      connection.pingAt = now + pingEveryMs(limits.silentMs);
      connection.socket.ping();
    }
  }

  /** Until when another connection is waited for though no new URL was given out. */
  #patience(): Milliseconds {
    return (this.#droppedAt ?? 0) + this.#options.limits.reattachMs;
  }

  /** `code` missing: `ws` has closed it itself. */
  #refuse(
    connection: MediaConnection,
    counter: EdgeCounterName,
    code: number | undefined,
    why: string,
  ): void {
    if (connection !== this.#connection) return;
    this.#options.counters.add(EDGE[counter]);
    this.#options.tell(counter, `the media connection of ${this.#options.setup.call} is ended: ${why}`);
    if (code !== undefined) connection.socket.close(code, why.slice(0, 100));
    this.#detach(connection, why);
  }

  #drop(connection: MediaConnection, why: string): void {
    if (connection !== this.#connection) return;
    this.#options.counters.add(EDGE.connectionsDropped);
    this.#options.tell(
      'connectionsDropped',
      `the media connection of ${this.#options.setup.call} dropped: ${why}`,
    );
    this.#detach(connection, why);
  }

  /** Counts nothing: it was wanted, or has been counted for what it was. */
  #detach(connection: MediaConnection, why: string): void {
    if (connection !== this.#connection) return;
    this.#lastEnd = why;
    this.#connection = undefined;
    this.#droppedAt = monotonicNow();
    this.#player.detach();
    endSoon(connection.socket);
  }

  #report(report: SessionReport): void {
    this.#options.report({ ...report, session: this.#options.setup.session });
  }
}
