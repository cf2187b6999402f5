import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Milliseconds } from '../lib/clock.ts';

export interface HttpLimits {
  /** At a time. */
  readonly connections: number;
  /** For a request to be complete, and for an idle connection; twice that for an answer that nobody reads. */
  readonly requestMs: Milliseconds;
}

/** For who is turned away to read why. */
const TURN_AWAY_MS: Milliseconds = 1000;

/** What holds for each server of ours. Returns whether a request may be answered, to be asked of each. */
export function limitHttp(
  server: Server,
  { connections, requestMs }: HttpLimits,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  server.maxConnections = connections;
  server.headersTimeout = requestMs;
  server.requestTimeout = requestMs;
  server.keepAliveTimeout = requestMs;
  server.timeout = 2 * requestMs;
  const answering = new WeakSet<Socket>();
  return ({ socket }, response) => {
    // Who asks again before the answer has left would make us write answers that nobody reads, each of them in memory.
    if (answering.has(socket)) {
      socket.destroy();
      return false;
    }
    answering.add(socket);
    response.once('close', () => answering.delete(socket));
    return true;
  };
}

/** Ends a connection that was to become a WebSocket. Whoever doesn't close their side, too, would keep it for ever. */
export function turnAway(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  setTimeout(() => socket.destroy(), TURN_AWAY_MS).unref();
}
