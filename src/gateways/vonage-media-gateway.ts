import type { MediaGateway } from '../dialog/contract/ports.ts';
import type { MediaRequest, WebSocketEndpoint } from '../dialog/contract/call-media.ts';
import { authorityOf } from '../lib/authority.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { VoiceAgentError } from '../lib/errors.ts';
import type { HttpHandler } from '../lib/http-exchange.ts';
import type { Supervision } from '../threads/supervised-thread.ts';
import type { EdgeCounts } from './vonage/edge-counters.ts';
import type { EdgeLimits } from './vonage/edge-protocol.ts';
import { EdgeThread } from './vonage/edge-thread.ts';
import { VonageMediaSession } from './vonage/vonage-media-session.ts';
import type { VonageRateHz } from './vonage/wire.ts';

export interface VonageGatewayOptions {
  /** Address to listen on, for webhooks and media; nothing beyond this machine unless told to. Default 127.0.0.1. */
  readonly listenAddress?: string;
  /** 0 (default): any. */
  readonly port?: number;
  /**
   * How Vonage reaches the listener: an `https:` address of the proxy or tunnel in front of it, with its
   * path if it has one. Default: the listener itself, without TLS (tests).
   */
  readonly publicUrl?: string;
  /** What goes over the wire in both directions. Default 16,000. */
  readonly rateHz?: VonageRateHz;
  /** How long the URL of a session lets its connection in. Default 30 s. */
  readonly ticketMs?: Milliseconds;
  /** Answers the requests to `paths` (below the path of `publicUrl`); what is not there is answered with 404. */
  readonly onRequest?: HttpHandler;
  readonly paths?: readonly string[];
  readonly limits?: Partial<EdgeLimits>;
  /**
   * The connection of the session with this `id` went with its thread, and the far side may have found nobody whom it could tell:
   * let it connect once more (`renew`).
   */
  readonly onDropped?: (id: string) => void;
  /** Of its thread, where that shall differ from the usual. */
  readonly supervision?: Supervision | undefined;
  /** What an operator should know and no call can be told. Default: a warning of the process. */
  readonly onWarning?: (message: string) => void;
}

const TICKET_MS = 30_000;

/**
 * Media by WebSockets that Vonage opens to us, and the listener of its webhooks, both on one port: an edge
 * thread of its own carries them. A session's endpoint is a URL that an NCCO can name.
 */
export class VonageMediaGateway implements MediaGateway<WebSocketEndpoint> {
  readonly kind = 'vonage';
  readonly rateHz: VonageRateHz;
  /** How Vonage reaches us; without a slash at its end. */
  readonly publicUrl: string;
  readonly #options: VonageGatewayOptions;
  readonly #thread: EdgeThread;
  readonly #sessions = new Set<VonageMediaSession>();
  #lastSession = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: VonageGatewayOptions, thread: EdgeThread, publicUrl: string) {
    this.#options = options;
    this.#thread = thread;
    this.publicUrl = publicUrl;
    this.rateHz = options.rateHz ?? 16000;
  }

  /** Resolves when it listens. Throws MEDIA_PORT_UNAVAILABLE or MEDIA_WORKER_DIED. */
  static async start(options: VonageGatewayOptions = {}): Promise<VonageMediaGateway> {
    const address = options.listenAddress ?? '127.0.0.1';
    const onWarning = options.onWarning ?? process.emitWarning.bind(process);
    const configured = options.publicUrl?.replace(/\/+$/, '');
    const thread = await EdgeThread.start({
      address,
      port: options.port ?? 0,
      basePath: configured === undefined ? '' : new URL(configured).pathname.replace(/\/+$/, ''),
      paths: options.paths ?? [],
      limits: options.limits ?? {},
      onRequest: options.onRequest,
      supervision: options.supervision,
      onWarning,
    });
    return new VonageMediaGateway(
      options,
      thread,
      configured ?? `http://${authorityOf(address, thread.port)}`,
    );
  }

  /** The port that is listened on. */
  get port(): number {
    return this.#thread.port;
  }

  /** What was refused and ignored since the start. */
  get counts(): EdgeCounts {
    return this.#thread.counts;
  }

  /** Why it can't take calls now; undefined: it can. */
  get trouble(): string | undefined {
    return this.#closing ? 'the Vonage gateway is closed' : this.#thread.trouble;
  }

  /** Times that its thread died and was started again. */
  get restarts(): number {
    return this.#thread.restarts;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  async reserve(request: MediaRequest): Promise<VonageMediaSession> {
    if (this.#closing) throw new VoiceAgentError('MEDIA_WORKER_DIED', 'the Vonage gateway is closed');
    await this.#thread.revive();
    this.#lastSession += 1;
    const session = new VonageMediaSession({
      id: request.id,
      session: this.#lastSession,
      thread: this.#thread,
      rateHz: this.rateHz,
      mediaUrl: `${this.publicUrl.replace(/^http/, 'ws')}/media/`,
      ticketMs: this.#options.ticketMs ?? TICKET_MS,
      onDropped: () => this.#options.onDropped?.(request.id),
      onClosed: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  close(): Promise<void> {
    this.#closing ??= (async (): Promise<void> => {
      await Promise.all([...this.#sessions].map((session) => session.close()));
      await this.#thread.close();
    })();
    return this.#closing;
  }
}
