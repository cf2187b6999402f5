/**
 * What the main thread and the edge thread say to each other. The edge thread has the listener: webhooks
 * pass through it to the main thread and back, media stays in it. Audio and counters are shared memory.
 */
import type { HttpRequest, HttpResponse } from '../../lib/http-exchange.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import type { SessionMemory, SessionReport } from '../ring-media-session.ts';
import type { CountersHandle } from '../shared-counters.ts';
import type { VonageRateHz } from './wire.ts';

/** How an edge thread is started. */
export interface EdgeThreadOptions {
  readonly address: string;
  readonly port: number;
  /** The socket of a thread that died, which listens already. */
  readonly listening: number | undefined;
  /** What comes before our own paths, if anything: `/voice`. */
  readonly basePath: string;
  /** Paths below `basePath` that the main thread answers. */
  readonly paths: readonly string[];
  readonly counters: CountersHandle;
  readonly limits: EdgeLimits;
}

/** Defaults in edge-thread.ts. */
export interface EdgeLimits {
  /** Connections of any kind at a time. */
  readonly maxConnections: number;
  /** Bytes of a webhook's body. */
  readonly maxBodyBytes: number;
  /** Webhooks under way at a time. */
  readonly maxRequests: number;
  /** Webhooks of one address: Vonage's, or a proxy's. */
  readonly requestsPerMinute: number;
  /** For the main thread to answer a webhook. */
  readonly answerMs: Milliseconds;
  /** From the connection to `websocket:connected`. */
  readonly greetMs: Milliseconds;
  /** Without a word of the far side a connection counts as dead: it sends 50 messages a second, and answers our pings. */
  readonly silentMs: Milliseconds;
  /** One that is alive, and has something to play, but says for so long that it doesn't, is of no use either. */
  readonly stalledMs: Milliseconds;
  /** For another connection after one dropped; then the media is lost. */
  readonly reattachMs: Milliseconds;
}

/** A session as the edge thread must know it. */
export interface EdgeSessionSetup extends SessionMemory {
  readonly session: number;
  /** Unique name of the call. */
  readonly call: string;
  readonly rateHz: VonageRateHz;
}

/** Lets one connection in, until then. */
export interface EdgeTicket {
  readonly ticket: string;
  readonly until: Milliseconds;
}

export type EdgeCommand =
  /** One that has begun is without its connection, which went with an earlier thread. */
  | { readonly type: 'open'; readonly setup: EdgeSessionSetup }
  | (EdgeTicket & { readonly type: 'ticket'; readonly session: number })
  /** The flush line has been raised: don't wait for the next tick. */
  | { readonly type: 'flush'; readonly session: number }
  /** Asked, and answered when its connection is being closed and its rings are. */
  | { readonly type: 'close'; readonly session: number }
  | { readonly type: 'answer'; readonly request: number; readonly response: HttpResponse };

/** What a thread that listens says of itself. */
export interface EdgeAbout {
  readonly port: number;
  /** Its listening socket's descriptor; −1: unknown. */
  readonly listening: number;
}

export type EdgeReport =
  | (SessionReport & { readonly session: number })
  | { readonly type: 'request'; readonly request: number; readonly content: HttpRequest }
  /** A request or connection was refused, or broke off; reported once a second at most for each kind. */
  | { readonly type: 'refused'; readonly message: string };
