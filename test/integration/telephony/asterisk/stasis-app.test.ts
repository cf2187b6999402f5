import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import type { CallInfo } from '../../../../src/dialog/contract/call-info.ts';
import { objectIds } from '../../../../src/telephony/asterisk/object-ids.ts';
import { startStasisApp, type StasisApp } from '../../../../src/telephony/asterisk/stasis-app.ts';
import type { StasisAppOptions } from '../../../../src/telephony/asterisk/stasis-options.ts';
import { createTestDesk, createTestLog, eventually, type TestDesk } from '../../../support/ari-desk.ts';
import { createTestGateway, type TestGateway } from '../../../support/ari-media-gateway.ts';
import { AriServer, type FakeChannel } from '../../../support/ari-server.ts';

vi.setConfig({ testTimeout: 20_000 });

let server: AriServer;
let gateway: TestGateway;
let desk: TestDesk;
let log: ReturnType<typeof createTestLog>;
let app: StasisApp | undefined;

/** Long where a slow machine must not spoil a test, short where a test waits for it. */
const SETTINGS = {
  pingMs: 500,
  claimMs: 150,
  standByMs: 20,
  sweepPauseMs: 20,
  joinPauseMs: 2,
  letGoCheckMs: 30,
};
/** For tests in which something never comes. */
const HASTY = { requestMs: 400, setUpMs: 300, enterMs: 100 };
const HASTY_CLOSE = { requestMs: 400, closeMs: 300 };

async function start(options: Partial<StasisAppOptions> = {}): Promise<StasisApp> {
  app = await startStasisApp({
    server: { name: 'pbx', url: server.url, ...server.credentials, app: 'voice-agent', instance: 'a' },
    desk,
    gateway,
    clock: systemClock,
    log,
    ...options,
    settings: { ...SETTINGS, ...options.settings },
  });
  return app;
}

/** What is left in Asterisk and in the gateway, apart from callers. */
function leftovers(): object {
  return {
    external: [...server.channels.values()].filter(({ name }) => name.startsWith('UnicastRTP')).length,
    bridges: server.bridges.size,
    sessions: gateway.open(),
    unfinished: app?.stats().unfinished,
  };
}

const BOB_INSTEAD = { type: 'caller-changed', caller: { name: 'Bob', number: '1002' } };
const NOTHING = { external: 0, bridges: 0, sessions: 0, unfinished: 0 };

const cleanedUp = async (): Promise<void> => {
  await eventually(
    'everything is given back',
    () => JSON.stringify(leftovers()) === JSON.stringify(NOTHING),
  ).catch(() => undefined);
  expect(leftovers()).toEqual(NOTHING);
};

const continued = (caller: FakeChannel): Promise<boolean> =>
  eventually('the caller goes on in the dialplan', () => caller.history.includes('continued'));

const gone = (caller: FakeChannel): Promise<boolean> =>
  eventually('the caller is hung up', () => caller.history.includes('hung up'));

beforeEach(async () => {
  server = new AriServer();
  await server.start();
  [gateway, desk, log] = [createTestGateway(), createTestDesk(), createTestLog()];
});

afterEach(async () => {
  await app?.close();
  app = undefined;
  await gateway.close();
  await server.stop();
});

describe('a caller', () => {
  it('is bridged with the media session before the session runs, and answered by it', async () => {
    await start();
    const caller = server.call({ exten: '510002' });
    const { info, line, media } = await desk.call(0);
    expect(info).toEqual({
      key: { server: 'pbx', channel: caller.id },
      direction: 'in',
      dialled: '510002',
      caller: { number: '1001', name: 'Alice' },
      variables: {},
    });
    const [members] = [...server.bridges.values()];
    expect(members?.size).toBe(2);
    expect(members?.has(caller.id)).toBe(true);
    expect(gateway.sessions[0]?.peer()).toEqual({ address: '127.0.0.1', port: 10042 });
    expect(media).toBe(gateway.sessions[0]);
    expect(caller.state).toBe('Ring');
    const before = systemClock.now();
    const [first, second] = await Promise.all([line.answer(), line.answer()]);
    expect(first).toBeGreaterThanOrEqual(before);
    expect(second).toBe(first);
    expect(caller.history).toEqual(['answered']);
  });

  it('is served by own ids, an IP endpoint and the agent’s codec', async () => {
    desk.codec = 'alaw';
    await start();
    server.call();
    await desk.call(0);
    const [request] = server.requestsFor('POST', /externalMedia/);
    const endpoint = gateway.sessions[0]?.endpoint;
    if (endpoint?.transport !== 'rtp') throw new Error('no RTP endpoint');
    expect(Object.fromEntries(request?.query ?? [])).toMatchObject({
      app: 'voice-agent',
      external_host: `${endpoint.address}:${endpoint.port}`,
      format: 'alaw',
      direction: 'both',
    });
    expect(request?.query.get('channelId')).toMatch(/^voice-agent-a-media-[0-9a-f]{16}$/);
    expect([...server.bridges.keys()][0]).toMatch(/^voice-agent-a-bridge-[0-9a-f]{16}$/);
  });

  it('keeps its own law under "auto", so that Asterisk needn’t transcode', async () => {
    desk.codec = 'auto';
    await start();
    server.call();
    await desk.call(0);
    expect(gateway.sessions[0]?.request.codec).toBe('alaw');
  });

  it('gets the law that is set for "auto" when their telephone speaks no G.711', async () => {
    desk.codec = 'auto';
    await start({ settings: { fallbackCodec: 'alaw' } });
    // An empty one is one that Asterisk can't tell.
    for (const [index, format] of ['(opus)', '(ulaw)', ''].entries()) {
      server.call().variables['CHANNEL(audionativeformat)'] = format;
      await desk.call(index);
    }
    expect(gateway.sessions.map(({ request }) => request.codec)).toEqual(['alaw', 'ulaw', 'alaw']);
  });

  it('brings the chosen channel variables to the desk', async () => {
    await start({ channelVariables: ['VIP', 'UNSET', 'CHANNEL(audionativeformat)'] });
    const caller = server.call({ silently: true });
    caller.variables.VIP = 'gold';
    server.sendRaw(
      'voice-agent',
      JSON.stringify({ type: 'StasisStart', args: ['510001'], channel: { id: caller.id, dialplan: {} } }),
    );
    const { info } = await desk.call(0);
    expect(info.variables).toEqual({ VIP: 'gold', 'CHANNEL(audionativeformat)': '(alaw)' });
  });

  it('presses keys, is put on hold and taken back', async () => {
    await start();
    const caller = server.call();
    const { events } = await desk.call(0);
    server.tell(caller.id, 'ChannelDtmfReceived', { digit: '7', duration_ms: 100 });
    server.tell(caller.id, 'ChannelHold', { musicclass: 'default' });
    server.tell(caller.id, 'ChannelHold', { musicclass: 'default' });
    server.tell(caller.id, 'ChannelUnhold');
    server.tell(caller.id, 'ChannelUnhold');
    server.tell(caller.id, 'ChannelDtmfReceived', { digit: '8' });
    await eventually('its last key', () => events.at(-1)?.type === 'dtmf' && events.length > 1);
    expect(events).toEqual([
      { type: 'dtmf', digit: '7' },
      { type: 'hold' },
      { type: 'unhold' },
      { type: 'dtmf', digit: '8' },
    ]);
  });

  it('hangs up: the session is told, and everything is given back', async () => {
    await start();
    const caller = server.call();
    const { events } = await desk.call(0);
    server.hangUp(caller.id);
    await cleanedUp();
    expect(events).toEqual([{ type: 'ended', reason: 'caller-hung-up' }]);
  });

  it('is hung up by the session', async () => {
    await start();
    const caller = server.call();
    const { line, events } = await desk.call(0);
    await line.hangUp();
    await gone(caller);
    await cleanedUp();
    expect(events).toEqual([{ type: 'ended', reason: 'agent-hung-up' }]);
  });

  it('is hung up when the session returns', async () => {
    await start();
    const caller = server.call();
    (await desk.call(0)).finish();
    await gone(caller);
    await cleanedUp();
  });

  it('goes on in the dialplan with the session’s variables', async () => {
    await start();
    const caller = server.call();
    const { line } = await desk.call(0);
    await line.proceed({ VOICE_AGENT_RESULT: 'transfer', VOICE_AGENT_DEPARTMENT: 'sales', 'BAD NAME': 'x' });
    await continued(caller);
    expect(caller.variables).toMatchObject({
      VOICE_AGENT_RESULT: 'transfer',
      VOICE_AGENT_DEPARTMENT: 'sales',
    });
    expect(caller.variables).not.toHaveProperty('BAD NAME');
    await cleanedUp();
    expect(server.channels.has(caller.id)).toBe(true);
  });

  it('can come back from the dialplan and is a new call', async () => {
    await start();
    const caller = server.call();
    await (await desk.call(0)).line.proceed({});
    await continued(caller);
    server.channels.delete(caller.id);
    server.call({ id: caller.id });
    expect((await desk.call(1)).info.key.channel).toBe(caller.id);
  });

  it('goes on in the dialplan when the session breaks', async () => {
    await start();
    const caller = server.call();
    (await desk.call(0)).fail(new Error('broken'));
    await continued(caller);
    expect(caller.variables).toMatchObject({
      VOICE_AGENT_RESULT: 'error',
      VOICE_AGENT_REASON: 'session-failed',
    });
    await cleanedUp();
  });

  it('isn’t left in silence when the media is lost: it goes on in the dialplan', async () => {
    await start();
    const caller = server.call();
    const { events } = await desk.call(0);
    gateway.sessions[0]?.lose('the worker died');
    await continued(caller);
    expect(caller.variables.VOICE_AGENT_REASON).toBe('media-lost');
    await cleanedUp();
    expect(events).toEqual([{ type: 'ended', reason: 'media-lost' }]);
  });

  it('goes on in the dialplan when its bridge or its external channel is taken away', async () => {
    await start();
    const first = server.call();
    await desk.call(0);
    server.destroyBridge([...server.bridges.keys()][0] ?? '');
    await continued(first);
    const second = server.call();
    await desk.call(1);
    const external = [...server.channels.values()].find(({ name }) => name.startsWith('UnicastRTP'));
    server.hangUp(external?.id ?? '');
    await continued(second);
    await cleanedUp();
  });

  it('is replaced by another channel (a transfer of the phone’s) and the call goes on', async () => {
    await start();
    const caller = server.call();
    const { events, line } = await desk.call(0);
    const other = server.replace(caller.id, '1700000000.99');
    server.tell(other.id, 'ChannelDtmfReceived', { digit: '1' });
    await eventually('its key', () => events.length === 2);
    expect(events).toEqual([BOB_INSTEAD, { type: 'dtmf', digit: '1' }]);
    expect(desk.asked).toHaveLength(1);
    await line.hangUp();
    await gone(other);
    await cleanedUp();
  });

  it('is replaced before the session runs, which is told of it all the same', async () => {
    await start();
    const caller = server.call();
    await eventually('its call', () => desk.asked.length === 1);
    const other = server.replace(caller.id, '1700000000.99');
    const { events, line } = await desk.call(0);
    await eventually('who is there', () => events.length === 1);
    expect(events).toEqual([BOB_INSTEAD]);
    await line.hangUp();
    await gone(other);
  });

  it('is not on hold any more when another channel takes the place of the one that was', async () => {
    await start();
    const caller = server.call();
    const { events } = await desk.call(0);
    server.tell(caller.id, 'ChannelHold');
    const other = server.replace(caller.id, '1700000000.99');
    server.tell(other.id, 'ChannelDtmfReceived', { digit: '1' });
    await eventually('its key', () => events.at(-1)?.type === 'dtmf');
    expect(events).toEqual([{ type: 'hold' }, { type: 'unhold' }, BOB_INSTEAD, { type: 'dtmf', digit: '1' }]);
  });

  it('goes on in the dialplan where the one whose place they took would have', async () => {
    await start();
    const caller = server.call();
    const { line } = await desk.call(0);
    const other = server.replace(caller.id, '1700000000.99');
    await line.proceed({ VOICE_AGENT_RESULT: 'transfer' });
    await continued(other);
    expect(other.dialplan).toMatchObject({ context: 'voice-agent-call', exten: '510001', priority: 5 });
    await cleanedUp();
  });
});

describe('a caller who can’t be taken', () => {
  it('goes on in the dialplan as the desk says, and nothing is set up', async () => {
    desk.refuse = { kind: 'proceed', variables: { VOICE_AGENT_RESULT: 'busy' } };
    await start();
    const caller = server.call();
    await continued(caller);
    expect(caller.variables.VOICE_AGENT_RESULT).toBe('busy');
    expect(caller.history).not.toContain('answered');
    expect(server.requestsFor('POST', /externalMedia|bridges/)).toEqual([]);
  });

  it('goes on while draining; calls that run are left alone', async () => {
    const running = await start();
    server.call();
    const { events } = await desk.call(0);
    running.drain();
    const late = server.call();
    await continued(late);
    expect(late.variables.VOICE_AGENT_RESULT).toBe('draining');
    // The desk knows of the caller, and that it can't have them.
    expect(desk.asked).toHaveLength(2);
    expect(desk.abandoned).toEqual(['draining']);
    expect(desk.calls).toHaveLength(1);
    expect(events).toEqual([]);
    expect(running.stats()).toMatchObject({ calls: 1, draining: true });
  });

  it('goes on when the desk itself breaks', async () => {
    await start({
      desk: {
        admit: () => {
          throw new Error('a broken desk');
        },
      },
    });
    const caller = server.call();
    await continued(caller);
    expect(caller.variables.VOICE_AGENT_RESULT).toBe('error');
  });
});

describe('a set-up that goes wrong', () => {
  it('is over at once when the media refuses its peer, not when its time is', async () => {
    gateway.attaches = new Error('udp4 does not reach ::1');
    await start({ settings: { setUpMs: 60_000 } });
    const caller = server.call();
    await continued(caller);
    expect(caller.variables.VOICE_AGENT_REASON).toBe('media-not-attached');
    expect(log.text()).toContain('udp4 does not reach ::1');
    await cleanedUp();
  });

  const troubles: [string, () => void][] = [
    ['the gateway has no room', () => (gateway.beforeReserve = () => Promise.reject(new Error('full')))],
    ['the media never attaches', () => (gateway.attaches = false)],
    ['the media refuses its peer', () => (gateway.attaches = new Error('udp4 does not reach ::1'))],
    ['the external channel never enters the app', () => (server.externalEnters = 'never')],
    ['the answer names no peer', () => (server.externalAddress = undefined)],
    [
      'the bridge is refused',
      () => {
        refuse('POST', /^\/bridges\/[^/]+$/, 500);
      },
    ],
    [
      'the external channel is refused',
      () => {
        refuse('POST', /externalMedia/, 500);
      },
    ],
    [
      'addChannel gives 422 every time',
      () => {
        refuse('POST', /addChannel/, 422);
      },
    ],
    [
      'addChannel gives 500',
      () => {
        refuse('POST', /addChannel/, 500);
      },
    ],
    [
      'the bridge’s creation is never answered',
      () => {
        hang('POST', /^\/bridges\/[^/]+$/);
      },
    ],
    [
      'the external channel’s creation is never answered',
      () => {
        hang('POST', /externalMedia/);
      },
    ],
    [
      'addChannel is never answered',
      () => {
        hang('POST', /addChannel/);
      },
    ],
    ['an answer is half a JSON', () => (server.fault = on('POST', /externalMedia/, { garble: true }))],
    ['a connection is cut', () => (server.fault = on('POST', /externalMedia/, { cut: true }))],
  ];

  const on =
    (method: string, path: RegExp, fault: ReturnType<AriServer['fault']>): AriServer['fault'] =>
    (request) =>
      request.method === method && path.test(request.path) ? fault : undefined;
  const refuse = (method: string, path: RegExp, status: number): void => {
    server.fault = on(method, path, { status });
  };
  const hang = (method: string, path: RegExp): void => {
    server.fault = on(method, path, { wait: new Promise(() => undefined) });
  };

  it.each(troubles)('lets the caller go on in the dialplan, and leaves nothing: %s', async (_, trouble) => {
    await start({ settings: HASTY });
    trouble();
    const caller = server.call();
    await continued(caller);
    expect(caller.variables.VOICE_AGENT_RESULT).toBe('error');
    expect(desk.calls).toEqual([]);
    await cleanedUp();
    expect(desk.abandoned).toHaveLength(1);
  });

  it('succeeds all the same when addChannel gives 422 only once', async () => {
    await start();
    let once = true;
    server.fault = ({ path }) => {
      if (!once || !path.endsWith('/addChannel')) return undefined;
      once = false;
      return { status: 422 };
    };
    server.call();
    await desk.call(0);
    expect(server.requestsFor('POST', /addChannel/)).toHaveLength(2);
  });

  it('succeeds when the external channel’s StasisStart comes before the answer to its creation', async () => {
    server.externalEnters = 'before';
    await start();
    server.call();
    await desk.call(0);
  });
});

describe('a caller who hangs up during the set-up', () => {
  /** Each request of a set-up is held back in turn, and the caller hangs up while it is. */
  it.each([
    ['the session is reserved', 'session'],
    ['the bridge is created', /^\/bridges\/[^/]+$/],
    ['the external channel is created', /externalMedia/],
    ['the legs are joined', /addChannel/],
  ])('while %s leaves nothing behind', async (_, moment) => {
    await start();
    const held = Promise.withResolvers<undefined>();
    let reached = false;
    if (moment instanceof RegExp) {
      server.fault = ({ method, path }) => {
        if (method !== 'POST' || !moment.test(path)) return undefined;
        reached = true;
        return { wait: held.promise };
      };
    } else {
      gateway.beforeReserve = () => {
        reached = true;
        return held.promise;
      };
    }
    const caller = server.call();
    await eventually('the moment', () => reached);
    server.hangUp(caller.id);
    await eventually('the call is over', () => desk.abandoned.length === 1);
    held.resolve(undefined);
    await cleanedUp();
    expect(desk.abandoned).toEqual(['caller-hung-up']);
    expect(desk.calls).toEqual([]);
  });

  it('and whose external channel comes to be after all, much later, leaves nothing behind', async () => {
    await start({ settings: HASTY });
    const held = Promise.withResolvers<undefined>();
    server.fault = ({ path }) => (path.endsWith('/externalMedia') ? { wait: held.promise } : undefined);
    const caller = server.call();
    await eventually('the request', () => server.requestsFor('POST', /externalMedia/).length === 1);
    server.hangUp(caller.id);
    await eventually('the request is given up', () => app?.stats().unfinished === 0);
    held.resolve(undefined);
    // Once in vain, when its creation was given up; and once more when it came.
    await eventually('it is deleted', () => server.requestsFor('DELETE', /-media-/).length === 2);
    await cleanedUp();
  });

  it('before the channel’s variables are read is never brought to the desk', async () => {
    await start({ channelVariables: ['VIP'] });
    const held = Promise.withResolvers<undefined>();
    server.fault = ({ path }) => (path.endsWith('/variable') ? { wait: held.promise } : undefined);
    const caller = server.call();
    await eventually('the request', () => server.requestsFor('GET', /variable/).length === 1);
    server.hangUp(caller.id);
    await eventually('the end', () => (app?.stats().stream.events ?? 0) >= 3);
    held.resolve(undefined);
    const second = server.call();
    await desk.call(0);
    expect(desk.asked.map(({ key }) => key.channel)).toEqual([second.id]);
  });

  it('by somebody whom another program calls, and who is quicker than that, is told to the desk as a call all the same', async () => {
    await start({ channelVariables: ['VIP'] });
    const outcomes = [
      [21, 'rejected'],
      [27, 'unreachable'],
      [17, 'busy'],
      [19, 'unanswered'],
    ] as const;
    for (const [cause] of outcomes) {
      const held = Promise.withResolvers<undefined>();
      server.fault = ({ path }) => (path.endsWith('/variable') ? { wait: held.promise } : undefined);
      const reads = server.requestsFor('GET', /variable/).length;
      const events = app?.stats().stream.events ?? 0;
      const called = server.call({ state: 'Down' });
      await eventually('the request', () => server.requestsFor('GET', /variable/).length > reads);
      server.hangUp(called.id, { cause });
      await eventually('the end', () => (app?.stats().stream.events ?? 0) >= events + 3);
      held.resolve(undefined);
    }
    await eventually('they are told', () => desk.abandoned.length === outcomes.length);
    expect(desk.abandoned).toEqual(outcomes.map(([, reason]) => reason));
    expect(desk.asked.map(({ direction }) => direction)).toEqual(['out', 'out', 'out', 'out']);
    await cleanedUp();
  });
});

describe('when the event stream is lost in mid-call', () => {
  it('calls that still live go on, calls whose caller is gone end, callers who came meanwhile are received', async () => {
    const running = await start();
    const [stays, leaves] = [server.call(), server.call()];
    const [first, second] = [await desk.call(0), await desk.call(1)];
    server.fault = ({ path }) => (path === '/channels' ? { wait: held.promise } : undefined);
    const held = Promise.withResolvers<undefined>();
    server.dropStream();
    server.hangUp(leaves.id, { silently: true });
    const comes = server.call({ silently: true, exten: '510002' });
    held.resolve(undefined);
    const third = await desk.call(2);
    expect(third.info).toMatchObject({ dialled: '510002', key: { channel: comes.id } });
    await eventually('the end of the second', () => second.events.length === 1);
    expect(second.events).toEqual([{ type: 'ended', reason: 'caller-hung-up' }]);
    expect(first.events).toEqual([]);
    server.tell(stays.id, 'ChannelDtmfReceived', { digit: '1' });
    await eventually('a key of the first', () => first.events.length === 1);
    expect(running.stats()).toMatchObject({ calls: 2 });
  });

  it('a call is on hold afterwards if Asterisk says so, whatever was said before', async () => {
    await start();
    const callers = [server.call(), server.call(), server.call(), server.call()];
    const [released, held, put, untold] = await Promise.all(callers.map((_, index) => desk.call(index)));
    const channelOf = ({ info }: { info: CallInfo }) => server.channels.get(info.key.channel)!;
    for (const call of [released!, held!, untold!]) server.tell(channelOf(call).id, 'ChannelHold');
    await eventually('they are on hold', () => untold!.events.length === 1);
    for (const [call, onHold] of [
      [released!, '0'],
      [held!, '1'],
      [put!, '1'],
      [untold!, ''],
    ] as const) {
      channelOf(call).state = 'Up';
      if (onHold) channelOf(call).variables['CHANNEL(rtp,hold)'] = onHold;
    }
    server.dropStream();
    await eventually('all of them know', () =>
      [released, put, untold].every(
        (call) => call!.events.at(-1)?.type === (call === put ? 'hold' : 'unhold'),
      ),
    );
    expect([released, held, put, untold].map((call) => call!.events.map(({ type }) => type))).toEqual([
      ['hold', 'unhold'],
      ['hold'],
      ['hold'],
      ['hold', 'unhold'],
    ]);
  });

  it('what an event says of hold counts more than an answer that was under way', async () => {
    // Nobody but the test has Asterisk asked.
    await start({ settings: { sweepPauseMs: 60_000 } });
    const caller = server.call();
    const { events } = await desk.call(0);
    caller.state = 'Up';
    caller.variables['CHANNEL(rtp,hold)'] = '0';
    const answers = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    let asked = 0;
    server.fault = ({ query }) =>
      query.get('variable') === 'CHANNEL(rtp,hold)' ? { wait: answers[asked++]!.promise } : undefined;
    server.dropStream();
    await eventually('Asterisk is asked', () => asked === 1);
    server.tell(caller.id, 'ChannelHold');
    await eventually('it is on hold', () => events.length === 1);
    server.dropStream();
    answers[0]!.resolve(undefined);
    await eventually('Asterisk is asked again, after the first answer', () => asked === 2);
    expect(events).toEqual([{ type: 'hold' }]);
    answers[1]!.resolve(undefined);
    await eventually('it is not on hold any more', () => events.length === 2);
    expect(events[1]).toEqual({ type: 'unhold' });
  });

  it('all calls end when Asterisk has crashed, and the app comes back with it', async () => {
    await start();
    server.call();
    const { events } = await desk.call(0);
    await server.stop({ crash: true });
    await server.start();
    await eventually('the end', () => events.length === 1);
    expect(events).toEqual([{ type: 'ended', reason: 'asterisk-lost' }]);
    await cleanedUp();
    server.call();
    await desk.call(1);
  });

  it('a call ends as soon as nothing is heard of it and Asterisk doesn’t answer', async () => {
    await start({ settings: { lookMs: 40, ...HASTY_CLOSE } });
    server.call();
    const { events } = await desk.call(0);
    await server.stop({ crash: true });
    await eventually('the end', () => events.length === 1);
    expect(events).toEqual([{ type: 'ended', reason: 'asterisk-lost' }]);
    await eventually('the session is closed', () => gateway.open() === 0);
    expect(log.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'Asterisk is gone, and its calls with it',
    ]);
  });

  it('a call of which nothing is heard for a moment in which Asterisk doesn’t answer goes on', async () => {
    await start({ settings: { lookMs: 400 } });
    const caller = server.call();
    const { events } = await desk.call(0);
    await server.stop();
    await systemClock.sleep(500);
    await server.start();
    await eventually('the stream', () => app?.stats().stream.opened === 2);
    server.tell(caller.id, 'ChannelDtmfReceived', { digit: '1' });
    await eventually('a key', () => events.length === 1);
    expect(events).toEqual([{ type: 'dtmf', digit: '1' }]);
  });

  it('a call that is still heard goes on, however long ARI is away', async () => {
    await start({ settings: { lookMs: 40 } });
    const caller = server.call();
    const { events, media } = await desk.call(0);
    const { endpoint } = media;
    if (endpoint.transport !== 'rtp') throw new Error('no RTP endpoint');
    const phone = createSocket('udp4');
    const talking = setInterval(() => {
      phone.send(Buffer.alloc(172), endpoint.port, endpoint.address);
    }, 5);
    await server.stop();
    await systemClock.sleep(300);
    await server.start();
    await eventually('the stream', () => app?.stats().stream.opened === 2);
    clearInterval(talking);
    phone.close();
    server.tell(caller.id, 'ChannelDtmfReceived', { digit: '1' });
    await eventually('a key', () => events.length === 1);
    expect(events).toEqual([{ type: 'dtmf', digit: '1' }]);
  });

  it('a call that Asterisk answers for goes on, though nothing is heard of it', async () => {
    await start({ settings: { lookMs: 20 } });
    const caller = server.call();
    const { events } = await desk.call(0);
    const before = server.requestsFor('GET', /asterisk.info/).length;
    server.refuseStreams = true;
    server.dropStream();
    await eventually('three looks', () => server.requestsFor('GET', /asterisk.info/).length >= before + 3);
    server.refuseStreams = false;
    await eventually('the stream', () => app?.stats().stream.opened === 2);
    server.tell(caller.id, 'ChannelDtmfReceived', { digit: '1' });
    await eventually('a key', () => events.length === 1);
    expect(events).toEqual([{ type: 'dtmf', digit: '1' }]);
  });

  it('calls are given up when Asterisk stays away', async () => {
    await start({ settings: { lostMs: 60, ...HASTY_CLOSE } });
    server.call();
    const { events } = await desk.call(0);
    await server.stop({ crash: true });
    await eventually('the end', () => events.length === 1);
    expect(events).toEqual([{ type: 'ended', reason: 'asterisk-lost' }]);
    await eventually('the session is closed', () => gateway.open() === 0);
  });

  it('a caller who could not be let go is let go as soon as Asterisk is back', async () => {
    await start();
    const caller = server.call();
    const { line } = await desk.call(0);
    await server.stop();
    await line.proceed({ VOICE_AGENT_RESULT: 'completed' });
    expect(caller.history).toEqual([]);
    await server.start();
    await continued(caller);
    expect(caller.variables.VOICE_AGENT_RESULT).toBe('completed');
    await cleanedUp();
  });

  it('what could not be deleted is deleted later', async () => {
    await start();
    const caller = server.call();
    await desk.call(0);
    server.fault = ({ method }) => (method === 'DELETE' ? { status: 500 } : undefined);
    server.hangUp(caller.id);
    await eventually('it failed', () => server.requestsFor('DELETE', /bridges/).length >= 2);
    expect(server.bridges.size).toBe(1);
    server.fault = () => undefined;
    await cleanedUp();
  });
});

describe('what Asterisk was asked for before the connection was cut', () => {
  it.each([
    ['after the first look', 1],
    ['after the second look', 2],
  ])('is deleted, though it comes to be %s', async (_, looks) => {
    await start();
    const looked = (): number => server.requestsFor('GET', /^\/bridges/).length;
    const before = looked();
    server.dropStream();
    await eventually('the look', () => looked() >= before + looks);
    server.bridges.set(objectIds('voice-agent', 'a').bridge(), new Set());
    await cleanedUp();
  });
});

describe('at the start', () => {
  const own = objectIds('voice-agent', 'a');
  const other = objectIds('voice-agent', 'b');
  const external = (id: string): void => {
    const channel = server.call({ id, silently: true });
    channel.name = 'UnicastRTP/127.0.0.1:4000-0x1';
    channel.dialplan.app_data = 'voice-agent';
  };

  it('what an earlier run of this instance left is swept, and a caller found waiting is received', async () => {
    external(own.media());
    server.bridges.set(own.bridge(), new Set());
    const waiting = server.call({ silently: true, exten: '510002' });
    await start();
    const { info } = await desk.call(0);
    expect(info).toMatchObject({ dialled: '510002', key: { channel: waiting.id } });
    expect(desk.asked).toHaveLength(1);
    (await desk.call(0)).finish();
    await cleanedUp();
  });

  it('a caller found waiting who is on hold is known to be so', async () => {
    const waiting = server.call({ silently: true });
    waiting.state = 'Up';
    waiting.variables['CHANNEL(rtp,hold)'] = '1';
    await start();
    const { events } = await desk.call(0);
    await eventually('that the caller is on hold', () => events.length === 1);
    expect(events).toEqual([{ type: 'hold' }]);
  });

  it('Asterisk isn’t asked whether a caller is on hold who isn’t connected yet: it would log a warning', async () => {
    const asked: [path: string, isConnected: boolean][] = [];
    const waiting = server.call({ silently: true });
    server.fault = ({ path, query }) => {
      const isConnected = !path.includes(waiting.id) || waiting.state === 'Up';
      if (query.get('variable') === 'CHANNEL(rtp,hold)') asked.push([path, isConnected]);
      return undefined;
    };
    const talking = server.call({ silently: true, exten: '510002' });
    talking.state = 'Up';
    await start();
    await Promise.all([desk.call(0), desk.call(1)]);
    await eventually('that one is asked for', () => asked.length > 0);
    expect(asked[0]).toEqual([expect.stringContaining(talking.id), true]);
    expect(asked.filter(([, isConnected]) => !isConnected)).toEqual([]);
  });

  it('what belongs to others is left alone', async () => {
    server.bridges.set(other.bridge(), new Set());
    server.bridges.set('a-conference', new Set());
    server.call({ app: 'another-app', id: 'theirs', silently: true });
    await start();
    server.call();
    await desk.call(0);
    expect(server.bridges.size).toBe(3);
    expect(server.channels.has('theirs')).toBe(true);
    expect(desk.asked).toHaveLength(1);
  });

  it('a name that another program has is refused, or taken over when that is wanted', async () => {
    const first = await start();
    await expect(start()).rejects.toMatchObject({ code: 'ARI_APP_TAKEN' });
    const second = await start({ takeOver: true });
    await eventually('the first stands by', () => first.stats().stream.state === 'replaced');
    const caller = server.call();
    await desk.call(0);
    await first.close();
    expect(second.stats()).toMatchObject({ calls: 1, stream: { state: 'open' } });
    expect(caller.history).toEqual([]);
    expect(server.bridges.size).toBe(1);
  });

  it('an Asterisk without chan_rtp is told of, with the remedy', async () => {
    server.hasRtp = false;
    await expect(start()).rejects.toThrow(/no module chan_rtp\.so.*module load chan_rtp\.so/);
    expect(server.apps).toEqual([]);
  });

  it.each([
    ['hasEvents', /gives no events.* answers 404 .*res_ari_events\.so/],
    ['passesUpgrades', /gives no events.* answers 426 .*proxy .*Connection and Upgrade/],
  ] as const)(
    'an Asterisk of which no WebSocket can be had (%s) is told of before an app is registered',
    async (what, told) => {
      server[what] = false;
      await expect(start()).rejects.toThrow(told);
      expect(server.apps).toEqual([]);
    },
  );

  it('an Asterisk that loses chan_rtp later is told of, until it has it again', async () => {
    const started = await start({ settings: { soundMs: 20 } });
    server.hasRtp = false;
    await eventually('it is noticed', () => started.stats().trouble !== undefined);
    expect(started.stats().trouble).toMatch(/module load chan_rtp\.so/);
    server.hasRtp = true;
    await eventually('it is well again', () => started.stats().trouble === undefined);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('a name that only Asterisk’s memory still has is free', async () => {
    const waited = server.call({ silently: true });
    server.hangUp(waited.id, { silently: true });
    const started = await start();
    expect(started.stats().stream.state).toBe('open');
    expect(server.apps).toEqual(['voice-agent']);
  });

  it('a name that is given up at this very moment is waited for', async () => {
    const first = await start();
    const second = start({ settings: { claimMs: 10_000 } });
    await eventually('its look', () => server.requestsFor('GET', /^\/applications/).length >= 2);
    await first.close();
    expect((await second).stats().stream.state).toBe('open');
    expect(first.stats().stream.state).toBe('closed');
  });

  it('a call of a program whose name was taken over still ends with its caller', async () => {
    const first = await start();
    const caller = server.call();
    const { events } = await desk.call(0);
    const second = await start({
      takeOver: true,
      server: { ...first.server, instance: 'b' },
      desk: createTestDesk(),
    });
    await eventually('the first stands by', () => first.stats().stream.state === 'replaced');
    server.hangUp(caller.id);
    await eventually('the end', () => events.length === 1);
    await second.close();
    await first.close();
  });
});

describe('closing', () => {
  it('lets the callers go on in the dialplan, gives everything back and unregisters the app', async () => {
    const running = await start();
    const callers = [server.call(), server.call()];
    await desk.call(1);
    await Promise.all([running.close(), running.close()]);
    for (const caller of callers) {
      expect(caller.history).toContain('continued');
      expect(caller.variables.VOICE_AGENT_RESULT).toBe('draining');
    }
    expect(server.apps).toEqual([]);
    await cleanedUp();
  });

  it('ends in time when Asterisk is gone', async () => {
    const running = await start({ settings: HASTY_CLOSE });
    server.call();
    await desk.call(0);
    const { events } = await desk.call(0);
    server.fault = ({ path }) =>
      path.endsWith('/externalMedia') ? { wait: new Promise(() => undefined) } : undefined;
    server.call();
    await eventually('a call in its set-up', () => server.requestsFor('POST', /externalMedia/).length === 2);
    await server.stop();
    await running.close();
    expect(running.stats().stream.state).toBe('closed');
    expect(events).toHaveLength(1);
    expect(desk.abandoned).toHaveLength(1);
    await eventually('the session is closed', () => gateway.open() === 0);
  });

  it('ends in time when a session never returns', async () => {
    const running = await start({
      settings: HASTY_CLOSE,
      desk: { admit: () => ({ kind: 'accept', codec: 'ulaw', run: () => new Promise(() => undefined) }) },
    });
    const caller = server.call();
    await eventually('the call', () => running.stats().calls === 1 && server.bridges.size === 1);
    await running.close();
    expect(caller.history).toContain('continued');
  });
});

describe('many calls', () => {
  it('come and go beside each other and leave no trace', async () => {
    const running = await start();
    const callers = Array.from({ length: 60 }, () => server.call());
    await desk.call(59);
    expect(running.stats()).toMatchObject({ calls: 60 });
    callers.forEach((caller, n) => {
      if (n % 2 === 0) server.hangUp(caller.id);
      else desk.calls.find(({ info }) => info.key.channel === caller.id)?.finish();
    });
    await cleanedUp();
    expect(running.stats()).toMatchObject({ calls: 0, unfinished: 0 });
  });
});

describe('an Asterisk that sends events but takes no requests any more, for its password was changed', () => {
  it('is told of, once, and left: callers go on in the dialplan of an app that nobody has; running calls go on', async () => {
    const started = await start({ settings: { lookMs: 20 } });
    server.call();
    const { events } = await desk.call(0);
    expect(started.stats().trouble).toBeUndefined();
    server.fault = () => ({ status: 401 });
    await eventually('it is noticed', () => started.stats().trouble !== undefined);
    expect(started.stats().trouble).toMatch(/refuses the ARI user/);
    await eventually('the events are left', () => log.text().includes('requests are refused'));
    await eventually('they are tried again', () => started.stats().stream.opened === 2);
    server.fault = () => undefined;
    await eventually('it is well again', () => started.stats().trouble === undefined);
    expect(started.stats().stream.state).toBe('open');
    server.call();
    await desk.call(1);
    expect(events).toEqual([]);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});
