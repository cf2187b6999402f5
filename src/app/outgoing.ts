import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { callRequest, type CallRequest } from '../config/call-request.ts';
import type { Config } from '../config.ts';
import { callerIdOf } from '../dialog/call/call-transfer.ts';
import type { CallEvent } from '../dialog/contract/call-events.ts';
import { authorityOf } from '../lib/authority.ts';
import { systemClock } from '../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import { limitHttp } from '../lib/http-limits.ts';
import type { Listeners } from '../lib/listeners.ts';
import { http } from '../lib/node-http.ts';
import { PORTS, portUnavailable } from '../lib/port-trouble.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import type { StasisApp } from '../telephony/asterisk/stasis-app.ts';

/** How a call that was asked for gets on: one line of JSON each. */
export type CallNews =
  | { readonly state: 'calling'; readonly call: string }
  | { readonly state: 'answered' }
  /** `reason`: as in the record. */
  | { readonly state: 'ended'; readonly reason: string };

interface Outgoing {
  readonly config: Config;
  readonly log: Logger;
  readonly scope: Scope;
  readonly apps: readonly StasisApp[];
  /** Where all calls tell what happens. */
  readonly watchers: Listeners<CallEvent>;
}

const REQUEST_MS = 5000;
const LONGEST_BODY = 8192;
/** Each call that is made keeps one open. */
const MAX_CONNECTIONS = 256;
/** Of one address: orders, and guesses at the token. */
const REQUESTS_PER_MINUTE = 600;
/** By which config/providers.yaml tells agents of a note, in calls of both directions. */
const NOTE = 'VOICE_AGENT_NOTE';

/** Takes orders for calls over HTTP, if there is a token for it. Throws CALL_PORT_UNAVAILABLE. */
export async function openOutgoing(outgoing: Outgoing): Promise<void> {
  const { config, log, scope } = outgoing;
  const { token, listenAddress: host, listenPort: port } = config.outgoing;
  if (token === undefined) return;
  const settings = { connectionsCheckingInterval: REQUEST_MS / 4, maxHeaderSize: 8192 };
  const server = http.createServer(settings, (request, response) => {
    if (!mayAnswer(request, response)) return;
    answer(outgoing, token, request, response).catch((error: unknown) => {
      const status = error instanceof VoiceAgentError ? STATUS[error.code] : undefined;
      if (status === undefined) log.error({ part: 'outgoing', err: error }, 'a call could not be ordered');
      if (response.headersSent) response.end();
      else refuse(response, status ?? 500, status === undefined ? 'the log says why' : messageOf(error));
    });
  });
  const mayAnswer = limitHttp(server, {
    ...{ connections: MAX_CONNECTIONS, requestMs: REQUEST_MS, requestsPerMinute: REQUESTS_PER_MINUTE },
    clock: systemClock,
  });
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    throw portUnavailable(PORTS.outgoing, host, port, error as NodeJS.ErrnoException);
  }
  server.on('error', () => undefined); // of accepting; the next connection may do better
  scope.defer(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }, 'the server for outgoing calls');
  const { port: bound } = server.address() as AddressInfo;
  const url = `http://${authorityOf(host, bound)}`;
  log.info({ event: 'outgoing', url }, `calls can be ordered: ${url}/calls`);
}

/** What a client is told of an error. */
const STATUS: Partial<Record<VoiceAgentError['code'], number>> = {
  CALL_REFUSED: 422,
  ARI_REQUEST_FAILED: 502,
  ARI_UNREACHABLE: 503,
  ARI_TIMEOUT: 503,
};

async function answer(
  outgoing: Outgoing,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path] = (request.url ?? '').split('?');
  if (!isAllowed(request.headers.authorization, token)) {
    refuse(response, 401, 'the header Authorization must be: Bearer, and outgoing.token', {
      'www-authenticate': 'Bearer',
    });
  } else if (path !== '/calls') refuse(response, 404, 'there is only /calls');
  else if (request.method !== 'POST') refuse(response, 405, 'only POST', { allow: 'POST' });
  else await call(outgoing, await bodyOf(request), response);
}

function isAllowed(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LONGEST_BODY) throw refused(`the body is longer than ${LONGEST_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Has it called, and tells until the call is over. A client that leaves doesn't end it. */
async function call(
  { config, log, apps, watchers }: Outgoing,
  body: string,
  response: ServerResponse,
): Promise<void> {
  const { number, agent: id, note } = requestOf(body);
  const { server, endpoint, callerId, ringMs, resultContext } = config.outgoing;
  const agent = config.agents.find((one) => one.id === id);
  if (!agent)
    throw refused(`agents.yaml has no agent "${id}"; it has: ${config.agents.map((a) => a.id).join(', ')}`);
  if (agent.callOpening === undefined) {
    throw refused(
      `the agent "${id}" makes no calls: agents.yaml gives it no callOpening, the first words of one`,
    );
  }
  const app = apps.find((one) => server === undefined || one.server.name === server);
  if (!app) throw refused('no Asterisk is configured by which it could be called');
  const [extension = ''] = agent.extensions;
  // What happens before the answer to the order is here.
  const early: CallEvent[] = [];
  const keepEarly = watchers.add((event) => void early.push(event));
  let channel: string;
  try {
    channel = await app.place({
      endpoint: endpoint.replaceAll('{number}', number),
      number,
      agent: extension,
      callerId: callerIdOf(callerId, { caller: {}, dialled: extension }, agent),
      ringMs,
      resultContext,
      variables: note === undefined ? {} : { [NOTE]: note },
    });
  } finally {
    keepEarly();
  }
  const name = `${app.server.name}/${channel}`;
  log.info({ call: name, agent: id, number }, 'somebody is called');
  // Nothing is to be told for as long as they talk.
  response.socket?.setTimeout(0);
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  const tell = (news: CallNews): void => void response.write(`${JSON.stringify(news)}\n`);
  const watch = (event: CallEvent): void => {
    if (event.call !== name) return;
    if (event.type === 'answered') tell({ state: 'answered' });
    if (event.type !== 'ended') return;
    tell({ state: 'ended', reason: event.reason });
    response.end();
  };
  const unwatch = watchers.add(watch);
  response.once('close', unwatch);
  tell({ state: 'calling', call: name });
  early.forEach(watch);
}

function requestOf(body: string): CallRequest {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw refused(`the body must be JSON, such as {"agent":"alice","number":"1002"}: ${messageOf(error)}`);
  }
  const read = callRequest.safeParse(value);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw refused(problems.join('; '));
}

function refused(message: string): VoiceAgentError {
  return new VoiceAgentError('CALL_REFUSED', message);
}

function refuse(
  response: ServerResponse,
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  // What may come behind such a request is not read.
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...headers });
  response.end(`${JSON.stringify({ error })}\n`);
}
