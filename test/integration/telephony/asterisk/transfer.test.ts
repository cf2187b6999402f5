import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TransferRequest } from '../../../../src/dialog/contract/call-info.ts';
import { systemClock, type Clock } from '../../../../src/lib/clock.ts';
import { startStasisApp, type StasisApp } from '../../../../src/telephony/asterisk/stasis-app.ts';
import { callerIdText, outcomeOfCause } from '../../../../src/telephony/asterisk/target-caller.ts';
import {
  createTestDesk,
  createTestLog,
  eventually,
  type SeenCall,
  type TestDesk,
} from '../../../support/ari-desk.ts';
import { createTestGateway, type TestGateway } from '../../../support/ari-media-gateway.ts';
import { AriServer, type FakeChannel } from '../../../support/ari-server.ts';

vi.setConfig({ testTimeout: 20_000 });

const BOB: TransferRequest = {
  endpoint: 'PJSIP/bob',
  callerId: { name: 'Ada "the" Great', number: '+49 301' },
  ringMs: 10_000,
  whileRinging: 'ringing',
};
const NEVER = new AbortController().signal;
const LOOK_MS = 20;
const PREFIX = 'voice-agent-a-target-';

let server: AriServer;
let gateway: TestGateway;
let desk: TestDesk;
let app: StasisApp;
let log: ReturnType<typeof createTestLog>;

beforeEach(async () => {
  server = new AriServer();
  await server.start();
  [gateway, desk, log] = [createTestGateway(), createTestDesk(), createTestLog()];
  app = await startApp();
});

afterEach(async () => {
  await app.close();
  await gateway.close();
  await server.stop();
});

function startApp(clock: Clock = systemClock): Promise<StasisApp> {
  return startStasisApp({
    server: { name: 'pbx', url: server.url, ...server.credentials, app: 'voice-agent', instance: 'a' },
    desk,
    gateway,
    clock,
    log,
    settings: { pingMs: 500, lookMs: LOOK_MS, sweepPauseMs: 20, joinPauseMs: 2, letGoCheckMs: 30 },
  });
}

async function talking(): Promise<{ caller: FakeChannel; call: SeenCall }> {
  const caller = server.call();
  const call = await desk.call(desk.calls.length);
  await call.line.answer();
  return { caller, call };
}

/** Whoever is being called, once there is somebody. */
function target(endpoint = 'PJSIP/bob'): Promise<FakeChannel> {
  return eventually('somebody is called', () =>
    [...server.channels.values()].find(({ name }) => name.startsWith(endpoint)),
  );
}

/** The channel of the call's media. */
const externalId = (): string =>
  [...server.channels.values()].find(({ name }) => name.startsWith('UnicastRTP'))?.id ?? 'none';

const members = (): string[] => [...server.bridges.values()].flatMap((channels) => [...channels]);

/** What is left of ours. */
const leftovers = (): object => ({
  channels: [...server.channels.values()]
    .filter(({ id }) => id.startsWith('voice-agent-'))
    .map(({ id }) => id),
  bridges: server.bridges.size,
  sessions: gateway.open(),
  unfinished: app.stats().unfinished,
});
const NOTHING = { channels: [], bridges: 0, sessions: 0, unfinished: 0 };

async function cleanedUp(): Promise<void> {
  await expect.poll(leftovers, { timeout: 15_000, interval: 5 }).toEqual(NOTHING);
}

describe('a transfer', () => {
  it('calls the target by ARI for the caller, who hears it ring', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    expect(bob.id.startsWith(PREFIX)).toBe(true);
    const [request] = server.requestsFor('POST', /target-[0-9a-f]{16}$/);
    expect(Object.fromEntries(request?.query ?? [])).toEqual({
      endpoint: 'PJSIP/bob',
      app: 'voice-agent',
      originator: caller.id,
      callerId: '"Ada the Great" <+49301>',
      timeout: '12',
    });
    await eventually('it rings', () => caller.history.includes('ring'));
    // Any sound of the agent's would end the tone.
    expect(members()).toEqual([caller.id]);
    server.hangUp(bob.id, { cause: 17, causeText: 'User busy' });
    expect(await outcome).toBe('busy');
    expect(members()).toHaveLength(2);
  });

  it('sends the caller on in the dialplan when the agent can’t be brought back', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    await eventually('it rings', () => caller.history.includes('ring'));
    server.fault = ({ path }) => (path.endsWith('/addChannel') ? { status: 500 } : undefined);
    server.hangUp(bob.id, { cause: 17 });
    await eventually('the caller goes on', () => caller.history.includes('continued'));
    expect(await outcome).toBe('cancelled');
    expect(caller.variables).toMatchObject({ VOICE_AGENT_REASON: 'not-bridged' });
    await cleanedUp();
  });

  it('plays music instead, if that is wanted', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer({ ...BOB, whileRinging: 'music' }, NEVER);
    await eventually('music', () => caller.history.includes('moh'));
    server.hangUp((await target()).id, { cause: 21 });
    expect(await outcome).toBe('refused');
    await eventually('no music', () => caller.history.includes('moh no more'));
  });

  it('connects caller and target when it answers, and takes the agent’s media out', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    server.pickUp(bob.id);
    expect(await outcome).toBe('answered');
    await eventually('the two are alone', () => gateway.open() === 0 && server.channels.size === 2);
    expect(members()).toEqual([caller.id, bob.id]);
    expect(caller.history).toEqual(['answered', 'ring', 'ring no more']);
    expect(call.events).toEqual([]);
    expect(app.stats().calls).toBe(1);
  });

  it('ends when the caller hangs up after the talk: the target is hung up as well', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    server.pickUp(bob.id);
    await outcome;
    server.hangUp(caller.id);
    await eventually('the target is hung up', () => bob.history.includes('hung up'));
    await cleanedUp();
    expect(call.events).toEqual([{ type: 'ended', reason: 'caller-hung-up' }]);
  });

  it('tells when the target has hung up after the talk, and leaves the caller to the session', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    server.pickUp(bob.id);
    await outcome;
    server.hangUp(bob.id);
    await eventually('that is told', () => call.events.length === 1);
    expect(call.events).toEqual([{ type: 'target-left' }]);
    expect(server.channels.has(caller.id)).toBe(true);
    await call.line.proceed({ VOICE_AGENT_RESULT: 'completed' });
    await eventually('the caller goes on', () => caller.history.includes('continued'));
    await cleanedUp();
  });

  it('comes to nothing when nobody can be called, in Asterisk’s own words', async () => {
    const { caller, call } = await talking();
    expect(await call.line.transfer({ ...BOB, endpoint: 'PJSIP/nobody' }, NEVER)).toBe('failed');
    expect(log.text()).toContain('Allocation failed');
    await eventually('no ringing', () => caller.history.includes('ring no more'));
    await eventually('all else as before', () => members().length === 2);
    expect(gateway.open()).toBe(1);
  });

  it('ends unanswered after its time, and the target’s telephone stops ringing', async () => {
    const { call } = await talking();
    const outcome = call.line.transfer({ ...BOB, ringMs: 60 }, NEVER);
    const bob = await target();
    expect(await outcome).toBe('no-answer');
    await eventually('it stops', () => bob.history.includes('hung up'));
    expect(members()).toHaveLength(2);
  });

  it('can be cancelled while it rings, and tried again', async () => {
    const { call } = await talking();
    const wish = new AbortController();
    const outcome = call.line.transfer(BOB, wish.signal);
    const bob = await target();
    wish.abort();
    expect(await outcome).toBe('cancelled');
    await eventually('it stops', () => bob.history.includes('hung up'));
    const again = call.line.transfer({ ...BOB, endpoint: 'PJSIP/eve' }, NEVER);
    server.pickUp((await target('PJSIP/eve')).id);
    expect(await again).toBe('answered');
    expect(await call.line.transfer(BOB, wish.signal)).toBe('failed');
  });

  it('is cancelled when the caller hangs up while it rings', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    server.hangUp(caller.id);
    expect(await outcome).toBe('caller-gone');
    await eventually('it stops', () => bob.history.includes('hung up'));
    await cleanedUp();
    expect(await call.line.transfer(BOB, NEVER)).toBe('caller-gone');
  });

  it('hangs up on a target that Asterisk calls only after the caller has left', async () => {
    const { caller, call } = await talking();
    const { promise: answered, resolve: answer } = Promise.withResolvers<undefined>();
    server.fault = ({ method, path }) =>
      method === 'POST' && path.includes('target') ? { wait: answered } : undefined;
    const outcome = call.line.transfer(BOB, NEVER);
    await eventually('the request', () => server.requestsFor('POST', /target/).length === 1);
    server.fault = () => undefined;
    // The caller's channel is still there for Asterisk when it looks, and no longer: else they are found, and taken in anew.
    const late = { ...caller };
    server.hangUp(caller.id);
    expect(await outcome).toBe('caller-gone');
    server.channels.set(late.id, late);
    answer(undefined);
    await setImmediate();
    expect([...server.channels.values()].map(({ name }) => name).join()).toContain('PJSIP/bob');
    server.channels.delete(late.id);
    await cleanedUp();
  });

  it('brings the agent back when who answered can’t be connected', async () => {
    const { call } = await talking();
    const before = members();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    server.fault = ({ path, query }) =>
      path.endsWith('/addChannel') && query.get('channel') === bob.id ? { status: 500 } : undefined;
    server.pickUp(bob.id);
    expect(await outcome).toBe('failed');
    await eventually('the target is hung up', () => bob.history.includes('hung up'));
    expect(members().sort()).toEqual(before.sort());
    expect(gateway.open()).toBe(1);
  });

  it('goes on with whom the target’s phone puts in its place', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    server.pickUp(bob.id);
    await outcome;
    const carol = server.replace(bob.id, '1700000000.77');
    expect(call.events).toEqual([]);
    server.hangUp(caller.id);
    await eventually('that one is hung up', () => carol.history.includes('hung up'));
    await cleanedUp();
    expect(desk.asked).toHaveLength(1);
  });

  it('is found to be over when the target has left in a gap of the events', async () => {
    const { call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    server.pickUp(bob.id);
    await outcome;
    server.dropStream();
    server.hangUp(bob.id, { silently: true });
    await eventually('that is told', () => call.events.length === 1);
    expect(call.events).toEqual([{ type: 'target-left' }]);
  });

  it('outlives a gap of the events while two talk', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    server.pickUp(bob.id);
    await outcome;
    await eventually('the media is given back', () => gateway.open() === 0);
    server.dropStream();
    await eventually('Asterisk is looked through', () => server.requestsFor('GET', /^\/bridges$/).length > 1);
    server.hangUp(caller.id);
    await cleanedUp();
    expect(bob.history).toContain('hung up');
    expect(call.events).toEqual([{ type: 'ended', reason: 'caller-hung-up' }]);
  });

  it('is not taken for dead, having no media, while Asterisk can’t be reached', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    server.pickUp((await target()).id);
    await outcome;
    await server.stop();
    // Longer than it takes to find out that a call with media is dead.
    await eventually('several tries', () => log.lines.filter(({ level }) => level === 'warn').length > 0);
    await systemClock.sleep(10 * LOOK_MS);
    await server.start();
    await eventually('it is back', () => server.apps.length > 0);
    expect(call.events).toEqual([]);
    server.hangUp(caller.id);
    await cleanedUp();
  });
});

describe('when the agent starts again', () => {
  it('a target that an earlier run had called is swept', async () => {
    const caller = server.call();
    await desk.call(0);
    const old = `${PREFIX}0123456789abcdef`;
    await app.close();
    server.channels.set(old, { ...caller, id: old, name: 'PJSIP/bob-1', app: 'voice-agent', history: [] });
    app = await startApp();
    await eventually('it is swept', () => !server.channels.has(old));
  });
});

describe('when the agent is stopped while somebody rings', () => {
  it('the target is hung up, and the caller goes on in the dialplan, in quiet', async () => {
    const { caller, call } = await talking();
    const outcome = call.line.transfer(BOB, NEVER);
    const bob = await target();
    await eventually('it rings', () => caller.history.includes('ring'));
    await app.close();
    expect(await outcome).toBe('cancelled');
    expect(bob.history).toContain('hung up');
    expect(caller.history).toEqual(['answered', 'ring', 'ring no more', 'continued']);
    expect(caller.variables.VOICE_AGENT_RESULT).toBe('draining');
  });
});

describe('keys', () => {
  it('are sent to the caller’s side', async () => {
    const { caller, call } = await talking();
    await call.line.sendDtmf('12w#');
    expect(caller.history).toEqual(['answered', 'dtmf 12w#']);
    server.fault = ({ path }) => (path.endsWith('/dtmf') ? { status: 412 } : undefined);
    await expect(call.line.sendDtmf('1')).rejects.toMatchObject({ code: 'ARI_REQUEST_FAILED' });
  });
});

describe('a hang-up before the answer', () => {
  it('means what Q.850’s cause says', () => {
    const causes = [17, 21, 16, 18, 19, 0, 1, 3, 20, 34].map(outcomeOfCause);
    expect(causes).toEqual([
      ...['busy', 'refused', 'refused', 'no-answer', 'no-answer'],
      ...['failed', 'failed', 'failed', 'failed', 'failed'],
    ]);
  });
});

describe('a caller id', () => {
  it('is written as Asterisk reads it, whatever the far side calls itself', () => {
    expect(callerIdText({ name: 'Ada', number: '301' })).toBe('"Ada" <301>');
    expect(callerIdText({ number: '301' })).toBe('<301>');
    expect(callerIdText({ name: 'Ada', number: '' })).toBe('"Ada"');
    expect(callerIdText({})).toBe('');
    expect(callerIdText({ name: 'a"><x\r\n', number: '1>2"' })).toBe('"ax" <12>');
  });
});

describe('A call that we make', () => {
  it('to somebody who can’t be called is told to the desk as one, and refused', async () => {
    const order = { endpoint: 'PJSIP/nobody', number: 'nobody', agent: '510001', resultContext: 'results' };
    const more = { callerId: BOB.callerId, ringMs: 1000, variables: {} };
    await expect(app.place({ ...order, ...more })).rejects.toMatchObject({ code: 'ARI_REQUEST_FAILED' });
    expect(desk.asked).toMatchObject([{ direction: 'out', dialled: '510001', caller: { number: 'nobody' } }]);
    expect(desk.abandoned).toEqual(['unreachable']);
  });
});

describe('a transfer to somebody who is told first', () => {
  it('is over for who has answered and presses no key for 30 s, and the caller is back with the agent', async () => {
    await app.close();
    // Half a minute that passes when the test says so; whatever else waits does so as ever.
    const halfMinutes = new Set<() => void>();
    app = await startApp({
      ...systemClock,
      at(at, action) {
        if (Math.round((at - systemClock.now()) / 100) !== 300) return systemClock.at(at, action);
        halfMinutes.add(action);
        return () => halfMinutes.delete(action);
      },
    });
    const { caller, call } = await talking();
    const { promise: briefed, resolve } = Promise.withResolvers<AbortSignal>();
    const outcome = call.line.transfer({ ...BOB, brief: resolve }, NEVER);
    const bob = await target();
    const before = halfMinutes.size;
    server.pickUp(bob.id);
    const over = await briefed;
    server.tell(bob.id, 'ChannelDtmfReceived', { digit: '7' });
    expect([over.aborted, halfMinutes.size]).toEqual([false, before + 1]);
    await expect.poll(() => members().toSorted()).toEqual([caller.id, bob.id, externalId()].toSorted());
    [...halfMinutes].at(-1)?.();
    expect(await outcome).toBe('no-answer');
    expect(over.aborted).toBe(true);
    await eventually('they are hung up', () => bob.history.includes('hung up'));
    await expect.poll(() => members().toSorted()).toEqual([caller.id, externalId()].toSorted());
    expect(halfMinutes.size).toBe(before);
    await call.line.hangUp();
    await cleanedUp();
  });
});
