/**
 * 10,000 hostile messages (4,000 texts and 3,000 binary ones on WebSockets, 3,000 webhooks) against the real
 * listener, gateway and call control: each that is refused is counted once, nothing is left, and a good call
 * goes well afterwards.
 */
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VonageMediaGateway } from '../../src/gateways/vonage-media-gateway.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createSignatureCheck } from '../../src/telephony/vonage/signed-webhook.ts';
import { VonageApp, WEBHOOK_PATHS } from '../../src/telephony/vonage/vonage-app.ts';
import { createVonageRest } from '../../src/telephony/vonage/vonage-rest.ts';
import { createTestDesk, createTestLog, eventually } from '../support/ari-desk.ts';
import { startVonageCloud, type VonageCloud } from '../support/vonage/cloud.ts';
import type { VonageCall } from '../support/vonage/call.ts';
import { hostileBinary, hostileRequest, hostileText, verdictOf } from '../support/vonage/hostile.ts';

const SEED = 20_261_122;
const [TEXTS, BINARIES, WEBHOOKS] = [4000, 3000, 3000];
/** What fits in the burst that a connection may send. */
const [TEXTS_EACH, BINARIES_EACH] = [80, 150];
const NUMBER = '15550100001';

let cloud: VonageCloud;
let gateway: VonageMediaGateway;
let app: VonageApp;
const desk = createTestDesk();
const log = createTestLog();
let atRest: ReturnType<typeof inUse>;
let filesAtRest: number;
let memoryAtRest: number;

beforeAll(async () => {
  cloud = await startVonageCloud();
  const { account } = cloud;
  gateway = await VonageMediaGateway.start({
    paths: WEBHOOK_PATHS,
    onRequest: (request) => app.handle(request),
    onWarning: () => undefined,
  });
  app = new VonageApp({
    desk,
    gateway,
    clock: systemClock,
    log,
    publicUrl: gateway.publicUrl,
    signature: createSignatureCheck({
      secret: account.signatureSecret,
      applicationId: account.applicationId,
      wallClock: () => Date.now(),
    }),
    rest: createVonageRest({
      apiUrl: cloud.url,
      applicationId: account.applicationId,
      privateKey: account.privateKey,
      wallClock: () => Date.now(),
    }),
    numbers: { [NUMBER]: '510001' },
    texts: { language: 'en', busy: 'Busy.', trouble: 'Trouble.' },
    settings: { attachMs: 5000, departments: {} },
  });
  cloud.link({
    answerUrl: `${gateway.publicUrl}/answer`,
    eventUrl: `${gateway.publicUrl}/event`,
    fallbackUrl: `${gateway.publicUrl}/fallback`,
  });
  await goodCall();
  atRest = inUse();
  filesAtRest = openFiles();
  memoryAtRest = memoryInUse();
});
afterAll(async () => {
  await cloud.close();
  await app.close();
  await gateway.close();
});

/** A call in which each side hears the other, and that is hung up. */
async function goodCall(): Promise<void> {
  const call = cloud.call({ to: NUMBER, from: '447700900123' });
  const leg = await call.answered;
  const seen = await eventually('its session', () =>
    desk.calls.find(({ info }) => info.key.channel === call.uuid),
  );
  const tone = Int16Array.from({ length: 3200 }, (_, i) => 1 + (i % 5000));
  const playback = seen.media.play();
  await playback.write({ encoding: 'pcm_s16', rateHz: 16_000, samples: tone });
  playback.end();
  expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 200 });
  expect(leg.heard.samples().filter((sample) => sample !== 0)).toEqual(tone);
  const before = seen.media.stats().packetsReceived;
  await leg.until(() => seen.media.stats().packetsReceived > before + 5);
  await call.hangUp();
  await eventually('its end', () => seen.events.some(({ type }) => type === 'ended'));
  await eventually('nothing is left', () => app.callCount === 0 && gateway.sessionCount === 0);
}

function inUse() {
  return { calls: app.callCount, sessions: gateway.sessionCount };
}

/** Bytes of the calls' rings, in whichever thread, that something refers to. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().arrayBuffers;
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Calls, whose sockets have nothing to say but what the test says. */
async function openCalls(count: number): Promise<VonageCall[]> {
  const calls = Array.from({ length: count }, () =>
    cloud.call({ to: NUMBER, from: '447700900123', faults: { media: { silenceSuppressed: true } } }),
  );
  await Promise.all(calls.map((call) => call.answered));
  for (const call of calls) await seenOf(call);
  return calls;
}

function seenOf(call: VonageCall) {
  return eventually('its session', () => desk.calls.find(({ info }) => info.key.channel === call.uuid));
}

async function endAll(calls: readonly VonageCall[]): Promise<void> {
  await Promise.all(calls.map((call) => call.hangUp()));
  await eventually('nothing is left', () => app.callCount === 0 && gateway.sessionCount === 0);
}

describe('10,000 hostile messages', { timeout: 120_000 }, () => {
  it(`sent as text on WebSockets (${TEXTS}): each is taken for what it is, or counted once`, async () => {
    const texts = fc.sample(hostileText, { numRuns: TEXTS, seed: SEED });
    const expected = { dtmf: 0, cleared: 0, malformed: 0, unknown: 0 };
    for (const text of texts) expected[verdictOf(text)] += 1;
    expect(Math.min(...Object.values(expected))).toBeGreaterThan(20); // it would be no test otherwise
    const before = gateway.counts;
    const calls = await openCalls(TEXTS / TEXTS_EACH);
    let keys = 0;
    for (const call of calls) {
      (await seenOf(call)).media.on((event) => {
        if (event.type === 'dtmf') keys += 1;
      });
    }
    calls.forEach(({ leg }, n) => {
      for (const text of texts.slice(n * TEXTS_EACH, (n + 1) * TEXTS_EACH)) leg.sendText(text);
    });
    const told = () => {
      const now = gateway.counts;
      return {
        malformed: now.messagesMalformed - before.messagesMalformed,
        unknown: now.messagesUnknown - before.messagesUnknown,
        tooMany: now.messagesTooMany - before.messagesTooMany,
      };
    };
    await eventually('all have been read', () => {
      const { malformed, unknown, tooMany } = told();
      return malformed + unknown + tooMany >= expected.malformed + expected.unknown;
    });
    expect(told()).toEqual({ malformed: expected.malformed, unknown: expected.unknown, tooMany: 0 });
    await eventually('all keys have come', () => keys >= expected.dtmf);
    expect(keys).toBe(expected.dtmf);
    expect(calls.every(({ leg }) => leg.open)).toBe(true);
    await endAll(calls);
  });

  it(`sent as binary messages on WebSockets (${BINARIES}): those that aren't 20 ms are counted once`, async () => {
    const messages = fc.sample(hostileBinary, { numRuns: BINARIES, seed: SEED });
    const good = messages.filter(({ length }) => length === 640).length;
    expect(good).toBeGreaterThan(20);
    const calls = await openCalls(BINARIES / BINARIES_EACH);
    calls.forEach(({ leg }, n) => {
      for (const one of messages.slice(n * BINARIES_EACH, (n + 1) * BINARIES_EACH)) leg.sendBinary(one);
    });
    const stats = await Promise.all(calls.map(async (call) => (await seenOf(call)).media));
    const sum = (name: 'packetsMalformed' | 'packetsReceived' | 'framesDropped') =>
      stats.reduce((total, media) => total + media.stats()[name], 0);
    await eventually('all have been read', () => sum('packetsMalformed') >= BINARIES - good);
    expect(sum('packetsMalformed')).toBe(BINARIES - good);
    await eventually('the good ones, too', () => sum('packetsReceived') + sum('framesDropped') >= good);
    expect(calls.every(({ leg }) => leg.open)).toBe(true);
    await endAll(calls);
  });

  it(`sent as webhooks (${WEBHOOKS}): each is refused with one status, and counted once`, async () => {
    const requests = fc.sample(hostileRequest(cloud.account), { numRuns: WEBHOOKS, seed: SEED });
    const [edge, hooks] = [gateway.counts, app.counts];
    const wrong: string[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let one = requests[next++]; one; one = requests[next++]) {
        const { what, method, path, headers, body, status } = one;
        const response = await fetch(`${gateway.publicUrl}${path}`, {
          method,
          headers,
          ...(body === undefined ? {} : { body: body as string }),
        }).catch((error: unknown) => ({ status: 0, text: () => Promise.resolve(String(error)) }));
        const text = await response.text();
        if (!status.includes(response.status))
          wrong.push(`${what}: ${response.status} ${text} ${method} ${path}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(wrong).toEqual([]);
    const expected = (name: string) => requests.filter(({ counted }) => counted === name).length;
    expect(app.counts.forged - hooks.forged).toBe(expected('forged'));
    expect(app.counts.malformed - hooks.malformed).toBe(expected('malformed'));
    expect(gateway.counts.requestsUnknown - edge.requestsUnknown).toBe(expected('requestsUnknown'));
    expect(gateway.counts.requestsRefused - edge.requestsRefused).toBe(expected('requestsRefused'));
    expect(new Set(requests.map(({ counted }) => counted)).size).toBe(5);
    // Calls that were taken wait for their media in vain.
    await eventually('nothing is left', () => app.callCount === 0 && gateway.sessionCount === 0);
    expect(inUse()).toEqual(atRest);
    const refusals = log.lines.filter(({ fields }) => fields['code'] === 'VONAGE_WEBHOOK_REFUSED');
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals.every(({ message }) => /^a webhook is refused: \S/.test(message))).toBe(true);
  });

  it('survives floods, oversized messages, bytes that are no HTTP, and broken handshakes', async () => {
    const before = gateway.counts;
    const [flood, huge, silent] = await openCalls(3);
    for (let i = 0; i < 1500; i += 1) flood!.leg.sendText('{"event":"websocket:cleared"}');
    expect(await flood!.leg.ended).toMatchObject({ by: 'application', code: 1008 });
    huge!.leg.sendBinary(new Uint8Array(70_000));
    expect(await huge!.leg.ended).toMatchObject({ code: 1009 });
    // A connection that a synchronous `connect` has made again is as good as the first.
    await eventually('both are connected again', () => flood!.legs.length === 2 && huge!.legs.length === 2);
    const { uri } = lastEndpoint(silent!);
    await expect(silent!.connectAgain()).rejects.toMatchObject({ status: 410 });
    await expect(silent!.connectAgain({}, () => uri.replace(/[^/]+$/, 'guess'))).rejects.toMatchObject({
      status: 404,
    });
    await expect(silent!.connectAgain({}, () => uri.replace('/media/', '/'))).rejects.toMatchObject({
      status: 404,
    });
    const port = gateway.port;
    for (const bytes of [
      '\x16\x03\x01\x02\x00',
      'GET\r\n\r\n',
      `GET / HTTP/1.1\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`,
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.on('data', () => undefined).on('error', () => undefined);
        socket.on('close', () => {
          resolve();
        });
      });
    }
    const after = gateway.counts;
    expect(after.messagesTooMany - before.messagesTooMany).toBe(1001);
    expect(after.connectionsDropped - before.connectionsDropped).toBe(0);
    expect(after.protocolErrors - before.protocolErrors).toBe(1);
    expect(after.mediaUsed - before.mediaUsed).toBe(1);
    expect(after.mediaUnknown - before.mediaUnknown).toBe(1);
    expect(after.upgradesRefused - before.upgradesRefused).toBe(1);
    expect(after.requestsRefused - before.requestsRefused).toBe(3);
    await endAll([flood!, huge!, silent!]);
  });

  it('leave nothing behind, and a good call goes well', async () => {
    await goodCall();
    expect(inUse()).toEqual(atRest);
    // Connections that are kept alive go by themselves after a while.
    await eventually('sockets are given back', () => openFiles() <= filesAtRest + 10, 20_000);
    // The desk of this test keeps every session with its rings.
    desk.calls.splice(0);
    // Buffers are given back a while after they were found to be garbage, and in another thread.
    const grownBy = (): number => (memoryInUse() - memoryAtRest) / 1e6;
    await eventually('the memory of the calls is given back', () => grownBy() < 25, 20_000);
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

function lastEndpoint(call: VonageCall): { uri: string } {
  for (const action of call.nccos.flat().reverse()) {
    if (action.action === 'connect' && action.endpoint.type === 'websocket') return action.endpoint;
  }
  throw new Error('no WebSocket');
}
