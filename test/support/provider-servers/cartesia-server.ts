import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  FinalizeSession,
  TurnsSession,
  type SttBehaviour,
  type SttStreamOptions,
  type Transcribe,
} from './cartesia-stt-session.ts';
import { TtsSession, type GenerationRequest, type TtsBehaviour } from './cartesia-tts-session.ts';
import type { FaultPlan } from './fault-plan.ts';
import { extended, listen, sendJson, type ListeningServer, type TlsIdentity } from './listening-server.ts';
import { WIRE_ENCODINGS } from './wire-audio.ts';

export interface CartesiaServerOptions {
  /** The only key that is let in (default `test-key`). */
  readonly apiKey?: string;
  readonly tls?: TlsIdentity;
  /** Where it listens (default: loopback). */
  readonly address?: string | undefined;
  readonly tts?: Omit<TtsBehaviour, 'faults'>;
  readonly stt?: Partial<SttBehaviour>;
  /** A connection without any message from the client is closed (default 5 minutes, as documented). */
  readonly idleMs?: number;
  /** Asked at `tts`, `stt` and `stt-turns` (connections) and `tts-context`. */
  readonly faults?: FaultPlan;
}

/** One WebSocket as the server saw it. */
export interface CartesiaConnection {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Text messages, in order. */
  readonly texts: string[];
  /** Sizes of the binary messages, in order. */
  readonly audioBytes: number[];
  open: boolean;
  /** Messages to the client so far. */
  readonly sent: number;
  /** Without a farewell. */
  cut(): void;
  /** As after a long silence of the client's. */
  idleOut(): void;
}

export interface CartesiaServer extends ListeningServer {
  readonly seen: CartesiaConnection[];
  /** What the next turns will turn out to have been, where no `transcribe` was given. */
  readonly script: string[];
  /** Contexts that are open now. */
  readonly speaking: number;
  /** All requests to speak so far. */
  generations(): (GenerationRequest & { cancel?: boolean })[];
}

const IDLE_MS = 300_000;

/**
 * Cartesia as @cartesia/cartesia-js 4.2.0 (API version 2026-08-14) and docs.cartesia.ai describe it: the TTS
 * socket and both STT sockets. It reacts to the sound that it receives.
 */
export async function startCartesiaServer(options: CartesiaServerOptions = {}): Promise<CartesiaServer> {
  const { apiKey = 'test-key', faults, tls, idleMs = IDLE_MS } = options;
  const sockets = new WebSocketServer({ noServer: true });
  const seen: CartesiaConnection[] = [];
  const script: string[] = [];
  const speaking: TtsSession[] = [];
  const behaviour: SttBehaviour = { transcribe: scripted(script), ...options.stt };
  const ttsBehaviour: TtsBehaviour = { ...options.tts, faults };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const place = PLACES[url.pathname];
    const fault = place === undefined ? undefined : faults?.next(place);
    if (fault?.type === 'stall-before-headers') return;
    if (fault?.type === 'status') {
      refuse(socket, fault.status, fault.message ?? 'Error', fault.retryAfterS);
    } else if (place === undefined) {
      refuse(socket, 404, 'Not found');
    } else if (request.headers.authorization !== `Bearer ${apiKey}`) {
      refuse(socket, 401, 'Invalid API key');
    } else if (request.headers['cartesia-version'] === undefined) {
      refuse(socket, 400, 'A Cartesia-Version header is required');
    } else {
      sockets.handleUpgrade(request, socket, head, (client) => {
        let sent = 0;
        const send = client.send.bind(client) as (data: string) => void;
        client.send = (data: unknown) => {
          sent += 1;
          send(String(data));
        };
        const connection: CartesiaConnection = {
          get sent() {
            return sent;
          },
          cut: () => {
            client.terminate();
          },
          idleOut: () => {
            client.close(1000, 'idle');
          },
          path: url.pathname,
          query: url.searchParams,
          headers: request.headers,
          texts: [],
          audioBytes: [],
          open: true,
        };
        seen.push(connection);
        serve(client, connection, place, fault);
      });
    }
  };

  const serve = (
    client: WebSocket,
    connection: CartesiaConnection,
    place: Place,
    fault: SttStreamOptions['fault'],
  ): void => {
    const session =
      place === 'tts' ? new TtsSession(client, ttsBehaviour) : openStt(client, connection, place, fault);
    if (session instanceof TtsSession) speaking.push(session);
    let idle: NodeJS.Timeout | undefined;
    const notIdle = (): void => {
      clearTimeout(idle);
      idle = setTimeout(() => {
        client.close(1000, 'idle');
      }, idleMs);
    };
    notIdle();
    client.on('error', () => undefined);
    client.on('close', () => {
      clearTimeout(idle);
      connection.open = false;
    });
    client.on('message', (data: Buffer, isBinary: boolean) => {
      notIdle();
      if (!isBinary) {
        connection.texts.push(data.toString());
        if (session instanceof TtsSession) session.onMessage(data.toString());
        else session?.onText(data.toString());
      } else if (session && !(session instanceof TtsSession)) {
        connection.audioBytes.push(data.length);
        session.onAudio(data);
      }
    });
  };

  const openStt = (
    client: WebSocket,
    { query }: CartesiaConnection,
    place: Place,
    fault: SttStreamOptions['fault'],
  ): TurnsSession | FinalizeSession | undefined => {
    const encoding = WIRE_ENCODINGS[query.get('encoding') ?? ''];
    const rateHz = Number(query.get('sample_rate'));
    const model = query.get('model');
    if (!encoding || !(rateHz >= 8000) || model === null || tooManyTerms(query.getAll('keyterm'))) {
      // STTErrorResponse, src/resources/stt/stt.ts.
      client.send(
        JSON.stringify({
          type: 'error',
          title: 'Invalid request',
          message: query.toString(),
          status_code: 400,
        }),
      );
      client.close(1008);
      return undefined;
    }
    const keyTerms = query.getAll('keyterm');
    const stream = { encoding, rateHz, requestId: `request-${seen.length}`, keyTerms, fault };
    return place === 'stt-turns'
      ? new TurnsSession(client, behaviour, stream)
      : new FinalizeSession(client, behaviour, stream);
  };

  const server = await listen({
    onRequest: (request, response) => {
      // client.getStatus(): src/client.ts.
      if (request.url === '/') sendJson(response, 200, { ok: true, version: 'test' });
      else sendJson(response, 404, { title: 'Not found', message: request.url, status_code: 404 });
    },
    onUpgrade,
    tls,
    address: options.address,
  });
  return extended(server, {
    seen,
    script,
    get speaking() {
      return speaking.reduce((sum, session) => sum + session.contexts, 0);
    },
    generations: () =>
      seen
        .filter(({ path }) => path === '/tts/websocket')
        .flatMap(({ texts }) => texts.map((text) => JSON.parse(text) as GenerationRequest)),
  });
}

type Place = 'tts' | 'stt' | 'stt-turns';

const PLACES: Readonly<Record<string, Place | undefined>> = {
  '/tts/websocket': 'tts',
  '/stt/websocket': 'stt',
  '/stt/turns/websocket': 'stt-turns',
};

/** The script's entries in order, one a turn, however often a turn is asked about. */
export function scripted(script: string[], otherwise = 'hello'): Transcribe {
  const known = new Map<string, string>();
  return ({ turn }) => {
    const text = known.get(turn) ?? script.shift() ?? otherwise;
    known.set(turn, text);
    return text;
  };
}

/** "up to 100 keyterms totaling 1200 characters": AutoFinalizeWebsocketParams. */
function tooManyTerms(terms: readonly string[]): boolean {
  return terms.length > 100 || terms.join('').length > 1200;
}

/**
 * With a body as error events have it (STTErrorResponse, src/resources/stt/stt.ts). That of a refused handshake isn't
 * documented, and neither `ws` nor we read it: what counts is the status.
 */
function refuse(socket: Duplex, status: number, message: string, retryAfterS?: number): void {
  const body = JSON.stringify({ title: 'Error', message, status_code: status });
  const retry = retryAfterS === undefined ? '' : `retry-after: ${retryAfterS}\r\n`;
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\n${retry}` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
