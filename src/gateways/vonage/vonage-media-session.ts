import { randomBytes } from 'node:crypto';
import type { WebSocketEndpoint } from '../../dialog/contract/call-media.ts';
import { monotonicNow, type Milliseconds } from '../../lib/clock.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import { createSessionMemory, RingMediaSession, type SessionReport } from '../ring-media-session.ts';
import type { EdgeSessionSetup, EdgeTicket } from './edge-protocol.ts';
import type { EdgeSession, EdgeThread } from './edge-thread.ts';
import type { VonageRateHz } from './wire.ts';

export interface VonageMediaSessionOptions {
  readonly id: string;
  /** Number of the session within its gateway. */
  readonly session: number;
  readonly thread: EdgeThread;
  readonly rateHz: VonageRateHz;
  /** Where tickets are appended: `wss://…/media/`. */
  readonly mediaUrl: string;
  /** How long a ticket is good. */
  readonly ticketMs: Milliseconds;
  /** Its connection went with its thread; there is another one. */
  readonly onDropped: () => void;
  readonly onClosed: () => void;
}

/** 256 bits: not to be guessed. */
const TICKET_BYTES = 32;

/**
 * One call's media over Vonage's WebSocket, seen from the main thread. `endpoint` names a URL that lets
 * one connection in, once; when that connection drops, its `renew` gives another one, and the session is
 * `lost` if no connection with it comes in time.
 */
export class VonageMediaSession extends RingMediaSession<WebSocketEndpoint> implements EdgeSession {
  readonly setup: EdgeSessionSetup;
  readonly #options: VonageMediaSessionOptions;
  #url: string;
  #ticket: EdgeTicket | undefined;
  #lost = false;

  constructor(options: VonageMediaSessionOptions) {
    const { id, rateHz, session, thread, onClosed } = options;
    const format = { encoding: 'pcm_s16', rateHz } as const;
    const memory = createSessionMemory(format);
    super({ id, format, memory, accuracy: 'reported', onClosed });
    this.#options = options;
    this.setup = { ...memory, session, call: id, rateHz };
    thread.open(this);
    this.#url = this.#newUrl(options.ticketMs);
  }

  override get endpoint(): WebSocketEndpoint {
    return {
      transport: 'websocket',
      url: this.#url,
      renew: (withinMs = this.#options.ticketMs) => {
        if (this.#lost) return undefined;
        this.#url = this.#newUrl(withinMs);
        return this.#url;
      },
    };
  }

  get ticket(): EdgeTicket | undefined {
    return this.#ticket;
  }

  readonly onResumed = FailureDomain.bind(() => {
    this.reconcile();
    if (!this.#lost && this.stats().startedAt !== undefined) this.#options.onDropped();
  });

  protected override reported(report: SessionReport): void {
    if (report.type === 'attached') this.#ticket = undefined; // used: it lets nobody else in
    super.reported(report);
  }

  protected override lost(reason: string): void {
    if (this.#lost) return;
    this.#lost = true;
    super.lost(reason);
  }

  protected override tellOfFlush(): void {
    this.#options.thread.post({ type: 'flush', session: this.#options.session });
  }

  protected override release(): Promise<void> {
    return this.#options.thread.closeSession(this.#options.session);
  }

  #newUrl(withinMs: Milliseconds): string {
    const { thread, session, mediaUrl } = this.#options;
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    this.#ticket = { ticket, until: monotonicNow() + withinMs };
    thread.post({ type: 'ticket', session, ...this.#ticket });
    return mediaUrl + ticket;
  }
}
