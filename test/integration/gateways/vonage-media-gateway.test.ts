import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { MediaEvent } from '../../../src/dialog/contract/call-media.ts';
import { VonageMediaGateway, type VonageGatewayOptions } from '../../../src/gateways/vonage-media-gateway.ts';
import type { VonageMediaSession } from '../../../src/gateways/vonage/vonage-media-session.ts';
import { VONAGE_RATES_HZ, type VonageRateHz } from '../../../src/gateways/vonage/wire.ts';
import { monotonicNow } from '../../../src/lib/clock.ts';
import { AudioRingReader, FRAME_FILLER } from '../../../src/media/audio-ring.ts';
import { FlushLine } from '../../../src/media/flush-line.ts';
import {
  describeMediaGateway,
  readAll,
  spoken,
  until,
  type ContractWire,
  type MediaGatewayHarness,
} from './media-gateway.contract.ts';
import { describePauses } from './pause.contract.ts';
import { noise, withoutSilence } from './sound.ts';
import { MortalThreads } from '../../support/mortal-threads.ts';
import { FarSide, type FarSideOptions } from './vonage/far-side.ts';

const linear = (rateHz: VonageRateHz): ContractWire => ({
  name: `${rateHz} Hz`,
  request: {},
  format: { encoding: 'pcm_s16', rateHz },
  carry: (samples) => samples,
  zero: 0,
});

const harnessAt = (rateHz: VonageRateHz) => async (): Promise<MediaGatewayHarness> => {
  const gateway = await VonageMediaGateway.start({ rateHz });
  const farSides: FarSide[] = [];
  return {
    gateway,
    account: { accuracy: 'reported', toleranceFrames: 2 },
    async call(request) {
      const session = await gateway.reserve(request);
      const far = await FarSide.connect(urlOf(session), { call: request.id, rateHz });
      farSides.push(far);
      await session.attached;
      return {
        session,
        caller: {
          say: (samples) => far.say(samples),
          ear: () => far.heard(),
          press: (digit) => {
            far.press(digit);
            return Promise.resolve();
          },
        },
      };
    },
    async close() {
      await Promise.all(farSides.map((far) => far.close()));
      await gateway.close();
    },
  };
};

describeMediaGateway('Vonage', harnessAt(16000), [linear(16000)]);
for (const rateHz of VONAGE_RATES_HZ) describePauses('Vonage', harnessAt(rateHz), linear(rateHz));

function urlOf(session: VonageMediaSession): string {
  return session.endpoint.url;
}

function pcm(samples: Int16Array, rateHz: VonageRateHz = 16000) {
  return { encoding: 'pcm_s16', rateHz, samples } as const;
}

describe('the Vonage gateway', () => {
  const closers: (() => Promise<unknown>)[] = [];
  const warnings: string[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    warnings.length = 0;
  });

  function mortalThreads(): MortalThreads {
    const threads = new MortalThreads('gateways/vonage/edge-worker.ts');
    closers.push(() => {
      threads.close();
      return Promise.resolve();
    });
    return threads;
  }

  async function start(options: VonageGatewayOptions = {}): Promise<VonageMediaGateway> {
    const gateway = await VonageMediaGateway.start({
      onWarning: (message) => warnings.push(message),
      ...options,
    });
    closers.push(() => gateway.close());
    return gateway;
  }

  async function join(url: string, options: FarSideOptions = {}): Promise<FarSide> {
    const far = await FarSide.connect(url, options);
    closers.push(() => far.close());
    return far;
  }

  async function call(
    options: VonageGatewayOptions = {},
  ): Promise<{ gateway: VonageMediaGateway; session: VonageMediaSession; far: FarSide }> {
    const gateway = await start(options);
    const session = await gateway.reserve({ id: 'call' });
    const far = await join(urlOf(session), { rateHz: options.rateHz ?? 16000 });
    await session.attached;
    return { gateway, session, far };
  }

  describe.each(VONAGE_RATES_HZ)('at %i Hz', (rateHz) => {
    it('carries both voices as they are, in messages of 20 ms', async () => {
      const { session, far } = await call({ rateHz });
      const frame = rateHz / 50;
      const [question, answer] = [noise(6 * frame, 1), noise(6 * frame, 2)];
      const playback = session.play();
      await playback.write(pcm(answer, rateHz));
      playback.end();
      await far.say(question);
      expect(await playback.finished).toMatchObject({ playedMs: 120, accuracy: 'reported' });
      await until(() => spoken(session.heard).length >= question.length);
      expect(spoken(session.heard)).toEqual(question);
      expect(withoutSilence(far.heard(), frame)).toEqual(answer);
      expect(session.stats()).toMatchObject({ packetsReceived: 6, packetsSent: 6 });
    });
  });

  describe('the Vonage gateway’s one-time URLs', () => {
    it('one connection for each URL, and never a second one', async () => {
      const { gateway, session } = await call();
      await expect(FarSide.connect(urlOf(session))).rejects.toThrow('HTTP 410');
      expect(gateway.counts).toMatchObject({ mediaUsed: 1, mediaUnknown: 0 });
      await until(() => warnings.length > 0);
      expect(warnings).toEqual([expect.stringContaining('its URL has been used already')]);
    });

    it('refuse an unknown URL', async () => {
      const gateway = await start();
      const { endpoint } = await gateway.reserve({ id: 'call' });
      const { url } = endpoint;
      expect(new URL(url).pathname).toMatch(/^\/media\/[A-Za-z0-9_-]{43}$/);
      await expect(FarSide.connect(`${url.slice(0, -3)}AAA`)).rejects.toThrow('HTTP 404');
      await expect(FarSide.connect(`${url}/x`)).rejects.toThrow('HTTP 404');
      expect(gateway.counts).toMatchObject({ mediaUnknown: 1, upgradesRefused: 1 });
    });

    it('refuse an earlier URL once there is a new one', async () => {
      const { gateway, session, far } = await call();
      const first = session.endpoint.renew();
      const second = session.endpoint.renew();
      await expect(FarSide.connect(first!)).rejects.toThrow('HTTP 410');
      await join(second!);
      expect(await far.closed).toBe(1006);
      expect(gateway.counts.mediaLate).toBe(1);
    });

    it('stay valid after a handshake that failed', async () => {
      const gateway = await start();
      const session = await gateway.reserve({ id: 'call' });
      const url = new URL(urlOf(session));
      const handshakes = [
        { 'Sec-WebSocket-Version': '12', 'Sec-WebSocket-Key': 'x'.repeat(22) + '==' },
        { 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'short' },
        {},
      ];
      for (const headers of handshakes) {
        const lines = Object.entries({ Host: 'a', Connection: 'Upgrade', Upgrade: 'websocket', ...headers });
        const socket = connect(gateway.port, '127.0.0.1');
        const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
        socket.write(`GET ${url.pathname} HTTP/1.1\r\n${text}\r\n`);
        const [answer] = (await once(socket, 'data')) as [Buffer];
        expect(answer.toString()).toMatch(/^HTTP\/1\.1 400/);
        socket.destroy();
      }
      await join(urlOf(session));
      await session.attached;
      expect(gateway.counts).toMatchObject({ upgradesRefused: 3, mediaUsed: 0 });
    });

    it('refuse a connection that comes too late', async () => {
      const gateway = await start({ ticketMs: 1 });
      const session = await gateway.reserve({ id: 'call' });
      await new Promise((resolve) => setTimeout(resolve, 20));
      await expect(FarSide.connect(urlOf(session))).rejects.toThrow('HTTP 410');
      expect(gateway.counts.mediaLate).toBe(1);
      const closed = await gateway.reserve({ id: 'closed' });
      const url = urlOf(closed);
      await closed.close();
      await expect(closed.attached).rejects.toMatchObject({ code: 'MEDIA_NOT_ATTACHED' });
      await expect(FarSide.connect(url)).rejects.toThrow('HTTP 410');
    });

    it('refuse a connection with another sample rate, or without one', async () => {
      const gateway = await start({ limits: { greetMs: 1000 } });
      const greetings: [FarSideOptions, number][] = [
        [{ rateHz: 8000 }, 1003],
        [{ greeting: '{"event":"websocket:dtmf","digit":"5"}' }, 1008],
        [{ greeting: 'hello' }, 1008],
        [{ greets: false }, 1008],
        [{ call: 'another' }, 1008],
        [{ greeting: '{"event":"websocket:connected","content-type":"audio/l16;rate=16000"}' }, 1008],
      ];
      for (const [options, code] of greetings) {
        const session = await gateway.reserve({ id: 'call' });
        const far = await join(urlOf(session), options);
        expect(await far.closed).toBe(code);
        await session.close();
        await expect(session.attached).rejects.toMatchObject({ code: 'MEDIA_NOT_ATTACHED' });
      }
      expect(gateway.counts).toMatchObject({ ratesWrong: 1, greetingsWrong: 5, connectionsDropped: 0 });
    });
  });

  it('is reached through a path of a proxy, whether that takes the path away or not', async () => {
    const gateway = await start({ publicUrl: 'https://agent.example/voice/' });
    for (const path of ['/voice/media/', '/media/']) {
      const session = await gateway.reserve({ id: 'call' });
      const url = urlOf(session);
      expect(url).toMatch(/^wss:\/\/agent\.example\/voice\/media\//);
      await join(`ws://127.0.0.1:${gateway.port}${path}${url.split('/').at(-1)!}`);
      await session.attached;
    }
  });

  it('sends in real time, no more than a little ahead of it', async () => {
    const { session, far } = await call();
    const playback = session.play();
    await playback.write(pcm(noise(32000, 3)));
    await until(() => playback.playedMs() >= 600);
    // 600 ms were played; in all 2 s are there to be sent.
    expect(far.arrivals.length).toBeGreaterThanOrEqual(30);
    expect(far.arrivals.length).toBeLessThan(60);
  });

  it('sends nothing while there is nothing to say', async () => {
    const { session, far } = await call();
    const sent = new AudioRingReader(session.sent, 0);
    await until(() => sent.written >= 15);
    expect(far.arrivals).toEqual([]);
    expect(readAll(sent).every(({ flags }) => flags & FRAME_FILLER)).toBe(true);
  });

  it('clears what the far side has buffered when the agent is interrupted', async () => {
    const { session, far } = await call();
    const playback = session.play();
    await playback.write(pcm(noise(32000, 4)));
    await until(() => playback.playedMs() >= 100);
    // In whatever thread that is decided.
    const line = new FlushLine(session.flushLine);
    line.arm();
    line.trip();
    const account = await playback.finished;
    expect(account.outcome).toBe('flushed');
    expect(far.commands.filter(({ action }) => action === 'clear')).toHaveLength(1);
    const played = far.ear.length / 16;
    expect(Math.abs(played - account.playedMs)).toBeLessThanOrEqual(60);
  });

  it('counts an utterance as played when the far side says so, not before', async () => {
    const { session, far } = await call();
    const playback = session.play();
    await playback.write(pcm(noise(6400, 5)));
    playback.end();
    await until(() => far.ear.length > 0);
    far.stalled = true;
    await until(() => playback.playedMs() === 400);
    let finished = false;
    void playback.finished.then(() => (finished = true));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(finished).toBe(false);
    far.stalled = false;
    expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 400 });
    expect(far.ear.length).toBeGreaterThanOrEqual(6400 - 320);
  });

  it('doesn’t count as heard what a far side that stood still never played', async () => {
    const { session, far } = await call();
    const playback = session.play();
    await playback.write(pcm(noise(48000, 6)));
    await until(() => far.ear.length >= 16 * 300);
    far.stalled = true;
    const heardMs = far.ear.length / 16;
    await new Promise((resolve) => setTimeout(resolve, 600));
    session.flush();
    const account = await playback.finished;
    expect(account.outcome).toBe('flushed');
    // The far side’s silence tells it, to within a marker.
    expect(account.playedMs).toBeLessThanOrEqual(heardMs + 140);
    expect(account.playedMs).toBeGreaterThanOrEqual(heardMs - 60);
  });

  it('waits for a far side that is behind', async () => {
    const { session, far } = await call();
    const playback = session.play();
    await playback.write(pcm(noise(64000, 7)));
    await until(() => far.ear.length >= 16 * 300);
    far.stalled = true;
    await new Promise((resolve) => setTimeout(resolve, 400));
    far.stalled = false;
    const then = far.ear.length;
    await until(() => far.ear.length >= then + 16 * 700);
    // It was 400 ms behind; by now it isn't any more, to within a marker and a loaded machine's delays.
    expect(Math.abs(playback.playedMs() - far.ear.length / 16)).toBeLessThan(250);
  });

  it('goes on with another connection when one drops', async () => {
    const { gateway, session, far } = await call();
    const lost: MediaEvent[] = [];
    session.on((event) => lost.push(event));
    const playback = session.play();
    const sound = noise(16000, 8);
    await playback.write(pcm(sound));
    playback.end();
    await until(() => playback.playedMs() >= 200);
    far.socket.terminate();
    await far.closed;
    session.endpoint.renew();
    const again = await join(urlOf(session));
    const account = await playback.finished;
    expect(account).toMatchObject({ outcome: 'completed', playedMs: 1000 });
    expect(again.ear.length).toBeGreaterThan(0);
    expect(lost).toEqual([]);
    expect(gateway.counts.connectionsDropped).toBe(1);
  });

  it('is lost when the connection drops and no other one comes', async () => {
    const { session, far } = await call({ limits: { reattachMs: 50 } });
    const playback = session.play();
    await playback.write(pcm(noise(16000, 9)));
    const lost = new Promise<MediaEvent>((resolve) => session.on(resolve));
    far.socket.terminate();
    expect(await lost).toMatchObject({
      type: 'lost',
      reason: expect.stringMatching(/gone \(it closed with 1006\)/) as string,
    });
    expect((await playback.finished).outcome).toBe('closed');
    expect(session.endpoint.renew()).toBeUndefined();
  });

  it('notices a far side that is silent without having closed', async () => {
    const gateway = await start({ limits: { silentMs: 100, reattachMs: 50 } });
    const session = await gateway.reserve({ id: 'call' });
    const far = await join(urlOf(session), { client: { autoPong: false } });
    const ended = far.closed;
    await until(() => gateway.counts.connectionsDropped === 1);
    await ended;
  });

  it('is content with the pongs of a far side that has nothing to say', async () => {
    const { gateway, far } = await call({ limits: { silentMs: 90 } });
    let pings = 0;
    far.socket.on('ping', () => (pings += 1));
    await until(() => pings >= 9); // three times what silence may last
    expect(far.socket.readyState).toBe(far.socket.OPEN);
    expect(gateway.counts.connectionsDropped).toBe(0);
  });

  it('takes no flood of pings', async () => {
    const { gateway, far } = await call({ limits: { reattachMs: 50 } });
    for (let n = 0; n < 2000; n++) far.socket.ping();
    expect([1006, 1008]).toContain(await far.closed);
    // How many come before the end is a matter of sockets.
    expect(gateway.counts.messagesTooMany).toBeGreaterThan(0);
  });

  it('gives up a far side that is alive but plays nothing', { timeout: 15_000 }, async () => {
    const { gateway, session, far } = await call({ limits: { stalledMs: 200, reattachMs: 50 } });
    const playback = session.play();
    await playback.write(pcm(noise(64000, 12)));
    await until(() => far.ear.length >= 16 * 300);
    far.stalled = true;
    await far.closed;
    expect(gateway.counts.connectionsDropped).toBe(1);
    expect(Math.abs(playback.playedMs() - far.ear.length / 16)).toBeLessThan(300);
  });

  it('counts what it can’t use, and goes on', async () => {
    const { gateway, session, far } = await call();
    far.socket.send('no json');
    far.socket.send('[]');
    far.socket.send('{"event":"websocket:dtmf","digit":"55"}');
    far.socket.send('{"event":"websocket:later"}');
    far.socket.send('{"event":"websocket:notify","payload":{"marker":99}}');
    far.socket.send(Buffer.alloc(320));
    far.socket.send(Buffer.alloc(0));
    await far.say(noise(320, 10));
    await until(() => session.stats().packetsReceived === 1);
    expect(session.stats().packetsMalformed).toBe(5);
    expect(gateway.counts).toMatchObject({ messagesMalformed: 3, messagesUnknown: 2 });
  });

  it('ends a connection that sends a message larger than any can be', async () => {
    const { gateway, far } = await call({ limits: { reattachMs: 50 } });
    far.socket.send(Buffer.alloc(70_000));
    expect(await far.closed).toBe(1009);
    expect(gateway.counts).toMatchObject({ protocolErrors: 1, connectionsDropped: 0 });
  });

  it('takes no flood', async () => {
    const { gateway, session, far } = await call({ limits: { reattachMs: 50 } });
    for (let n = 0; n < 2000; n++) far.socket.send(Buffer.alloc(640));
    expect(await far.closed).toBe(1008);
    expect(session.stats().framesDropped).toBeGreaterThan(900);
    expect(gateway.counts.messagesTooMany).toBe(1001);
    expect(gateway.counts.connectionsDropped).toBe(0);
  });

  it('refuses requests that are none of its paths, too large, or not HTTP', async () => {
    const gateway = await start({
      paths: ['/answer'],
      limits: { maxBodyBytes: 100, answerMs: 50 },
      onRequest: ({ path, query, body, method }) =>
        body === 'never'
          ? new Promise(() => undefined)
          : Promise.resolve({ status: 200, body: `${method} ${path} ${query} ${body}` }),
    });
    const base = `http://127.0.0.1:${gateway.port}`;
    const post = (body: string): RequestInit => ({ method: 'POST', body });
    const good = await fetch(`${base}/answer?to=1&from=2`, post('hello'));
    expect([good.status, await good.text()]).toEqual([200, 'POST /answer to=1&from=2 hello']);
    expect((await fetch(`${base}/`)).status).toBe(404);
    expect((await fetch(`${base}/answer`, post('x'.repeat(101)))).status).toBe(413);
    expect((await fetch(`${base}/answer`, post('never'))).status).toBe(503);
    const socket = connect(gateway.port, '127.0.0.1');
    socket.end('nonsense\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400/);
    expect((await fetch(`${base}/answer`, { headers: { long: 'x'.repeat(20_000) } })).status).toBe(431);
    expect(gateway.counts).toMatchObject({ requestsUnknown: 1, requestsRefused: 3, requestsUnanswered: 1 });
    await until(() => warnings.length >= 3);
    expect(warnings).toEqual([
      'a request is refused: "/" is no path of ours',
      'a request is refused: its body has more than 100 bytes',
      'a request is refused: no answer was found within 50 ms',
    ]);
  });

  it('keeps no connection of who is turned away and doesn’t close their side', async () => {
    const gateway = await start({
      paths: ['/answer'],
      limits: { maxConnections: 1 },
      onRequest: () => Promise.resolve({ status: 200 }),
    });
    const socket = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.write('nonsense\r\n\r\n');
    await once(socket.resume(), 'end');
    const asked = (): Promise<number> =>
      fetch(`http://127.0.0.1:${gateway.port}/answer`).then(
        ({ status }) => status,
        () => 0,
      );
    await expect.poll(asked, { timeout: 5000 }).toBe(200);
    socket.destroy();
  });

  it('answers nobody who asks again and again without waiting, and who asks too often for a minute', async () => {
    let asked = 0;
    const gateway = await start({
      paths: ['/answer'],
      limits: { requestsPerMinute: 5 },
      onRequest: () => {
        asked += 1;
        return Promise.resolve({ status: 200 });
      },
    });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /answer HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(400));
    await once(socket.resume(), 'close');
    expect(asked).toBeLessThanOrEqual(1);
    const statuses = [];
    for (let n = 0; n < 6; n += 1)
      statuses.push((await fetch(`http://127.0.0.1:${gateway.port}/answer`)).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([200, 429]);
  });

  it('refuses connections beyond the most that there may be', async () => {
    const { gateway, far } = await call({ limits: { maxConnections: 1 } });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'close');
    expect(gateway.counts.connectionsTooMany).toBe(1);
    await until(() => warnings.length > 0);
    expect(warnings).toEqual(['a connection is refused: there are 1 already']);
    expect(far.socket.readyState).toBe(far.socket.OPEN);
  });

  it('counts nothing when a connection ends as it should, and says why when it doesn’t', async () => {
    const { gateway, session, far } = await call();
    far.socket.close(1000);
    await far.closed;
    const again = await join(session.endpoint.renew()!);
    again.socket.terminate();
    await until(() => warnings.length > 0);
    expect(warnings).toEqual(['the media connection of call dropped: it closed with 1006']);
    expect(gateway.counts.connectionsDropped).toBe(1);
  });

  it('keeps its calls when its thread dies: they go on by another connection, where they were, on one timeline', async () => {
    const threads = mortalThreads();
    const { gateway, session, far } = await call({ supervision: threads.supervision });
    const { port } = gateway;
    const events: MediaEvent[] = [];
    session.on((event) => events.push(event));
    const waiting = await gateway.reserve({ id: 'waiting' });
    const sound = noise(16_000, 21);
    const playback = session.play();
    await playback.write(pcm(sound));
    playback.end();
    await until(() => playback.playedMs() >= 200);
    threads.end('throw');
    await far.closed;
    const before = withoutSilence(far.heard(), 320);
    await until(() => gateway.restarts === 1 && gateway.trouble === undefined);
    expect(gateway.port).toBe(port);
    expect(warnings).toEqual([expect.stringMatching(/died .*2 calls are to be connected again/)]);
    // The URL that has let its connection in lets nobody else in; the one that hasn't still does.
    await expect(FarSide.connect(urlOf(session))).rejects.toThrow('HTTP 404');
    await join(urlOf(waiting), { call: 'waiting' });
    await waiting.attached;

    const again = await join(session.endpoint.renew()!);
    expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 1000 });
    const after = withoutSilence(again.heard(), 320);
    // What came again is the end of what was said; nothing but what was under way is missing.
    expect(after).toEqual(sound.subarray(sound.length - after.length));
    expect(before.length + after.length).toBeGreaterThan(sound.length - 10 * 320);
    const question = noise(6 * 320, 22);
    await again.say(question);
    await until(() => spoken(session.heard).length >= question.length);
    expect(spoken(session.heard)).toEqual(question);
    const { startedAt = 0 } = session.stats();
    const frames = new AudioRingReader(session.sent).written;
    expect(Math.abs(frames - (monotonicNow() - startedAt) / 20)).toBeLessThan(10);
    expect(events).toEqual([]);
  });

  it('settles what was said to its end when its thread dies, and gives up who doesn’t come again', async () => {
    const threads = mortalThreads();
    const { supervision } = threads;
    const { gateway, session, far } = await call({ supervision, limits: { reattachMs: 300 } });
    const lost = new Promise<MediaEvent>((resolve) => session.on(resolve));
    far.stalled = true; // it tells of nothing any more
    const playback = session.play();
    await playback.write(pcm(noise(3200, 23)));
    playback.end();
    await until(() => playback.playedMs() === 200);
    threads.end('throw');
    expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 200 });
    expect((await lost).type).toBe('lost');
    expect(session.endpoint.renew()).toBeUndefined();
    expect(gateway.restarts).toBe(1);
  });

  it('loses its calls when its thread is given up, and takes the next one on the same port', async () => {
    const threads = mortalThreads();
    const supervision = { ...threads.supervision, threadPolicy: { failuresAMinute: 0, reviveAfterMs: 200 } };
    const { gateway, session } = await call({ supervision });
    const { port } = gateway;
    const lost = new Promise<MediaEvent>((resolve) => session.on(resolve));
    const waiting = await gateway.reserve({ id: 'waiting' });
    threads.end('throw');
    expect((await lost).type).toBe('lost');
    await expect(waiting.attached).rejects.toMatchObject({ code: 'MEDIA_NOT_ATTACHED' });
    expect(waiting.endpoint.renew()).toBeUndefined();
    await session.close();
    await until(() => warnings.length > 0);
    await expect
      .poll(async () => (await gateway.reserve({ id: 'next' }).catch(() => undefined))?.id, { timeout: 4000 })
      .toBe('next');
    expect(gateway.port).toBe(port);
    const next = await gateway.reserve({ id: 'after' });
    await join(urlOf(next), { call: 'after' });
    await next.attached;
  });

  it('says which port it can’t have', async () => {
    const gateway = await start();
    await expect(VonageMediaGateway.start({ port: gateway.port })).rejects.toMatchObject({
      code: 'MEDIA_PORT_UNAVAILABLE',
      message: expect.stringContaining(`port ${gateway.port}`) as string,
    });
  });
});
