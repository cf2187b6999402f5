import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authorityOf } from '../lib/authority.ts';
import { systemClock, type Milliseconds } from '../lib/clock.ts';
import { limitHttp } from '../lib/http-limits.ts';
import { http } from '../lib/node-http.ts';
import { PORTS, portUnavailable } from '../lib/port-trouble.ts';

/** One page of the server, made anew for each request. */
export interface Page {
  /** Default 200. */
  readonly status?: number;
  readonly contentType: string;
  readonly body: string;
}

export interface HealthServerOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** By path, such as `/healthz`. What a page throws goes to `onTrouble`, not into the response. */
  readonly pages: Readonly<Record<string, () => Page | Promise<Page>>>;
  readonly onTrouble: (message: string, error: unknown) => void;
  /** A request must be complete within this time (default 5 s), and an idle connection closes after it. */
  readonly requestMs?: Milliseconds;
  /** Of one address (default 1800). */
  readonly requestsPerMinute?: number;
}

export interface HealthServer {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  /** Idempotent; resolves when the port is free. */
  close(): Promise<void>;
}

const REQUEST_MS: Milliseconds = 5000;
/** Probes and scrapers need only a few; more connections are likely an attack or a bug. */
const MAX_CONNECTIONS = 64;
/** A page of metrics costs the main thread milliseconds. */
const REQUESTS_PER_MINUTE = 1800;

/** Serves some pages over plain HTTP, to read only. Throws MONITORING_PORT_UNAVAILABLE. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { address, port, requestMs = REQUEST_MS, requestsPerMinute = REQUESTS_PER_MINUTE } = options;
  const server = http.createServer(
    { connectionsCheckingInterval: requestMs / 4, maxHeaderSize: 8192 },
    (request, response) => {
      if (mayAnswer(request, response)) void answer(request, response, options);
    },
  );
  const mayAnswer = limitHttp(server, {
    ...{ connections: MAX_CONNECTIONS, requestMs, requestsPerMinute, clock: systemClock },
  });
  await listen(server, address, port);
  const { port: bound } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${authorityOf(address, bound)}`,
    close: () =>
      (closing ??= new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      })),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { pages, onTrouble }: HealthServerOptions,
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?');
  const page = pages[path];
  const send = ({ status = 200, contentType, body }: Page, headers: Record<string, string> = {}): void => {
    response.writeHead(status, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (!page) {
    send(plain(404, 'not found'));
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    // What may come behind such a request is not read.
    send(plain(405, 'only GET and HEAD'), { allow: 'GET, HEAD', connection: 'close' });
  } else {
    try {
      send(await page());
    } catch (error) {
      onTrouble(`${path} could not be answered`, error);
      send(plain(500, 'this could not be answered; the log says why'));
    }
  }
}

function plain(status: number, text: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(portUnavailable(PORTS.monitoring, address, port, error));
    });
    server.listen({ host: address, port, exclusive: true }, () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined); // of accepting; the next connection may do better
      resolve();
    });
  });
}
