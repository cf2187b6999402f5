/** The emulator itself, against the smallest application: what the reference says, it does. */
import { createHmac, createSign } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createKeys, sha256 } from '../../support/vonage/account.ts';
import { samplesOf } from '../../support/vonage/line-sound.ts';
import { startVonageCloud, type CloudOptions, type VonageCloud } from '../../support/vonage/cloud.ts';
import { checkNcco } from '../../support/vonage/ncco.ts';
import { PlayoutBuffer } from '../../support/vonage/playout.ts';
import {
  connectTo,
  startStubApplication,
  type StubApplication,
  type StubReply,
  type StubRequest,
} from '../../support/vonage/stub-application.ts';

const CALL = { to: '15550100001', from: '447700900123' };
const FRAME = 640;

let cloud: VonageCloud | undefined;
let application: StubApplication | undefined;
afterEach(async () => {
  await cloud?.close();
  await application?.close();
  cloud = application = undefined;
});

async function start(
  reply: (request: StubRequest, url: string) => StubReply = (request, url) =>
    request.path === '/answer' ? { body: connectTo(url) } : {},
  options: CloudOptions & { refuse?: boolean } = {},
) {
  application = await startStubApplication(reply, () => options.refuse !== true);
  cloud = await startVonageCloud(options);
  cloud.link(application.urls);
  return { cloud, application };
}

function claimsOf(authorization: string | undefined) {
  const [head = '', body = '', signature = ''] = authorization?.replace('Bearer ', '').split('.') ?? [];
  const read = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  return { header: read(head), claims: read(body), signed: `${head}.${body}`, signature };
}

/** A token as an application makes it. */
function token(key: string, claims: Record<string, unknown>, alg = 'RS256'): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;
  return `Bearer ${signed}.${createSign('sha256').update(signed).sign(key, 'base64url')}`;
}

describe('The emulated Vonage, before the call is connected,', () => {
  it('asks with GET by default, and signs the query in the order of its parameters', async () => {
    const parts = await start();
    const call = parts.cloud.call({ ...CALL, more: { 'SipHeader_X-User': '1938ND9' } });
    await call.answered;
    const asked = parts.application.requests.find(({ path }) => path === '/answer')!;
    expect(asked.method).toBe('GET');
    expect(asked.query).toMatchObject({ ...CALL, uuid: call.uuid, 'SipHeader_X-User': '1938ND9' });
    expect(asked.query['conversation_uuid']).toMatch(/^CON-/);
    const { header, claims, signed, signature } = claimsOf(asked.authorization);
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
    const { account } = parts.cloud;
    expect(claims).toMatchObject({
      iss: 'Vonage',
      api_key: account.apiKey,
      application_id: account.applicationId,
      payload_hash: sha256(JSON.stringify(asked.query)),
    });
    expect(Math.abs(Number(claims['iat']) - Date.now() / 1000)).toBeLessThan(5);
    expect(createHmac('sha256', account.signatureSecret).update(signed).digest('base64url')).toBe(signature);
  });

  it('asks with POST where the application wants it, and signs the body', async () => {
    const parts = await start();
    parts.cloud.link({ ...parts.application.urls, answerMethod: 'POST' });
    await parts.cloud.call(CALL).answered;
    const asked = parts.application.requests.find(({ path }) => path === '/answer')!;
    expect(asked.method).toBe('POST');
    expect(JSON.parse(asked.body)).toMatchObject(CALL);
    expect(claimsOf(asked.authorization).claims['payload_hash']).toBe(sha256(asked.body));
  });

  it.each([
    ['leaves it out', { kind: 'none' } as const, undefined],
    ['takes another secret', { kind: 'wrong-secret' } as const, 'HS256'],
    ['signs nothing', { kind: 'unsigned' } as const, 'none'],
    ['dates it back', { iatShiftS: -3600 }, 'HS256'],
  ])('spoils the signature on request: %s', async (_how, signature, alg) => {
    const parts = await start();
    await parts.cloud.call({ ...CALL, faults: { signature } }).answered;
    const { authorization } = parts.application.requests.find(({ path }) => path === '/answer')!;
    if (alg === undefined) {
      expect(authorization).toBeUndefined();
      return;
    }
    const { header, claims, signed, signature: own } = claimsOf(authorization);
    expect(header['alg']).toBe(alg);
    const right = createHmac('sha256', parts.cloud.account.signatureSecret)
      .update(signed)
      .digest('base64url');
    const stale = Date.now() / 1000 - Number(claims['iat']) > 3000;
    expect(own === right && !stale).toBe(false);
  });

  it('asks once more after 503, then at the fallback URL with the reason', async () => {
    const parts = await start((request, url) => {
      if (request.path === '/answer') return { status: 503 };
      return request.path === '/fallback' ? { body: connectTo(url) } : {};
    });
    parts.cloud.link({ ...parts.application.urls, fallbackUrl: `${parts.application.url}/fallback` });
    await parts.cloud.call(CALL).answered;
    const paths = parts.application.requests.map(({ path }) => path).filter((path) => path !== '/event');
    expect(paths).toEqual(['/answer', '/answer', '/fallback']);
    const { query } = parts.application.requests.find(({ path }) => path === '/fallback')!;
    expect(query).toMatchObject({ ...CALL, reason: 'HTTP status 503' });
    expect(JSON.parse(query['original_request'] ?? '')).toMatchObject({ type: 'answer' });
  });

  it('doesn’t ask again after 401, and ends the call', async () => {
    const parts = await start(({ path }) => (path === '/answer' ? { status: 401 } : {}));
    const call = parts.cloud.call(CALL);
    expect(await call.ended).toBe('no NCCO');
    expect(parts.application.requests.filter(({ path }) => path === '/answer')).toHaveLength(1);
  });

  it('tells the event URL what is wrong with an NCCO', async () => {
    const parts = await start((request, url) =>
      request.path === '/answer' ? { body: connectTo(url, { 'content-type': 'audio/l16;rate=11025' }) } : {},
    );
    const call = parts.cloud.call(CALL);
    await call.ended;
    await call.hangUp();
    expect(call.complaints).toEqual([expect.stringMatching(/^Syntax error in NCCO.*11025/)]);
    const events = parts.application.requests.map(({ body }) => body);
    expect(events.join()).toContain('Syntax error in NCCO');
  });

  it.each([
    ['two endpoints', { action: 'connect', endpoint: [{ type: 'phone', number: '447700900001' }, {}] }],
    ['an unknown action', { action: 'hangup' }],
    ['an unknown option', { action: 'talk', text: 'Hello', voice: 'Amy' }],
    ['too long a text', { action: 'talk', text: 'a'.repeat(1501) }],
    ['a number with a plus', { action: 'connect', endpoint: [{ type: 'phone', number: '+447700900001' }] }],
    ['too many headers', connectTo('ws://h', { headers: { a: 'a'.repeat(512) } })[0]],
    ['an http URL', connectTo('ws://h', { uri: 'https://h/' })[0]],
  ])('refuses an NCCO with %s', (_what, action) => {
    expect(() => checkNcco([action])).toThrow(/Syntax error in NCCO/);
  });
});

describe('The emulated Vonage, on the WebSocket,', () => {
  it('introduces itself, then sends 20 ms every 20 ms, silence included', async () => {
    const parts = await start();
    const { leg } = await connected(parts.cloud);
    await leg.until(() => leg.said.durationMs >= 400);
    const { application } = parts;
    expect(JSON.parse(application.texts[0]!)).toEqual({
      event: 'websocket:connected',
      'content-type': 'audio/l16;rate=16000',
      call: 'one',
    });
    await expect.poll(() => application.lengths.length).toBeGreaterThanOrEqual(20);
    expect(new Set(application.lengths)).toEqual(new Set([FRAME]));
    const tookMs = Date.now() - leg.said.startedAt;
    expect(Math.abs(leg.said.durationMs - tookMs)).toBeLessThan(60);
  });

  it('says what the caller says, in the rate that was asked for', async () => {
    const parts = await start((request, url) =>
      request.path === '/answer' ? { body: connectTo(url, {}, 24_000) } : {},
    );
    const { call, leg } = await connected(parts.cloud);
    const tone = Int16Array.from({ length: 4000 }, (_, i) => 8000 * Math.sin((2 * Math.PI * 500 * i) / 8000));
    const utterance = await call.say(tone);
    expect(utterance).not.toBe(false);
    expect(parts.application.lengths.at(-1)).toBe(960);
    const said = leg.said.samples();
    const zeros = said.reduce((n, sample, i) => n + (i > 0 && said[i - 1]! < 0 && sample >= 0 ? 1 : 0), 0);
    expect(zeros).toBeGreaterThanOrEqual(249);
    expect(zeros).toBeLessThanOrEqual(251);
  });

  it('plays what it gets in real time, however fast it came, and loses no sample of it', async () => {
    const parts = await start();
    const { leg } = await connected(parts.cloud);
    const frames = Array.from({ length: 30 }, (_, i) => frame(1000 + i));
    const begun = Date.now();
    for (const one of frames) parts.application.sockets[0]!.send(one);
    await leg.until(() => leg.playout.deepest > 10);
    await leg.until(() => leg.messages === 30 && leg.playout.size === 0);
    expect(Date.now() - begun).toBeGreaterThan(500);
    const ear = leg.heard.samples().filter((sample) => sample !== 0);
    expect([...ear]).toEqual(frames.flatMap((one) => [...samplesOf(one)]));
  });

  it('stops at once on clear, answers websocket:cleared, and plays what comes after it', async () => {
    const parts = await start();
    const { leg } = await connected(parts.cloud);
    const [socket] = parts.application.sockets;
    for (let i = 0; i < 100; i += 1) socket!.send(frame(1));
    await leg.until(() => leg.heard.samples().includes(1));
    socket!.send(JSON.stringify({ action: 'notify', payload: { name: 'lost' } }));
    socket!.send(JSON.stringify({ action: 'clear' }));
    socket!.send(frame(2));
    await expect.poll(() => parts.application.texts).toContain('{"event":"websocket:cleared"}');
    await leg.until(() => leg.heard.samples().includes(2));
    const ear = leg.heard.samples();
    expect(leg.playout.cleared).toBeGreaterThan(50);
    expect(ear.filter((sample) => sample === 1).length).toBeLessThan(50 * 320);
    expect(ear.lastIndexOf(1)).toBeLessThan(ear.indexOf(2));
    expect(parts.application.texts.filter((text) => text.includes('lost'))).toEqual([]);
  });

  it('answers notify when what came before it has been played, in order', async () => {
    const parts = await start();
    const { leg } = await connected(parts.cloud);
    const [socket] = parts.application.sockets;
    const sizes: number[] = [];
    socket!.on('message', (data: Buffer, isBinary) => {
      if (!isBinary && data.includes('websocket:notify')) sizes.push(leg.playout.size);
    });
    for (const name of ['first', 'second']) {
      for (let i = 0; i < 10; i += 1) socket!.send(frame(3));
      socket!.send(JSON.stringify({ action: 'notify', payload: { name } }));
    }
    await expect
      .poll(() => parts.application.texts.slice(1))
      .toEqual([
        '{"event":"websocket:notify","payload":{"name":"first"}}',
        '{"event":"websocket:notify","payload":{"name":"second"}}',
      ]);
    expect(sizes[0]).toBeLessThanOrEqual(10);
    expect(sizes[1]).toBe(0);
  });

  it('cuts the connection without a close when a frame has another size', async () => {
    const parts = await start();
    const { call } = await connected(parts.cloud);
    const closed = new Promise<number>((resolve) => parts.application.sockets[0]!.on('close', resolve));
    parts.application.sockets[0]!.send(Buffer.alloc(FRAME / 2));
    expect(await closed).toBe(1006);
    expect(await call.ended).toBe('the NCCO was done');
    expect(call.complaints).toEqual(['unexpected frame size 320, when required 640']);
    expect(call.legEnds).toMatchObject([{ by: 'cut' }]);
  });

  it('complains of text that the reference doesn’t know', async () => {
    const parts = await start();
    const { leg } = await connected(parts.cloud);
    parts.application.sockets[0]!.send('{"action":"flush"}');
    await leg.until(() => leg.complaints.length > 0);
    expect(leg.complaints[0]).toContain('flush');
  });

  it('sends keys as it should, and on request what it shouldn’t', async () => {
    const parts = await start(undefined);
    const call = parts.cloud.call({
      ...CALL,
      faults: { media: { framesPerMessage: 2, connectedRateHz: 8000 } },
    });
    const leg = await call.answered;
    leg.press('5');
    leg.sendText('{oops');
    await expect.poll(() => parts.application.texts.length).toBe(3);
    expect(parts.application.texts).toEqual([
      '{"event":"websocket:connected","content-type":"audio/l16;rate=8000","call":"one"}',
      '{"event":"websocket:dtmf","digit":"5","duration":260}',
      '{oops',
    ]);
    await expect.poll(() => parts.application.lengths).toContain(2 * FRAME);
  });

  it('signs the handshake where the NCCO wants it', async () => {
    const parts = await start((request, url) =>
      request.path === '/answer' ? { body: connectTo(url, { authorization: { type: 'vonage' } }) } : {},
    );
    await connected(parts.cloud);
    const { claims } = claimsOf(parts.application.handshakes[0]!.headers.authorization);
    expect(claims).toMatchObject({ iss: 'Vonage', application_id: parts.cloud.account.applicationId });
  });

  it('loses what finds no room in the buffer, and counts it', () => {
    const buffer = new PlayoutBuffer();
    for (let i = 0; i < 3100; i += 1) buffer.push(frame(i));
    expect(buffer).toMatchObject({ size: 3072, overflowed: 28 });
  });

  it('answers the notifications that a clear takes away, if that is what is to be tried', () => {
    const buffer = new PlayoutBuffer({ notifiesOnClear: 'answer' });
    buffer.push(frame(1));
    buffer.notify({ name: 'a' });
    expect(buffer.clear()).toEqual([{ name: 'a' }]);
    expect(buffer.tick()).toEqual({ frame: undefined, notified: [] });
  });
});

describe('The emulated Vonage, when a call ends,', () => {
  it('tells both legs’ events in order, and the duration', async () => {
    const parts = await start();
    const { call } = await connected(parts.cloud);
    await call.hangUp();
    const events = parts.application.requests
      .filter(({ path }) => path === '/event')
      .map(({ body }) => JSON.parse(body) as Record<string, string>);
    const phone = events.filter(({ uuid }) => uuid === call.uuid);
    const socket = events.filter(({ uuid }) => uuid !== call.uuid);
    expect(phone.map(({ status }) => status)).toEqual(['started', 'ringing', 'answered', 'completed']);
    expect(socket.map(({ status }) => status)).toEqual(['started', 'answered', 'completed']);
    expect(socket[0]).toMatchObject({ direction: 'outbound', headers: { call: 'one' } });
    expect(phone.at(-1)).toMatchObject({ direction: 'inbound', duration: '1', network: 'GB-FIXED' });
  });

  it('tells of a socket that the application closed, and goes on with its answer', async () => {
    const synchronous = (url: string) =>
      connectTo(url).map((action) => ({ ...(action as object), eventType: 'synchronous' }));
    const parts = await start((request, url) => {
      if (request.path === '/answer') return { body: synchronous(url) };
      const { status } = JSON.parse(request.body) as { status?: string };
      return status === 'disconnected' ? { body: [{ action: 'talk', text: 'We were cut off.' }] } : {};
    });
    const { call } = await connected(parts.cloud);
    parts.application.sockets[0]!.close(1011, 'oops');
    expect(await call.ended).toBe('the NCCO was done');
    expect(call.spoken).toEqual(['We were cut off.']);
    expect(call.legEnds).toMatchObject([{ by: 'application', code: 1011, reason: 'oops' }]);
  });

  it('is hung up through the REST API, without a disconnected event', async () => {
    const parts = await start();
    const { call } = await connected(parts.cloud);
    const response = await rest(parts.cloud, call.uuid, { action: 'hangup' });
    expect(response.status).toBe(204);
    expect(await call.ended).toBe('hung up through the REST API');
    await call.hangUp();
    expect(parts.application.requests.map(({ body }) => body).join()).not.toContain('disconnected');
  });

  it('is transferred to another NCCO, and put through to a telephone', async () => {
    const parts = await start();
    const { call, leg } = await connected(parts.cloud);
    const ncco = [
      { action: 'talk', text: 'One moment.' },
      { action: 'connect', from: CALL.to, endpoint: [{ type: 'phone', number: '447700900999' }] },
    ];
    const response = await rest(parts.cloud, call.uuid, {
      action: 'transfer',
      destination: { type: 'ncco', ncco },
    });
    expect(response.status).toBe(204);
    expect((await leg.ended).by).toBe('vonage');
    await expect.poll(() => call.connectedTo).toEqual(['447700900999']);
    expect(call.spoken).toEqual(['One moment.']);
  });

  it('sends keys to the caller’s telephone', async () => {
    const parts = await start();
    const { call } = await connected(parts.cloud);
    const response = await rest(parts.cloud, `${call.uuid}/dtmf`, { digits: '17#' });
    expect(await response.json()).toEqual({ message: 'DTMF sent', uuid: call.uuid });
    expect(call.digitsHeard).toEqual(['1', '7', '#']);
  });

  it.each([
    ['no token', () => undefined, 401],
    ['another key', (own: VonageCloud) => token(createKeys().privateKey, tokenClaims(own)), 401],
    [
      'another application',
      (own: VonageCloud) => token(own.account.privateKey, { ...tokenClaims(own), application_id: 'x' }),
      401,
    ],
    [
      'an old token',
      (own: VonageCloud) => token(own.account.privateKey, { ...tokenClaims(own), iat: 1_600_000_000 }),
      401,
    ],
    ['a right one', (own: VonageCloud) => token(own.account.privateKey, tokenClaims(own)), 404],
  ])('refuses a REST request with %s', async (_what, authorization, status) => {
    const parts = await start();
    const header = authorization(parts.cloud);
    const response = await fetch(`${parts.cloud.url}/v1/calls/63f61863-4a51-4f6b-86e1-46edebcf9356`, {
      method: 'PUT',
      body: '{"action":"hangup"}',
      headers: {
        'Content-Type': 'application/json',
        ...(header === undefined ? {} : { Authorization: header }),
      },
    });
    expect(response.status).toBe(status);
  });
});

function frame(value: number): Buffer {
  const bytes = Buffer.alloc(FRAME);
  for (let at = 0; at < FRAME; at += 2) bytes.writeInt16LE(value, at);
  return bytes;
}

async function connected(own: VonageCloud) {
  const call = own.call(CALL);
  const leg = await call.answered;
  await expect.poll(() => application?.sockets.length).toBe(1);
  return { call, leg };
}

function tokenClaims(own: VonageCloud) {
  return { application_id: own.account.applicationId, iat: Math.floor(Date.now() / 1000), jti: 'unique' };
}

function rest(own: VonageCloud, path: string, body: unknown): Promise<Response> {
  return fetch(`${own.url}/v1/calls/${path}`, {
    method: 'PUT',
    headers: {
      'Content-Type': 'application/json',
      Authorization: token(own.account.privateKey, tokenClaims(own)),
    },
    body: JSON.stringify(body),
  });
}
