import type { Clock, Milliseconds } from './clock.ts';

export interface HttpLimits {
  /** At a time. */
  readonly connections: number;
  /** For a request to be complete, and for an idle connection; twice that for an answer that nobody reads. */
  readonly requestMs: Milliseconds;
  /** Of one address; beyond, the answer is 429. Default: without limit. */
  readonly requestsPerMinute?: number;
  readonly clock: Pick<Clock, 'now'>;
}

/** What these limits need of Node's server, request, response and socket. */
interface Limited {
  maxConnections: number;
  headersTimeout: Milliseconds;
  requestTimeout: Milliseconds;
  keepAliveTimeout: Milliseconds;
  timeout: Milliseconds;
}
interface Request {
  readonly socket: { readonly remoteAddress?: string | undefined; destroy(): unknown };
}
interface Response {
  once(event: 'close', action: () => void): unknown;
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  end(): unknown;
}
interface Connection {
  end(text: string): unknown;
  destroy(): unknown;
}

const MINUTE: Milliseconds = 60_000;
/** For who is turned away to read why. */
const TURN_AWAY_MS: Milliseconds = 1000;

/** What holds for each server of ours. Returns whether a request may be answered, to be asked of each; if not, it has been. */
export function limitHttp(
  server: Limited,
  { connections, requestMs, requestsPerMinute = Infinity, clock }: HttpLimits,
): (request: Request, response: Response) => boolean {
  server.maxConnections = connections;
  server.headersTimeout = requestMs;
  server.requestTimeout = requestMs;
  server.keepAliveTimeout = requestMs;
  server.timeout = 2 * requestMs;
  const answering = new WeakSet<Request['socket']>();
  const asked = new Map<string, number>();
  let since = clock.now();
  const isTooOften = (address: string): boolean => {
    if (clock.now() - since > MINUTE) {
      since = clock.now();
      asked.clear();
    }
    const times = (asked.get(address) ?? 0) + 1;
    asked.set(address, times);
    return times > requestsPerMinute;
  };
  return ({ socket }, response) => {
    // Who asks again before the answer has left would make us write answers that nobody reads, each of them in memory.
    if (answering.has(socket)) {
      socket.destroy();
      return false;
    }
    answering.add(socket);
    response.once('close', () => answering.delete(socket));
    if (!isTooOften(socket.remoteAddress ?? '')) return true;
    const waitS = Math.ceil((since + MINUTE - clock.now()) / 1000);
    response.writeHead(429, { 'retry-after': String(waitS), 'content-length': '0', connection: 'close' });
    response.end();
    return false;
  };
}

/** Ends a connection that is good for no answer of `node:http`. Whoever doesn't close their side, too, would keep it for ever. */
export function turnAway(socket: Connection, status: string, clock: Pick<Clock, 'now' | 'at'>): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  clock.at(clock.now() + TURN_AWAY_MS, () => socket.destroy());
}
