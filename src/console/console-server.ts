import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { authorityOf } from '../lib/authority.ts';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import { limitHttp, turnAway } from '../lib/http-limits.ts';
import { PORTS, portUnavailable } from '../lib/port-trouble.ts';
import type { CallFilter } from '../store/call-list.ts';
import { DOWNLOADS, type Download, type History } from './history.ts';
import type { LiveCalls } from './live-calls.ts';
import { streamTo } from './live-stream.ts';
import { PageSockets } from './page-sockets.ts';
import { buildPage } from './page-files.ts';
import type { Configuration, Health, PhoneAccount, Session, TestCall } from './protocol.ts';
import { isOwnOrigin, type SignIn, type Visitor } from './sign-in.ts';
import { relaySip } from './sip-relay.ts';

export interface ConsoleOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM; missing: plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly signIn: SignIn;
  readonly live: LiveCalls;
  readonly history: History;
  readonly actions: CallActions;
  readonly health: () => Health;
  readonly configuration: () => Configuration;
  /** Calls through Asterisk and back, one after the other; undefined: there is no Asterisk. */
  readonly testCall?: (() => Promise<readonly TestCall[]>) | undefined;
  /** The same for everybody. */
  readonly about: Omit<Session, 'role' | 'name' | 'phone' | 'canTestCall'>;
  /** The page's telephone, and where Asterisk's web server is. */
  readonly phone?: PhoneAccount & { readonly asteriskUrl: string };
  readonly clock: Clock;
  /** Of one address, signed in or not (default 600). */
  readonly requestsPerMinute?: number;
  /** For a request to be complete (default 10 s). */
  readonly requestMs?: Milliseconds;
  /** For the log. */
  readonly onTrouble: (message: string, error?: unknown) => void;
}

/** What may be done to a running call; false: there is no such call (any more), or no such target. */
export interface CallActions {
  hangUp(call: string): boolean;
  say(call: string, text: string): boolean;
  putThrough(call: string, target: string): boolean;
}

export interface Console {
  /** `http://127.0.0.1:8090` */
  readonly url: string;
  /** Idempotent. */
  close(): Promise<void>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who has signed in; of requests that need nobody: undefined. */
    visitor: Visitor | undefined;
  }
}

const BODY_BYTES = 4096;
/** For one address in a minute: a page that is used, and guesses at a token. */
const REQUESTS = 600;
const SIGN_INS = 10;
/** If nobody says of how many. */
const FIGURES_DAYS = 30;
const LONGEST_DAYS = 36_525;
const DAY_MINUTES = 1440;
/** What everybody gets, signed in or not. */
const PAGE_FILES = '/*';
/** A page has two or three, and some more while it loads. */
const CONNECTIONS = 256;
const REQUEST_MS: Milliseconds = 10_000;
const HEADER_BYTES = 16_384;

/** Nothing from anywhere else, in nobody's frame. The microphone is the telephone's. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    // uPlot and wavesurfer place what they draw by style attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'permissions-policy': 'microphone=(self), camera=(), geolocation=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Serves the page and what it asks for. Throws CONSOLE_PORT_UNAVAILABLE. */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const { address, port, tls, onTrouble, requestsPerMinute = REQUESTS, requestMs = REQUEST_MS } = options;
  const settings = { connectionsCheckingInterval: requestMs / 4, maxHeaderSize: HEADER_BYTES };
  const app = fastify({
    bodyLimit: BODY_BYTES,
    forceCloseConnections: true,
    ...(tls ? { https: { ...settings, cert: tls.certificate, key: tls.key } } : { http: settings }),
    // Of a name that comes twice, the last one counts: no value is a list.
    routerOptions: { querystringParser: (text) => Object.fromEntries(new URLSearchParams(text)) },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  const mayAnswer = limitHttp(app.server, { connections: CONNECTIONS, requestMs, clock: options.clock });
  app.addHook('onRequest', async (request, reply) => {
    if (!mayAnswer(request.raw, reply.raw)) return reply.hijack();
  });
  await app.register(rateLimit, { max: requestsPerMinute, timeWindow: 60_000 });
  app.decorateRequest('visitor', undefined);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS).header('cache-control', 'no-store');
    if (!options.signIn.isOwnHost(senderOf(request.raw)))
      return reply.code(421).send({ error: notOurName(request.raw) });
    // By the route, not by the address: the router also takes `/%61pi/calls` for one of these.
    const { url, method } = request.routeOptions;
    if (url === undefined || url === PAGE_FILES) return;
    // Whatever changes something comes from our own page; a cookie alone isn't enough.
    if (request.method !== 'GET' && !isOwnOrigin(senderOf(request.raw)))
      return reply.code(403).send({ error: 'this comes from another page' });
    request.visitor = options.signIn.visitor(senderOf(request.raw), options.clock.wallClock());
    if (url === '/api/sign-in') return;
    if (!request.visitor) return reply.code(401).send({ error: 'sign in first' });
    if (method !== 'GET' && url !== '/api/sign-out' && request.visitor.role !== 'operate')
      return reply.code(403).send({ error: 'you may view, and not operate' });
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    // Who has been cut off gets no answer, and whatever failed because of that is no trouble of ours.
    if (request.raw.socket.destroyed) return reply.hijack();
    const { statusCode: status = error instanceof VoiceAgentError ? 503 : 500 } = error;
    if (status >= 500) onTrouble(`${request.method} ${request.routeOptions.url ?? ''} failed`, error);
    void reply.code(status).send({ error: status === 500 ? 'the log says what failed' : messageOf(error) });
  });
  app.setNotFoundHandler((_request, reply) => notThere(reply));
  servePage(app, options);
  serveHistory(app, options);
  serveCalls(app, options);
  const sockets = upgrades(app, options);
  serveSession(app, options, sockets);
  try {
    await app.listen({ host: address, port });
  } catch (error) {
    throw portUnavailable(PORTS.console, address, port, error as NodeJS.ErrnoException);
  }
  const bound = app.server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://${authorityOf(bound.address, bound.port)}`,
    async close() {
      sockets.close();
      await app.close();
    },
  };
}

function servePage(app: FastifyInstance, { onTrouble }: ConsoleOptions): void {
  const page = buildPage();
  page.catch((error: unknown) => {
    onTrouble('the page could not be built', error);
  });
  app.get(PAGE_FILES, async (request, reply) => {
    const [path = ''] = request.url.split('?');
    const file = (await page).get(path);
    if (!file) return notThere(reply);
    const accepted = request.headers['accept-encoding'] ?? '';
    const encoding = ['br', 'gzip'].find((one) => accepted.includes(one));
    reply.type(file.type).header('vary', 'accept-encoding');
    if (file.lasting) reply.header('cache-control', 'public, max-age=31536000, immutable');
    if (encoding !== undefined) reply.header('content-encoding', encoding);
    return reply.send(encoding === 'br' ? file.brotli : encoding === 'gzip' ? file.gzip : file.body);
  });
}

function serveSession(
  app: FastifyInstance,
  { signIn, about, phone, testCall, clock }: ConsoleOptions,
  sockets: PageSockets,
): void {
  app.post<{ Body: { token?: unknown } | null }>(
    '/api/sign-in',
    { config: { rateLimit: { max: SIGN_INS, timeWindow: 60_000 } } },
    async (request, reply) => {
      const token = request.body?.token;
      const role = typeof token === 'string' ? signIn.roleOf(token) : undefined;
      if (!role) return reply.code(401).send({ error: 'this token is not known here' });
      // As the browser sees it: a proxy before us may speak TLS.
      const secure = request.headers.origin?.startsWith('https:') === true;
      return reply
        .header('set-cookie', signIn.cookie(role, clock.wallClock(), secure))
        .code(204)
        .send();
    },
  );
  app.post('/api/sign-out', (request, reply) => {
    const visitor = visitorOf(request);
    const noCookie = signIn.signOut(visitor, clock.wallClock());
    if (visitor.session) sockets.end(visitor.session.id);
    return reply.header('set-cookie', noCookie).code(204).send();
  });
  app.get('/api/session', (request): Session => {
    const { role, name } = visitorOf(request);
    const account = phone && { username: phone.username, password: phone.password };
    const canTestCall = testCall !== undefined;
    return { ...about, role, name, canTestCall, ...(role === 'operate' && account && { phone: account }) };
  });
}

function serveHistory(
  app: FastifyInstance,
  { history, health, configuration, testCall, onTrouble }: ConsoleOptions,
): void {
  app.get<{ Querystring: Record<string, string | undefined> }>('/api/calls', ({ query }) => {
    const [beganAt = '', id = ''] = (query['after'] ?? '').split('~');
    return history.calls(filterOf(query), id === '' ? undefined : { beganAt: finite(beganAt), id });
  });
  app.get<{ Querystring: { id?: string } }>('/api/call', async ({ query }, reply) => {
    return (await history.call(query.id ?? '')) ?? notThere(reply);
  });
  app.get<{ Querystring: { id?: string; as?: string } }>('/api/download', async (request, reply) => {
    const { id = '', as } = request.query;
    if (!isDownload(as)) return notThere(reply);
    await history.note(visitorOf(request).name, `download ${as}`, `call ${id}`);
    const name = `${id.replace('/', '-')}.${as}`;
    reply.header('content-disposition', `attachment; filename="${name.replace(/[^\w.-]/g, '_')}"`);
    if (as === 'wav') return sendSound(await history.recording(id), request, reply);
    const text = await history.text(id, as);
    return text === undefined ? notThere(reply) : reply.type(TEXT_TYPES[as]).send(text);
  });
  app.get<{ Querystring: { id?: string } }>('/api/recording', async (request, reply) => {
    const { id = '' } = request.query;
    await history.note(visitorOf(request).name, 'play', `call ${id}`);
    return sendSound(await history.recording(id), request, reply);
  });
  app.get<{ Querystring: { days?: string; offset?: string; agent?: string } }>(
    '/api/figures',
    ({ query }) => {
      const { days = '', offset = '', agent = '' } = query;
      const length = Math.min(Math.abs(finite(days) || FIGURES_DAYS), LONGEST_DAYS);
      const minutes = Math.max(-DAY_MINUTES, Math.min(finite(offset), DAY_MINUTES));
      return history.figures(length, minutes * 60_000, agent === '' ? undefined : agent);
    },
  );
  app.get('/api/messages', () => history.messages());
  app.post<{ Body: { id?: unknown } | null }>('/api/messages/done', async (request, reply) => {
    const id = request.body?.id;
    const done = typeof id === 'string' && (await history.done(id, visitorOf(request).name));
    return done ? reply.code(204).send() : notThere(reply);
  });
  app.get('/api/health', () => health());
  app.get('/api/configuration', () => configuration());
  let testing: Promise<readonly TestCall[]> | undefined;
  app.post('/api/test-call', async (request, reply) => {
    if (!testCall) return notThere(reply);
    await history.note(visitorOf(request).name, 'test call', 'the agent');
    // One at a time: who asks meanwhile gets the same.
    testing ??= testCall().finally(() => {
      testing = undefined;
    });
    try {
      return await testing;
    } catch (error) {
      onTrouble('a test call failed', error);
      return reply.code(502).send({ error: messageOf(error) });
    }
  });
}

function serveCalls(app: FastifyInstance, { actions, history }: ConsoleOptions): void {
  const on = (path: string, name: string, act: (call: string, what: string) => boolean): void => {
    app.post<{ Body: { call?: unknown; what?: unknown } | null }>(path, async (request, reply) => {
      const { call, what = '' } = request.body ?? {};
      if (typeof call !== 'string' || typeof what !== 'string') return notThere(reply);
      await history.note(visitorOf(request).name, name, `call ${call}`);
      return act(call, what.trim()) ? reply.code(204).send() : notThere(reply);
    });
  };
  on('/api/calls/hang-up', 'hang up', (call) => actions.hangUp(call));
  on('/api/calls/say', 'say', (call, text) => text !== '' && actions.say(call, text));
  on('/api/calls/put-through', 'put through', (call, target) => actions.putThrough(call, target));
}

/** The live stream, and the telephone's SIP: WebSockets, for our own page alone. */
function upgrades(app: FastifyInstance, options: ConsoleOptions): PageSockets {
  const { signIn, live, history, phone, clock, onTrouble } = options;
  const sockets = new PageSockets(clock);
  app.server.on('upgrade', (request, socket, head) => {
    const refuse = (status: string): void => {
      turnAway(socket, status, clock);
    };
    socket.on('error', () => undefined);
    const sender = senderOf(request);
    const now = clock.wallClock();
    const visitor = signIn.visitor(sender, now);
    const session = visitor?.session && { id: visitor.session.id, leftMs: visitor.session.ends - now };
    if (!isOwnOrigin(sender) || !signIn.isOwnHost(sender)) refuse('403 Forbidden');
    else if (!visitor) refuse('401 Unauthorized');
    else if (request.url === '/api/stream') {
      sockets.take(session, request, socket, head, (page) => {
        const mayListen = async (call: string): Promise<boolean> => {
          try {
            await history.note(visitor.name, 'listen in', `call ${call}`);
            return true;
          } catch (error) {
            onTrouble(`nobody may listen in to ${call}: it can't be noted who does`, error);
            return false;
          }
        };
        streamTo(page, { calls: live, clock, mayListen });
      });
    } else if (request.url === '/sip' && phone && visitor.role === 'operate') {
      sockets.take(session, request, socket, head, (page) => {
        relaySip(page, phone.asteriskUrl);
      });
    } else refuse('404 Not Found');
  });
  return sockets;
}

const TEXT_TYPES = {
  json: 'application/json; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  vtt: 'text/vtt; charset=utf-8',
} as const;

/** A recording, or the part of it that a player asks for (RFC 9110 §14: one range). */
async function sendSound(
  path: string | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const size =
    path === undefined
      ? undefined
      : await stat(path).then(
          (file) => file.size,
          () => undefined,
        );
  if (path === undefined || size === undefined) return notThere(reply);
  reply.type('audio/wav').header('accept-ranges', 'bytes');
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (from === undefined) return reply.header('content-length', size).send(createReadStream(path));
  const start = Number(from);
  const end = Math.min(size - 1, to === undefined || to === '' ? Infinity : Number(to));
  if (start > end) return reply.code(416).header('content-range', `bytes */${size}`).send();
  return reply
    .code(206)
    .headers({ 'content-range': `bytes ${start}-${end}/${size}`, 'content-length': end - start + 1 })
    .send(createReadStream(path, { start, end }));
}

function filterOf(query: Readonly<Record<string, string | undefined>>): CallFilter {
  const { words, agent, reason, failed, slow, since, until } = query;
  const given = (text: string | undefined): text is string => text !== undefined && text !== '';
  return {
    ...(given(words) && { words }),
    ...(given(agent) && { agent }),
    ...(given(reason) && { reason }),
    ...(failed === 'true' && { failed: true }),
    ...(given(slow) && { slowerThanMs: finite(slow) }),
    ...(given(since) && { since: finite(since) }),
    ...(given(until) && { until: finite(until) }),
  };
}

/** 0 for what is no number that a database could take. */
function finite(text: string): number {
  const value = Math.round(Number(text));
  return Number.isSafeInteger(value) ? value : 0;
}

function isDownload(word: string | undefined): word is Download {
  return DOWNLOADS.some((one) => one === word);
}

function senderOf({ socket, headers }: IncomingMessage) {
  return { address: socket.remoteAddress ?? '', headers };
}

function notOurName({ headers: { host = '' } }: IncomingMessage): string {
  return `this console doesn't know itself as ${host}: console.hostNames in providers.yaml lists the names that it has`;
}

function notThere(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ error: 'there is nothing here' });
}

/** The hook has let nobody else in. */
function visitorOf({ visitor }: FastifyRequest): Visitor {
  if (!visitor) throw new TypeError('nobody has signed in');
  return visitor;
}

/** No route has a schema, so what would check bodies and write answers by one (ajv: 200 files) isn't loaded. */
function noSchemas(): never {
  throw new Error('no route of the console has a schema');
}
