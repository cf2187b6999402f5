import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import type { AriEvent } from '../../../../src/telephony/asterisk/ari-model.ts';
import { EventStream, type StreamState } from '../../../../src/telephony/asterisk/event-stream.ts';
import { createTestLog, eventually } from '../../../support/ari-desk.ts';
import { AriServer } from '../../../support/ari-server.ts';

vi.setConfig({ testTimeout: 20_000 });

let server: AriServer;
let stream: EventStream | undefined;
let events: AriEvent[];
let states: StreamState[];
let free: boolean;
let log: ReturnType<typeof createTestLog>;

async function open(
  overrides: {
    onEvent?: (event: AriEvent) => void;
    connectTimeoutMs?: number;
    pingMs?: number;
    url?: string;
  } = {},
) {
  const {
    url = server.url,
    onEvent = (event: AriEvent) => events.push(event),
    connectTimeoutMs = 5000,
    pingMs = 400,
  } = overrides;
  stream = await EventStream.open({
    server: { name: 'pbx', url, ...server.credentials },
    app: 'voice-agent',
    clock: systemClock,
    log,
    onEvent,
    onState: (state) => states.push(state),
    isFree: () => Promise.resolve(free),
    connectTimeoutMs,
    pingMs,
    standByMs: 10,
    backOff: { firstMs: 5, longestMs: 20 },
  });
  return stream;
}

beforeEach(async () => {
  server = new AriServer();
  await server.start();
  [events, states, free, log] = [[], [], true, createTestLog()];
});

afterEach(async () => {
  await stream?.close();
  stream = undefined;
  await server.stop();
});

describe('the event stream', () => {
  it('registers the app and brings its events in order', async () => {
    await open();
    expect(server.apps).toEqual(['voice-agent']);
    const caller = server.call();
    server.tell(caller.id, 'ChannelDtmfReceived', { digit: '5' });
    server.hangUp(caller.id);
    await eventually('the end', () => events.some(({ type }) => type === 'ChannelDestroyed'));
    expect(events.map(({ type }) => type)).toEqual([
      'StasisStart',
      'ChannelDtmfReceived',
      'StasisEnd',
      'ChannelDestroyed',
    ]);
  });

  it('tells once of what goes wrong again and again', async () => {
    const opened = await open();
    for (let n = 0; n < 500; n += 1) server.sendRaw('voice-agent', '{"type": "ChannelDtmf');
    await eventually('all are counted', () => opened.stats().malformed === 500);
    for (let n = 2; n < 7; n += 1) {
      server.dropStream();
      await eventually('it is back', () => opened.stats().opened === n);
    }
    const told = log.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);
    expect(told).toEqual([
      'ARI events could not be read',
      'the ARI event stream was lost',
      'the ARI event stream is back',
    ]);
  });

  it('tells of each reason why it can’t come back once', async () => {
    const opened = await open();
    await server.stop();
    await eventually(
      'many attempts',
      () => log.lines.filter(({ message }) => message === 'no ARI event stream yet').length > 5,
    );
    expect(
      log.lines.filter(({ level, message }) => level === 'warn' && message === 'no ARI event stream yet'),
    ).toHaveLength(1);
    expect(opened.stats().state).not.toBe('open');
  });

  it('survives bad JSON, unknown events and a handler that throws, and counts them', async () => {
    const seen: string[] = [];
    const opened = await open({
      onEvent: (event) => {
        seen.push(event.type);
        if (event.type === 'StasisStart') throw new Error('a broken handler');
      },
    });
    server.sendRaw('voice-agent', '{"type": "StasisStart", "chan');
    server.sendRaw('voice-agent', '[]');
    server.sendRaw('voice-agent', '{"type":"EventOfTheFuture","application":"voice-agent"}');
    const caller = server.call();
    server.hangUp(caller.id);
    await eventually('the end', () => seen.includes('ChannelDestroyed'));
    expect(opened.stats()).toMatchObject({ malformed: 2, others: 1, events: 3, opened: 1, state: 'open' });
    expect(log.text()).toContain('a broken handler');
  });

  it('comes back after it was cut', async () => {
    const opened = await open();
    server.dropStream();
    await eventually('a second connection', () => opened.stats().opened === 2);
    server.call();
    await eventually('an event on it', () => events.length === 1);
    expect(states).toEqual(['open', 'waiting', 'connecting', 'open']);
  });

  it('notices a half-open connection by itself, and replaces it', async () => {
    const opened = await open({ pingMs: 40 });
    server.freezeStream();
    await eventually('a second connection', () => opened.stats().opened === 2);
    expect(log.text()).toContain('nothing was heard');
  });

  it('keeps a silent connection that answers pings', async () => {
    const opened = await open({ pingMs: 100 });
    await systemClock.sleep(350);
    expect(opened.stats()).toMatchObject({ opened: 1, state: 'open' });
  });

  it('never gives up while Asterisk is away', async () => {
    const opened = await open();
    await server.stop();
    await eventually('thirty tries', () => states.filter((state) => state === 'connecting').length >= 30);
    await server.start();
    await eventually('the connection', () => opened.stats().state === 'open');
    expect(opened.stats().opened).toBe(2);
  });

  it('stands by when another consumer takes the name, until the name is free', async () => {
    const opened = await open();
    free = false;
    const other = await EventStream.open({
      server: { name: 'other', url: server.url, ...server.credentials },
      app: 'voice-agent',
      clock: systemClock,
      log,
      onEvent: () => undefined,
      onState: () => undefined,
      isFree: () => Promise.resolve(true),
      connectTimeoutMs: 500,
      pingMs: 1000,
      standByMs: 10,
    });
    await eventually('stand-by', () => opened.stats().state === 'replaced');
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        fields: expect.objectContaining({ code: 'ARI_APP_TAKEN' }) as object,
      }),
    );
    await systemClock.sleep(100);
    expect(other.stats()).toMatchObject({ opened: 1, state: 'open' });
    await other.close();
    free = true;
    await eventually('the name again', () => opened.stats().state === 'open');
  });

  it('carries its credentials in a header, not in its URL, and never logs them', async () => {
    let request = '';
    const listener: Server = createServer((socket) => {
      socket.on('data', (data) => {
        request += data.toString();
        socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await expect(open({ url: `http://127.0.0.1:${port ?? 0}` })).rejects.toMatchObject({
      code: 'ARI_REQUEST_FAILED',
      status: 404,
    });
    const [line = ''] = request.split('\r\n');
    expect(line).toContain('/ari/events?app=voice-agent');
    expect(line).not.toContain('secret');
    expect(line).not.toContain('api_key');
    expect(request).toContain(`Basic ${btoa('agent:secret of "ari"')}`);
    expect(log.text()).not.toContain('secret');
    listener.close();
  });

  it('gives up its first connection in time when nothing answers, and says so', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const opening = open({ url: `http://127.0.0.1:${port ?? 0}`, connectTimeoutMs: 50 });
    await expect(opening).rejects.toMatchObject({ code: 'ARI_UNREACHABLE' });
    silent.close();
  });

  it('can be closed at any moment, more than once, and leaves no socket', async () => {
    const opened = await open();
    await Promise.all([opened.close(), opened.close()]);
    await eventually('no connection', () => server.connections === 0);
    expect(opened.stats().state).toBe('closed');

    const frozen = await open();
    server.freezeStream();
    await frozen.close();
    expect(frozen.stats().state).toBe('closed');

    const second = await open();
    await server.stop();
    await eventually(
      'it waits',
      () => second.stats().state === 'waiting' || second.stats().state === 'connecting',
    );
    await second.close();
    expect(second.stats().state).toBe('closed');
  });
});
