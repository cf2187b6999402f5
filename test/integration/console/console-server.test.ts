/** The console's server over real sockets: who may see what, and what a page is told. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { connect as connectTo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startConsole, type Console, type ConsoleOptions } from '../../../src/console/console-server.ts';
import { History } from '../../../src/console/history.ts';
import { LiveCalls, type LiveCallsOptions } from '../../../src/console/live-calls.ts';
import type { OutOfUse, TestCall, ToPage } from '../../../src/console/protocol.ts';
import type { TurnGlimpse } from '../../../src/dialog/contract/call-events.ts';
import { buildPage } from '../../../src/console/page-files.ts';
import { SignIn } from '../../../src/console/sign-in.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { listAudit } from '../../../src/store/reader.ts';
import type { DatabasePlace } from '../../../src/store/database-place.ts';
import { InMemoryMediaGateway } from '../../support/in-memory-media-gateway.ts';
import { NOTHING_LIVE } from '../../support/no-live-calls.ts';
import { callInfo } from '../../support/scripted-line.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { cleanDatabases, closeLater, newPlace, open, tempFolder } from '../store/databases.ts';

const OPERATE = 'operate-token';
const VIEW = 'view-token';
const BEGAN = '2026-03-04T05:06:07.000Z';
const CALL = 'local/1';
/** On a busy machine. */
const PATIENCE = { timeout: 10_000 };
const LIVE: LiveCallsOptions = { ...NOTHING_LIVE, startOf: () => BEGAN };

describe('The console’s server', () => {
  cleanDatabases();
  let place: DatabasePlace;
  let page: Console;
  let live: LiveCalls;
  let hungUp: string[];
  let asterisk: WebSocketServer;
  let origin: string;

  beforeAll(async () => {
    asterisk = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/ws', handleProtocols: () => 'sip' });
    await once(asterisk, 'listening');
    asterisk.on('connection', (socket) => {
      socket.on('message', (data) => {
        socket.send(`Asterisk: ${(data as Buffer).toString()}`);
      });
    });
  });

  afterAll(() => {
    asterisk.close();
  });

  beforeEach(async () => {
    place = await newPlace('sqlite');
    await start();
  });

  afterEach(() => page.close());

  async function start(changes: Partial<ConsoleOptions> = {}): Promise<void> {
    const folder = await tempFolder();
    const history = new History({ place, folder, now: () => Date.now(), onWarning: () => undefined });
    closeLater(() => history.close());
    live = changes.live ?? new LiveCalls(LIVE);
    hungUp = [];
    const { port } = asterisk.address() as { port: number };
    page = await startConsole({
      address: '127.0.0.1',
      port: 0,
      signIn: new SignIn({
        tokens: { operate: OPERATE, view: VIEW },
        proxy: { addresses: ['127.0.0.2'], header: 'x-forwarded-user', operators: ['ada'] },
      }),
      live,
      history,
      actions: { hangUp: (call) => hungUp.push(call) > 0, say: () => true, putThrough: () => false },
      health: () => ({ ready: true, checks: [], breakers: [] }),
      configuration: () => ({ inForce: {}, problems: [] }),
      about: { agents: [], latencyTargetMs: 700, keeps: { texts: true, recordings: true } },
      phone: { username: 'webphone', password: 'word', asteriskUrl: `http://127.0.0.1:${port}` },
      clock: systemClock,
      onTrouble: () => undefined,
      ...changes,
    });
    origin = page.url;
  }

  function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${origin}${path}`, { headers });
  }

  /** For a request line that `fetch` would tidy up. */
  async function rawStatus(path: string): Promise<number | undefined> {
    const [response] = (await once(request(origin, { path }).end(), 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  }

  function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${origin}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, ...headers },
      body: JSON.stringify(body),
    });
  }

  /** The header of somebody who has signed in. */
  async function signedIn(token: string): Promise<{ cookie: string }> {
    const response = await post('/api/sign-in', { token });
    expect(response.status).toBe(204);
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; /);
    return { cookie: cookie.split(';')[0] ?? '' };
  }

  function connect(path: string, headers: Record<string, string>, protocols: string[] = []): WebSocket {
    return new WebSocket(`${origin.replace('http', 'ws')}${path}`, protocols, { headers });
  }

  /** With which status a WebSocket is refused. */
  async function refusal(path: string, headers: Record<string, string>): Promise<number> {
    const socket = connect(path, headers);
    socket.on('error', () => undefined);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    return response.statusCode;
  }

  it('serves a page that loads nothing from anywhere else, small, and that nobody may frame', async () => {
    const document = await get('/');
    const html = await document.text();
    expect(document.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self';.*frame-ancestors 'none'$/,
    );
    expect(document.headers.get('x-content-type-options')).toBe('nosniff');
    expect(html).not.toMatch(/(src|href)="(?!\/)/);
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(files).toHaveLength(3);
    for (const path of files) expect((await get(path)).status, path).toBe(200);
    expect((await get('/..%2f..%2fpackage.json')).status).toBe(404);
    const sizes = [...(await buildPage()).values()].map(({ gzip }) => gzip.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(250_000);
  });

  it('tells nothing to whom it doesn’t know', async () => {
    for (const path of [
      'session',
      'calls',
      'call?id=1',
      'messages',
      'figures',
      'health',
      'configuration',
      'recording?id=1',
    ])
      expect((await get(`/api/${path}`)).status, path).toBe(401);
    // The router understands these, too.
    for (const path of ['/%61pi/calls', '/api/c%61lls', 'http://elsewhere/api/calls'])
      expect(await rawStatus(path), path).toBe(401);
    expect((await post('/api/sign-in', { token: 'wrong' })).status).toBe(401);
    expect((await post('/api/sign-in', { token: ['operate-token'] })).status).toBe(401);
    const forged = { cookie: `voice-agent-console=operate.${Date.now() + 10_000}.AAAA` };
    expect((await get('/api/session', forged)).status).toBe(401);
    expect(await refusal('/api/stream', { origin })).toBe(401);
    expect(await refusal('/sip', { origin })).toBe(401);
  });

  it('takes a token for what it allows, until it is changed', async () => {
    const viewer = await signedIn(VIEW);
    const operator = await signedIn(OPERATE);
    expect(await (await get('/api/session', viewer)).json()).toMatchObject({ role: 'view' });
    expect(await (await get('/api/session', operator)).json()).toMatchObject({
      role: 'operate',
      phone: { username: 'webphone', password: 'word' },
    });
    expect(await (await get('/api/session', viewer)).json()).not.toHaveProperty('phone');
    expect((await post('/api/calls/hang-up', { call: CALL }, viewer)).status).toBe(403);
    expect(await refusal('/sip', { origin, ...viewer })).toBe(404);
    expect((await post('/api/calls/hang-up', { call: CALL }, operator)).status).toBe(204);
    expect((await post('/api/calls/put-through', { call: CALL, what: 'Eve' }, operator)).status).toBe(404);
    expect(hungUp).toEqual([CALL]);
    const noted = await listAudit(await open(place), 10);
    expect(noted.map(({ actor, action }) => `${actor}: ${action}`).sort()).toEqual([
      'token (operate): hang up',
      'token (operate): put through',
    ]);

    await page.close();
    await start({ signIn: new SignIn({ tokens: { operate: 'another' } }) });
    expect((await get('/api/session', operator)).status).toBe(401);
  });

  it('does nothing for a page of somebody else', async () => {
    const operator = await signedIn(OPERATE);
    for (const foreign of [{ origin: 'https://evil.example' }, { origin: 'null' }]) {
      expect((await post('/api/calls/hang-up', { call: CALL }, { ...operator, ...foreign })).status).toBe(
        403,
      );
      expect(await refusal('/api/stream', { ...operator, ...foreign })).toBe(403);
    }
    expect(hungUp).toEqual([]);
  });

  it('believes a proxy who asks, and nobody else', async () => {
    const asks = { 'x-forwarded-user': 'ada' };
    expect((await get('/api/session', asks)).status).toBe(401);
    await page.close();
    await start({
      signIn: new SignIn({
        tokens: {},
        proxy: { addresses: ['127.0.0.1'], header: 'X-Forwarded-User', operators: ['ada'] },
      }),
    });
    expect(await (await get('/api/session', asks)).json()).toMatchObject({ role: 'operate', name: 'ada' });
    expect(await (await get('/api/session', { 'x-forwarded-user': 'bob' })).json()).toMatchObject({
      role: 'view',
    });
  });

  it('lets nobody guess at a token for long', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 12; n++) statuses.push((await post('/api/sign-in', { token: `guess ${n}` })).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
  });

  it('gives no session to a connection in clear text that began encrypted', async () => {
    const encrypted = { origin: origin.replace('http:', 'https:') };
    const behindProxy = await post('/api/sign-in', { token: VIEW }, encrypted);
    expect(behindProxy.headers.get('set-cookie')).toMatch(/; Secure$/);
    const plain = await post('/api/sign-in', { token: VIEW });
    expect(plain.headers.get('set-cookie')).not.toContain('Secure');
  });

  it('takes the last of values that come twice', async () => {
    const viewer = await signedIn(VIEW);
    expect((await get('/api/calls?words=one&words=two', viewer)).status).toBe(200);
    expect((await get('/api/download?as=wav&id=a&id=b', viewer)).status).toBe(404);
  });

  it('lets listen in whom it has noted, and nobody else', async () => {
    const media = await new InMemoryMediaGateway().reserve({ id: CALL });
    closeLater(() => media.close());
    const listened = async (): Promise<ToPage | undefined> => {
      live.observe({ type: 'started', call: CALL, at: 5, info: callInfo(), agent: 'alice' });
      live.follow(CALL, media);
      const socket = connect('/api/stream', { origin, ...(await signedIn(VIEW)) });
      const news: ToPage[] = [];
      socket.on('message', (data, isBinary) => {
        if (!isBinary) news.push(JSON.parse((data as Buffer).toString()) as ToPage);
      });
      await once(socket, 'open');
      socket.send(JSON.stringify({ listen: CALL }));
      const answer = () => news.find(({ type }) => type === 'listening');
      await expect.poll(answer, { timeout: 10_000 }).toBeDefined();
      return answer();
    };
    expect(await listened()).toMatchObject({ call: CALL, rateHz: 8000 });
    const noted = await listAudit(await open(place), 10);
    expect(noted.map(({ action, subject }) => `${action}: ${subject}`)).toEqual([`listen in: call ${CALL}`]);

    await page.close();
    const folder = await tempFolder();
    const history = new History({ place, folder, now: () => Date.now(), onWarning: () => undefined });
    closeLater(() => history.close());
    history.note = () => Promise.reject(new Error('the database is away'));
    await start({ history });
    expect(await listened()).not.toHaveProperty('call');
  });

  it('streams what runs and what happens', async () => {
    const started = { type: 'started', call: CALL, at: 5, info: callInfo(), agent: 'alice' } as const;
    live.observe(started);
    const socket = connect('/api/stream', { origin, ...(await signedIn(VIEW)) });
    const news: ToPage[] = [];
    socket.on('message', (data, isBinary) => {
      if (!isBinary) news.push(JSON.parse((data as Buffer).toString()) as ToPage);
    });
    await expect.poll(() => news.length).toBe(1);
    expect(news[0]).toMatchObject({
      type: 'running',
      calls: [{ id: '2026-03-04/050607000-local_1', origin: 5, record: { call: CALL, agent: 'alice' } }],
    });
    live.observe({ type: 'answered', call: CALL, at: 50, setUpMs: 45 });
    live.observe({ type: 'answered', call: 'local/never-begun', at: 50, setUpMs: 45 });
    await expect.poll(() => news.length).toBe(2);
    expect(news[1]).toEqual({ type: 'event', event: { type: 'answered', call: CALL, at: 50, setUpMs: 45 } });
    socket.send('{"listen":7}');
    await once(socket, 'close');
  });

  it('tells where each call stands when that has changed, and who isn’t asked', async () => {
    await page.close();
    let glimpse: TurnGlimpse = {
      phase: 'speaking',
      turn: 1,
      words: '',
      saying: { heard: 'Yes,', unheard: ' we are.' },
    };
    const out: OutOfUse[] = [];
    let looks = 0;
    await start({
      live: new LiveCalls({
        ...LIVE,
        glimpseOf: () => {
          looks += 1;
          return glimpse;
        },
        shown: (_call, { words: _, ...shown }) => ({ ...shown, words: 'redacted' }),
        outOfUse: () => out,
      }),
    });
    live.observe({ type: 'started', call: CALL, at: 5, info: callInfo(), agent: 'alice' });
    // Nobody looks on: nothing is looked at.
    expect(looks).toBe(0);
    const socket = connect('/api/stream', { origin, ...(await signedIn(VIEW)) });
    const turns: TurnGlimpse[] = [];
    const told: ToPage[] = [];
    socket.on('message', (data) => {
      const news = JSON.parse((data as Buffer).toString()) as ToPage;
      if (news.type === 'turns') turns.push(...Object.values(news.turns));
      if (news.type === 'providers') told.push(news);
    });
    await expect.poll(() => turns.length, PATIENCE).toBe(1);
    expect(turns[0]).toEqual({ ...glimpse, words: 'redacted' });
    await expect.poll(() => looks, PATIENCE).toBeGreaterThan(3);
    expect(turns).toHaveLength(1);
    glimpse = { phase: 'listening', turn: 2, words: 'four one' };
    out.push({ part: 'llm', provider: 'groq' });
    await expect
      .poll(() => turns.at(-1), PATIENCE)
      .toEqual({ phase: 'listening', turn: 2, words: 'redacted' });
    await expect.poll(() => told, PATIENCE).toEqual([{ type: 'providers', outOfUse: out }]);
    // Who comes later begins with what is so.
    const second = connect('/api/stream', { origin, ...(await signedIn(VIEW)) });
    const [first] = (await once(second, 'message')) as [Buffer];
    expect(JSON.parse(first.toString())).toMatchObject({
      calls: [{ turn: { phase: 'listening' } }],
      outOfUse: out,
    });
    socket.close();
    second.close();
  });

  it('ends a page’s sockets with its session, by signing out or in time, and no other’s', async () => {
    const [leaving, staying] = [await signedIn(OPERATE), await signedIn(OPERATE)];
    const open = async (path: string, cookie: { cookie: string }) => {
      const socket = connect(path, { origin, ...cookie }, path === '/sip' ? ['sip'] : []);
      await once(socket, 'open');
      return socket;
    };
    const theirs = [await open('/api/stream', leaving), await open('/sip', leaving)];
    const others = await open('/api/stream', staying);
    const closed = Promise.all(theirs.map((socket) => once(socket, 'close')));
    expect((await post('/api/sign-out', {}, leaving)).status).toBe(204);
    expect((await closed).map(([code]) => code as number)).toEqual([4401, 4401]);
    // Neither has a copy of the cookie a session any more.
    expect((await get('/api/session', leaving)).status).toBe(401);
    expect(await refusal('/api/stream', { origin, ...leaving })).toBe(401);
    expect(others.readyState).toBe(WebSocket.OPEN);
    expect((await get('/api/session', staying)).status).toBe(200);

    await page.close();
    // A clock that is half a second before the session's end.
    const late = { ...systemClock, wallClock: () => Date.now() + 12 * 3_600_000 - 500 };
    const signIn = new SignIn({ tokens: { operate: OPERATE } });
    const [cookie = ''] = signIn.cookie('operate', Date.now(), false).split(';');
    await start({ signIn, clock: late });
    const ending = await open('/api/stream', { cookie });
    expect((await once(ending, 'close'))[0]).toBe(4401);
  });

  it('answers to no name that isn’t its own, where a proxy on this machine would be believed', async () => {
    await page.close();
    const proxy = { addresses: ['127.0.0.1'], header: 'x-forwarded-user', operators: ['ada'] };
    await start({ signIn: new SignIn({ tokens: {}, proxy, hostNames: ['console.example'] }) });
    const { port } = new URL(origin);
    const as = async (host: string): Promise<number | undefined> => {
      const headers = { host: `${host}:${port}`, 'x-forwarded-user': 'ada' };
      const [response] = (await once(
        request(origin, { path: '/api/session', headers }).end(),
        'response',
      )) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    for (const own of ['127.0.0.1', 'localhost', '[::1]', 'console.example', 'a.localhost'])
      expect(await as(own), own).toBe(200);
    // The page of somebody whose name leads here ("DNS rebinding").
    for (const foreign of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      'console.example.org',
    ])
      expect(await as(foreign), foreign).toBe(421);
    const foreign = {
      host: `evil.example:${port}`,
      origin: `http://evil.example:${port}`,
      'x-forwarded-user': 'ada',
    };
    expect(await refusal('/api/stream', foreign)).toBe(403);
  });

  it('makes one test call at a time, for who may operate', async () => {
    await page.close();
    let made = 0;
    const answer = Promise.withResolvers<readonly TestCall[]>();
    await start({
      testCall: () => {
        made += 1;
        return made === 1 ? answer.promise : Promise.reject(new Error('Asterisk is away'));
      },
    });
    const viewer = await signedIn(VIEW);
    const operator = await signedIn(OPERATE);
    expect(await (await get('/api/session', operator)).json()).toMatchObject({ canTestCall: true });
    expect((await post('/api/test-call', {}, viewer)).status).toBe(403);
    const both = [post('/api/test-call', {}, operator), post('/api/test-call', {}, operator)];
    const database = await open(place);
    await expect.poll(async () => (await listAudit(database, 10)).length, PATIENCE).toBe(2);
    // Its own database answers one question after the other: both wait for the call now.
    await get('/api/messages', operator);
    const call = { server: 'local', codec: 'ulaw', setUpMs: 9, lost: 0, jitterMs: 1, mos: 4.4 };
    answer.resolve([call as TestCall]);
    for (const response of await Promise.all(both)) expect(await response.json()).toEqual([call]);
    expect(made).toBe(1);
    const failed = await post('/api/test-call', {}, operator);
    expect([failed.status, await failed.json()]).toEqual([502, { error: 'Asterisk is away' }]);
  });

  it('has messages done by who may operate, and says by whom', async () => {
    const database = await open(place);
    const message = {
      taken_at: 5,
      agent: 'alice',
      name: 'Bob',
      number: '1002',
      text: 'Call me',
      info: JSON.stringify({ caller: { number: '0301234567' } }),
      state: 'new',
    } as const;
    await database.db
      .insertInto('messages')
      .values({ id: 'm1', call_id: null, ...message })
      .execute();
    const viewer = await signedIn(VIEW);
    const operator = await signedIn(OPERATE);
    expect((await post('/api/messages/done', { id: 'm1' }, viewer)).status).toBe(403);
    const [shown] = (await (await get('/api/messages', viewer)).json()) as object[];
    expect(shown).toMatchObject({ id: 'm1', number: '1002', calledFrom: '0301234567', done: false });
    expect((await post('/api/messages/done', { id: 'm1' }, operator)).status).toBe(204);
    expect((await post('/api/messages/done', { id: 'm2' }, operator)).status).toBe(404);
    expect(await (await get('/api/messages', viewer)).json()).toMatchObject([{ id: 'm1', done: true }]);
    expect(await listAudit(database, 10)).toMatchObject([{ actor: 'token (operate)' }]);
  });

  it('passes a telephone’s SIP on to Asterisk and back', async () => {
    const socket = connect('/sip', { origin, ...(await signedIn(OPERATE)) }, ['sip']);
    socket.on('open', () => {
      socket.send('REGISTER');
    });
    const [answer] = (await once(socket, 'message')) as [Buffer];
    expect(answer.toString()).toBe('Asterisk: REGISTER');
    expect(socket.protocol).toBe('sip');
    for (const far of asterisk.clients) far.terminate();
    expect((await once(socket, 'close'))[0]).toBe(1014);
  });

  it('cuts off who asks too slowly, asks on without an answer, or is turned away and stays', async () => {
    await page.close();
    await start({ requestMs: 200 });
    const cookie = await signedIn(OPERATE);
    /** Our side stays open, and sends on: the connection ends when the other side has destroyed its own. */
    const ended = async (...sent: string[]): Promise<void> => {
      const { port } = new URL(origin);
      const socket = connectTo({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      for (const text of sent) socket.write(text);
      socket.resume();
      const more = setInterval(() => socket.write(' '), 50);
      await closed;
      clearInterval(more);
    };
    const head = `host: ${new URL(origin).host}\r\n`;
    await ended('GET /api/session HTTP/1.1\r\n');
    await ended(`POST /api/sign-in HTTP/1.1\r\n${head}origin: ${origin}\r\ncontent-length: 50\r\n\r\n{`);
    await ended(
      ...Array.from(
        { length: 50 },
        () => `GET /api/figures HTTP/1.1\r\n${head}cookie: ${cookie.cookie}\r\n\r\n`,
      ),
    );
    const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n';
    await ended(
      `GET /api/stream HTTP/1.1\r\n${head}${upgrade}sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    expect((await get('/api/session', cookie)).status).toBe(200);
  });

  it('cuts off a page that sends without end, and takes no number that a database can’t', async () => {
    const cookie = await signedIn(OPERATE);
    const socket = connect('/api/stream', { origin, ...cookie });
    await once(socket, 'open');
    const closed = once(socket, 'close');
    for (let n = 0; n < 200; n++) socket.send('{"listen":null}');
    await closed;
    for (const query of ['figures?days=1e999&offset=1e999', 'calls?since=1e308&slow=NaN&after=x~y']) {
      expect((await get(`/api/${query}`, cookie)).status).toBe(200);
    }
  });

  it('plays a part of a recording, and downloads it as a file, which leaves its trace', async () => {
    const folder = await tempFolder();
    const history = new History({ place, folder, now: () => Date.now(), onWarning: () => undefined });
    closeLater(() => history.close());
    await page.close();
    await start({ history });
    const database = await open(place);
    mkdirSync(join(folder, 'calls'));
    writeFileSync(join(folder, 'calls/a.wav'), 'RIFF0123456789');
    const recording = {
      call_id: 'a',
      file: 'calls/a.wav',
      state: 'complete',
      duration_ms: 1,
      bytes: 14,
    } as const;
    await database.db.insertInto('recordings').values(recording).execute();
    const viewer = await signedIn(VIEW);
    const part = await get('/api/recording?id=a', { ...viewer, range: 'bytes=4-7' });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      'bytes 4-7/14',
      '0123',
    ]);
    expect((await get('/api/recording?id=a', { ...viewer, range: 'bytes=90-' })).status).toBe(416);
    expect(await (await get('/api/recording?id=a', viewer)).text()).toBe('RIFF0123456789');
    const file = await get('/api/download?as=wav&id=a', viewer);
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="a.wav"');
    expect((await get('/api/download?as=exe&id=a', viewer)).status).toBe(404);
    expect((await get('/api/recording?id=b', viewer)).status).toBe(404);
    const actions = (await listAudit(database, 10)).map(({ action }) => action);
    expect(actions.toSorted()).toEqual(['download wav', 'play', 'play', 'play', 'play']);
  });

  it('gives out no file but those of the data directory, whatever the database calls a recording', async () => {
    const parent = await tempFolder();
    const folder = join(parent, 'data');
    mkdirSync(folder);
    const [inside, outside] = [join(folder, 'a.wav'), join(parent, 'data-secret.wav')];
    for (const path of [inside, outside]) writeFileSync(path, 'RIFF');
    const history = new History({ place, folder, now: () => Date.now(), onWarning: () => undefined });
    closeLater(() => history.close());
    await page.close();
    await start({ history });
    const database = await open(place);
    const files = { inside: 'a.wav', beside: '../data-secret.wav', absolute: outside };
    for (const [call_id, file] of Object.entries(files))
      await database.db
        .insertInto('recordings')
        .values({ call_id, file, state: 'complete', duration_ms: 1, bytes: 4 })
        .execute();
    const viewer = await signedIn(VIEW);
    const statuses = Object.keys(files).map(
      async (id) => (await get(`/api/download?as=wav&id=${id}`, viewer)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 404, 404]);
  });

  it('says that the database is away, and has it again when it is back', async () => {
    const { url } = (await newPlace('postgres')) as Extract<DatabasePlace, { kind: 'postgres' }>;
    const far = new URL(url);
    const proxy = await startTcpProxy(Number(far.port));
    closeLater(() => proxy.close());
    far.port = String(proxy.port);
    proxy.refuse();
    place = { kind: 'postgres', url: far.href };
    await page.close();
    await start();
    const viewer = await signedIn(VIEW);
    const away = await get('/api/calls', viewer);
    expect(away.status).toBe(503);
    expect(await away.json()).toMatchObject({
      error: expect.stringContaining('PostgreSQL at 127.0.0.1') as string,
    });
    proxy.admit();
    expect(await (await get('/api/calls', viewer)).json()).toEqual({ calls: [] });
    proxy.refuse();
    proxy.cut();
    for (const query of ['calls', 'calls?words=saturday'])
      expect((await get(`/api/${query}`, viewer)).status, query).toBeGreaterThanOrEqual(500);
    proxy.admit();
    expect((await get('/api/calls', viewer)).status).toBe(200);
  });
});
