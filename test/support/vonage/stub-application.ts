/** The smallest application that Vonage could call: for tests of the emulator itself. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { listen } from '../provider-servers/listening-server.ts';
import type { ApplicationUrls } from './call.ts';

export interface StubRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface StubReply {
  readonly status?: number;
  readonly contentType?: string;
  readonly body?: unknown;
}

export interface StubApplication {
  readonly url: string;
  readonly urls: ApplicationUrls;
  readonly requests: readonly StubRequest[];
  /** Text messages of the sockets, and the lengths of the binary ones, in order. */
  readonly texts: readonly string[];
  readonly lengths: readonly number[];
  readonly sockets: readonly WebSocket[];
  readonly handshakes: readonly IncomingMessage[];
  close(): Promise<void>;
}

/** `reply` answers webhooks; `accept` may refuse a WebSocket. */
export async function startStubApplication(
  reply: (request: StubRequest, url: string) => StubReply,
  accept: (request: IncomingMessage) => boolean = () => true,
): Promise<StubApplication> {
  const requests: StubRequest[] = [];
  const texts: string[] = [];
  const lengths: number[] = [];
  const sockets: WebSocket[] = [];
  const handshakes: IncomingMessage[] = [];
  const upgrades = new WebSocketServer({ noServer: true });

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
    const target = new URL(incoming.url ?? '/', server.url);
    const request: StubRequest = {
      method: incoming.method ?? '',
      path: target.pathname,
      query: Object.fromEntries(target.searchParams),
      authorization: incoming.headers.authorization,
      body: Buffer.concat(pieces).toString('utf8'),
    };
    requests.push(request);
    const { status = 200, contentType = 'application/json', body } = reply(request, server.url);
    response.writeHead(status, { 'Content-Type': contentType });
    response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
  };

  const server = await listen({
    onRequest: (request, response) => void serve(request, response),
    onUpgrade: (request, socket, head) => {
      handshakes.push(request);
      if (!accept(request)) {
        socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
        return;
      }
      upgrades.handleUpgrade(request, socket, head, (websocket) => {
        sockets.push(websocket);
        websocket.on('error', () => undefined);
        websocket.on('message', (data: Buffer, isBinary) => {
          if (isBinary) lengths.push(data.length);
          else texts.push(data.toString('utf8'));
        });
      });
    },
  });

  return {
    url: server.url,
    urls: { answerUrl: `${server.url}/answer`, eventUrl: `${server.url}/event` },
    requests,
    texts,
    lengths,
    sockets,
    handshakes,
    close: () => server.close(),
  };
}

/** An NCCO that connects the call to a WebSocket of the stub. */
export function connectTo(url: string, more: Record<string, unknown> = {}, rateHz = 16_000): unknown[] {
  return [
    {
      action: 'connect',
      endpoint: [
        {
          type: 'websocket',
          uri: `${url.replace(/^http/, 'ws')}/media/one`,
          'content-type': `audio/l16;rate=${rateHz}`,
          headers: { call: 'one' },
          ...more,
        },
      ],
    },
  ];
}
