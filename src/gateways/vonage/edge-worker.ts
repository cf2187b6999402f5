/**
 * The edge thread: the one listener for webhooks and media connections, and the pace of what is sent. It
 * is a thread of its own for the reason that RTP has one: nothing else that runs can make a frame late,
 * and a barge-in needs no word of the main thread. It has more time than RTP's, as the far side has a
 * buffer: timers are good enough.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { workerData } from 'node:worker_threads';
import { WebSocketServer } from 'ws';
import { monotonicNow, systemClock } from '../../lib/clock.ts';
import type { HttpResponse } from '../../lib/http-exchange.ts';
import { limitHttp, turnAway } from '../../lib/http-limits.ts';
import { http } from '../../lib/node-http.ts';
import { ThreadSide } from '../../threads/thread-side.ts';
import { PlayoutWheel } from '../playout/playout-wheel.ts';
import { collectAfterCalls } from '../../threads/collect-garbage.ts';
import { EDGE, EdgeCounters, type EdgeCounterName } from './edge-counters.ts';
import type { EdgeAbout, EdgeCommand, EdgeReport, EdgeThreadOptions } from './edge-protocol.ts';
import { MAX_MESSAGE_BYTES } from './media-connection.ts';
import { MediaTickets } from './media-tickets.ts';
import { readBody } from './request-body.ts';
import { VonageLeg } from './vonage-leg.ts';

/** How often the wheel is looked at while there are calls: a quarter of a frame. */
const STEP_MS = 4;
const REFUSALS_TOLD_EVERY_MS = 1000;
const STOP_MS = 50;
const REQUEST_MS = 10_000;

const main = new ThreadSide<EdgeCommand, EdgeReport, EdgeAbout>();
const options = workerData as EdgeThreadOptions;
const { limits } = options;
const report = (message: EdgeReport): void => {
  main.report(message);
};

const counters = new EdgeCounters(options.counters);
const tickets = new MediaTickets();
const wheel = new PlayoutWheel(monotonicNow);
const legs = new Map<number, VonageLeg>();
const waiting = new Map<number, (response: HttpResponse) => void>();
const toldAt = new Map<string, number>();
let lastRequest = 0;
let turning = false;
const afterCall = collectAfterCalls(16);

function turn(): void {
  wheel.advance();
  if (wheel.size > 0) setTimeout(turn, STEP_MS);
  else turning = false;
}

function keepTurning(): void {
  if (turning || wheel.size === 0) return;
  turning = true;
  setTimeout(turn, STEP_MS);
}

/** Reports a refusal to the log, at most once a second for each kind. */
function tell(kind: string, message: string): void {
  const now = monotonicNow();
  if (now - (toldAt.get(kind) ?? -Infinity) < REFUSALS_TOLD_EVERY_MS) return;
  toldAt.set(kind, now);
  report({ type: 'refused', message });
}

/** Each refusal is one count, and a line of the log if there are few. */
function refused(counter: EdgeCounterName, message: string): void {
  counters.add(EDGE[counter]);
  tell(counter, message);
}

/** The path of a request below our base path; a proxy in front of us may have taken that away already. */
function ownPath(url: string | undefined): { path: string; query: string } {
  const [whole = '', query = ''] = (url ?? '').split('?', 2);
  const { basePath } = options;
  const path = basePath !== '' && whole.startsWith(`${basePath}/`) ? whole.slice(basePath.length) : whole;
  return { path, query };
}

// ── webhooks ──────────────────────────────────────────────────────────────────────────────────

const server = http.createServer({ connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 });
const mayAnswer = limitHttp(server, {
  ...{ connections: limits.maxConnections, requestMs: REQUEST_MS, clock: systemClock },
  requestsPerMinute: limits.requestsPerMinute,
});

function respond(response: ServerResponse, { status, headers, body = '' }: HttpResponse): void {
  if (response.writableEnded) return;
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

function refuse(response: ServerResponse, status: number, counter: EdgeCounterName, why: string): void {
  refused(counter, `a request is refused: ${why}`);
  // What is left of the request isn't waited for.
  respond(response, { status, headers: { connection: 'close' } });
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path, query } = ownPath(request.url);
  if (!options.paths.includes(path)) {
    refuse(response, 404, 'requestsUnknown', `${JSON.stringify(path.slice(0, 80))} is no path of ours`);
    return;
  }
  if (waiting.size >= limits.maxRequests) {
    refuse(response, 503, 'requestsRefused', `${limits.maxRequests} others are under way`);
    return;
  }
  const body = await readBody(request, limits.maxBodyBytes);
  if (typeof body === 'number') {
    const why =
      body === 413 ? `its body has more than ${limits.maxBodyBytes} bytes` : 'its body is not UTF-8';
    if (body !== 0) refuse(response, body, 'requestsRefused', why);
    return;
  }
  lastRequest += 1;
  const id = lastRequest;
  const timer = setTimeout(() => {
    if (!waiting.delete(id)) return;
    refuse(response, 503, 'requestsUnanswered', `no answer was found within ${limits.answerMs} ms`);
  }, limits.answerMs);
  waiting.set(id, (answer) => {
    clearTimeout(timer);
    respond(response, answer);
  });
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  report({
    type: 'request',
    request: id,
    content: { method: request.method ?? '', path, query, headers, body },
  });
}

server.on('request', (request, response) => {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  if (!mayAnswer(request, response)) {
    refused(
      'requestsRefused',
      'a request is refused: too many from there, or one before the last was answered',
    );
    return;
  }
  serve(request, response).catch(() => {
    refuse(response, 400, 'requestsRefused', 'it could not be read');
  });
});
const CLIENT_ERRORS = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Payload Too Large'],
]);
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  // The client has gone: nobody reads an answer.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = CLIENT_ERRORS.get(error.code ?? '') ?? '400 Bad Request';
  refused('requestsRefused', `a request is refused: it is no good HTTP (${status}, ${error.message})`);
  turnAway(socket, status, systemClock);
});
server.on('drop', () => {
  refused('connectionsTooMany', `a connection is refused: there are ${limits.maxConnections} already`);
});

// ── media connections ─────────────────────────────────────────────────────────────────────────

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: MAX_MESSAGE_BYTES,
  perMessageDeflate: false,
  clientTracking: false,
});
sockets.on('wsClientError', (_error, socket) => {
  refused('upgradesRefused', 'a media connection is refused: its handshake is none');
  turnAway(socket, '400 Bad Request', systemClock);
});

const REFUSALS = {
  unknown: { status: '404 Not Found', counter: 'mediaUnknown', why: 'nobody was given this URL' },
  used: { status: '410 Gone', counter: 'mediaUsed', why: 'its URL has been used already' },
  late: { status: '410 Gone', counter: 'mediaLate', why: 'the time of its URL is up' },
} as const;

/** What `ws` would end the connection for: an invalid handshake must not use up a session's ticket. */
function isHandshake({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')
  );
}

server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
  socket.on('error', () => undefined);
  const ticket = /^\/media\/([A-Za-z0-9_-]{1,128})$/.exec(ownPath(request.url).path)?.[1];
  if (ticket === undefined || !isHandshake(request)) {
    const [status, why] =
      ticket === undefined
        ? ['404 Not Found', 'its path is none of ours']
        : ['400 Bad Request', 'its handshake is none'];
    refused('upgradesRefused', `a media connection is refused: ${why}`);
    turnAway(socket, status, systemClock);
    return;
  }
  const redeemed = tickets.redeem(ticket, monotonicNow());
  const leg = 'session' in redeemed ? legs.get(redeemed.session) : undefined;
  if (leg === undefined || leg.lost) {
    const { status, counter, why } = REFUSALS['refused' in redeemed ? redeemed.refused : 'late'];
    refused(counter, `a media connection is refused: ${why}`);
    turnAway(socket, status, systemClock);
    return;
  }
  sockets.handleUpgrade(request, socket, head, (connection) => {
    leg.connect(connection);
    keepTurning();
  });
});

// ── commands ──────────────────────────────────────────────────────────────────────────────────

function obey(command: EdgeCommand): void {
  switch (command.type) {
    case 'open': {
      const { setup } = command;
      legs.set(setup.session, new VonageLeg({ setup, wheel, counters, limits, report, tell }));
      keepTurning();
      break;
    }
    case 'ticket':
      tickets.issue(command.ticket, command.session, command.until);
      legs.get(command.session)?.expect(command.until);
      break;
    case 'flush':
      legs.get(command.session)?.applyFlush();
      break;
    case 'close':
      tickets.withdraw(command.session);
      legs.get(command.session)?.close();
      legs.delete(command.session);
      afterCall();
      break;
    case 'answer':
      waiting.get(command.request)?.(command.response);
      waiting.delete(command.request);
      break;
  }
}

function stop(): void {
  for (const leg of legs.values()) leg.close();
  legs.clear();
  for (const answer of waiting.values()) answer({ status: 503 });
  waiting.clear();
  server.close();
  // Close frames and last answers go out first.
  setTimeout(() => process.exit(), STOP_MS); // the thread, not the process
}

const unable = (error: Error): void => {
  main.unable(error);
};
server.once('error', unable);
const { listening, port: wanted, address: host } = options;
server.listen(listening === undefined ? { port: wanted, host } : { fd: listening }, () => {
  server.off('error', unable);
  server.on('error', ({ message }) => {
    tell('accept', `a connection could not be accepted: ${message}`); // the next one may do better
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { _handle: handle } = server as { readonly _handle?: { readonly fd?: number } };
  main.ready({ port, listening: handle?.fd ?? -1 }, { obey, stop });
});
