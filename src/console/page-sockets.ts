import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { limitSocket } from './socket-limits.ts';

const MESSAGE_BYTES = 64 * 1024;
/** The session is over: the page asks to sign in again. A number for applications (RFC 6455, §7.4.2). */
const SIGNED_OUT = 4401;
const CLOSING_MS: Milliseconds = 1000;

export interface OpenSession {
  readonly id: string;
  /** Until it ends by itself. */
  readonly leftMs: Milliseconds;
}

/** The WebSockets of pages that are open. None outlives the session in which it was opened. */
export class PageSockets {
  readonly #clock: Clock;
  readonly #bySession = new Map<string, Set<WebSocket>>();
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('sip') ? 'sip' : false),
  });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `session`: in which it is opened; undefined: a proxy vouches for whoever does. */
  take(
    session: OpenSession | undefined,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    use: (page: WebSocket) => void,
  ): void {
    this.#server.handleUpgrade(request, socket, head, (page) => {
      limitSocket(page, this.#clock);
      if (session) this.#bind(page, session);
      use(page);
    });
  }

  /** A session is over. */
  end(session: string): void {
    for (const page of this.#bySession.get(session) ?? []) this.#signOut(page);
  }

  close(): void {
    for (const page of this.#server.clients) page.terminate();
  }

  #bind(page: WebSocket, { id, leftMs }: OpenSession): void {
    const pages = this.#bySession.get(id) ?? new Set();
    this.#bySession.set(id, pages.add(page));
    const cancel = this.#clock.at(this.#clock.now() + leftMs, () => {
      this.#signOut(page);
    });
    page.on('close', () => {
      cancel();
      pages.delete(page);
      if (pages.size === 0) this.#bySession.delete(id);
    });
  }

  /** Whoever doesn't close their end is cut off. */
  #signOut(page: WebSocket): void {
    page.close(SIGNED_OUT);
    const cancel = this.#clock.at(this.#clock.now() + CLOSING_MS, () => {
      page.terminate();
    });
    page.on('close', cancel);
  }
}
