import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

export interface ListeningServer {
  readonly port: number;
  /** `http://127.0.0.1:port` (or its other address), or https with an identity. */
  readonly url: string;
  /** Connections that are open now. */
  readonly connections: number;
  /** Connections that there ever were. */
  readonly accepted: number;
  /** HTTP requests that were answered to the end. */
  readonly answered: number;
  /** Refuses connections and cuts those that there are, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Refuses connections until `up`; those that there are stay. */
  stopListening(): Promise<void>;
  cutAll(): void;
  close(): Promise<void>;
}

/** An HTTP server, on loopback if no `address` is given, that a test can take down, and that closes with all its connections. */
export async function listen(handlers: {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly tls?: TlsIdentity | undefined;
  readonly address?: string | undefined;
}): Promise<ListeningServer> {
  const { onUpgrade, tls, address = '127.0.0.1' } = handlers;
  const sockets = new Set<Duplex>();
  let accepted = 0;
  let answered = 0;
  let port = 0;
  let server: Server | undefined;

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    response.on('finish', () => {
      answered += 1;
    });
    handlers.onRequest(request, response);
  };
  const start = async (): Promise<void> => {
    const started: Server = tls ? createTlsServer({ ...tls }, onRequest) : createServer(onRequest);
    // Longer than any test: who keeps connections alive is the client's business.
    started.keepAliveTimeout = 600_000;
    if (onUpgrade) started.on('upgrade', onUpgrade);
    started.on(tls ? 'secureConnection' : 'connection', (socket: Duplex) => {
      accepted += 1;
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    });
    started.on('clientError', (_error: Error, socket: Duplex) => socket.destroy());
    started.listen(port, address);
    await once(started, 'listening');
    port = (started.address() as AddressInfo).port;
    server = started;
  };
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  let closed: Promise<unknown> = Promise.resolve();
  const stopListening = (): Promise<void> => {
    const stopping = server;
    server = undefined;
    if (stopping) {
      closed = once(stopping, 'close');
      stopping.close();
    }
    return Promise.resolve();
  };
  const down = async (): Promise<void> => {
    await stopListening();
    cutAll();
    await closed;
  };
  await start();
  return {
    get port() {
      return port;
    },
    get url() {
      return `${tls ? 'https' : 'http'}://${address}:${port}`;
    },
    get connections() {
      return sockets.size;
    },
    get accepted() {
      return accepted;
    },
    get answered() {
      return answered;
    },
    down,
    stopListening,
    async up() {
      if (!server) await start();
    },
    cutAll,
    close: down,
  };
}

/** The whole body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A server with more to it; what is a getter stays one. */
export function extended<T extends object>(server: ListeningServer, more: T): ListeningServer & T {
  return Object.create(server, Object.getOwnPropertyDescriptors(more)) as ListeningServer & T;
}
