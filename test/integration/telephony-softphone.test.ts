import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { isPortFree } from '../../lab/ports.ts';
import { Softphone } from '../../lab/softphone.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { startStasisApp, type StasisApp } from '../../src/telephony/asterisk/stasis-app.ts';
import {
  createTestDesk,
  createTestLog,
  eventually,
  type SeenCall,
  type TestDesk,
} from '../support/ari-desk.ts';
import { createTestGateway, type TestGateway } from '../support/ari-media-gateway.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { labServer } from '../support/lab-server.ts';

/** Call control with a real phone at a real Asterisk: what only SIP can make happen. */

let asterisk: NativeAsterisk;
let phone: Softphone;
let app: StasisApp;
let gateway: TestGateway;
let desk: TestDesk;

const startApp = (url = asterisk.ariUrl): Promise<StasisApp> =>
  startStasisApp({
    server: { ...labServer(asterisk), url },
    desk,
    gateway,
    clock: systemClock,
    log: createTestLog(),
    settings: { pingMs: 200 },
  });

beforeAll(async () => {
  asterisk = await NativeAsterisk.start();
  phone = await Softphone.start({
    server: asterisk,
    account: 'softphone1',
    password: asterisk.secrets.softphone1,
    codec: 'alaw',
  });
});

afterAll(async () => {
  await phone.stop();
  await asterisk.stop();
});

beforeEach(async () => {
  [gateway, desk] = [createTestGateway(), createTestDesk()];
  desk.codec = 'auto';
  app = await startApp();
});

afterEach(async () => {
  await app.close();
  for (const { id } of await asterisk.channels()) {
    await asterisk.ari('DELETE', `/channels/${id}`).catch(() => undefined);
  }
  expect(gateway.open()).toBe(0);
  // Asterisk destroys a bridge a moment after it has said so.
  const deadline = performance.now() + 5000;
  while ((await asterisk.bridges()).length > 0 && performance.now() < deadline) await systemClock.sleep(5);
  expect(await asterisk.bridges()).toEqual([]);
});

async function answeredCall(): Promise<{ seen: SeenCall; call: Awaited<ReturnType<Softphone['dial']>> }> {
  const call = phone.ring('510001');
  const seen = await desk.call(0);
  await seen.line.answer();
  await call.answered;
  return { seen, call };
}

describe('a phone', () => {
  it('is known by number and name, and keeps its own law', async () => {
    const { seen, call } = await answeredCall();
    expect(seen.info).toMatchObject({ dialled: '510001', caller: { number: '1001', name: 'Softphone 1' } });
    expect(seen.media.format.encoding).toBe('alaw');
    await eventually('its sound', () => seen.media.stats().packetsReceived > 10);
    await call.hangUp();
    await eventually('the end', () => seen.events.length === 1);
    expect(seen.events).toEqual([{ type: 'ended', reason: 'caller-hung-up' }]);
  });

  it('presses keys, holds and comes back', async () => {
    const { seen, call } = await answeredCall();
    await call.dtmf('4#');
    await eventually('its keys', () => seen.events.length === 2);
    await call.hold();
    await eventually('hold', () => seen.events.length === 3);
    // The phone takes no second order while its first is on the wire.
    await systemClock.sleep(500);
    await call.unhold();
    await eventually('unhold', () => seen.events.length === 4);
    expect(seen.events).toEqual([
      { type: 'dtmf', digit: '4' },
      { type: 'dtmf', digit: '#' },
      { type: 'hold' },
      { type: 'unhold' },
    ]);
    await seen.line.hangUp();
    await call.ended;
  });

  it('holds and comes back while the agent hears nothing of Asterisk, which knows it all the same', async () => {
    await app.close();
    const proxy = await startTcpProxy(asterisk.httpPort);
    try {
      app = await startApp(`http://127.0.0.1:${proxy.port}`);
      const { seen, call } = await answeredCall();
      const unheard = async (act: () => Promise<unknown>, isOnHold: string): Promise<void> => {
        proxy.refuse();
        proxy.cut();
        await act();
        const path = `/channels/${seen.info.key.channel}/variable?variable=CHANNEL(rtp,hold)`;
        await expect.poll(() => asterisk.ari('GET', path)).toEqual({ value: isOnHold });
        proxy.admit();
      };
      await unheard(() => call.hold(), '1');
      await eventually('hold', () => seen.events.length === 1);
      // The phone takes no second order while its first is on the wire.
      await systemClock.sleep(500);
      await unheard(() => call.unhold(), '0');
      await eventually('unhold', () => seen.events.length === 2);
      expect(seen.events).toEqual([{ type: 'hold' }, { type: 'unhold' }]);
      await seen.line.hangUp();
      await call.ended;
      await app.close();
    } finally {
      await proxy.close();
    }
  });

  it('is hung up by the agent', async () => {
    const { seen, call } = await answeredCall();
    await seen.line.hangUp();
    expect(await call.ended).toBeTypeOf('string');
  });

  it('transfers the agent to somebody else: the same call goes on with that one', async () => {
    const { seen, call } = await answeredCall();
    await eventually('the phone’s sound', () => seen.media.stats().packetsReceived > 5);
    await call.transfer(`sip:603@127.0.0.1:${asterisk.sipPort}`);
    const tone = async (): Promise<boolean> =>
      (await asterisk.bridges()).some(
        ({ channels }) => channels.length === 2 && !channels.includes(seen.info.key.channel),
      );
    let bridged = false;
    while (!bridged) bridged = await tone();
    const before = seen.media.stats().packetsReceived;
    await eventually('the other one’s sound', () => seen.media.stats().packetsReceived > before + 10);
    expect(seen.events).toEqual([{ type: 'caller-changed', caller: { number: '603' } }]);
    expect(desk.asked).toHaveLength(1);
    await seen.line.hangUp();
    await eventually('the end', () => seen.events.length === 2);
  });

  it('puts its caller together with the agent: the same call goes on with them, who are known', async () => {
    const colleague = await Softphone.start({
      server: asterisk,
      account: 'softphone2',
      password: asterisk.secrets.softphone2,
      register: true,
    });
    try {
      const ringing = colleague.incoming({ timeoutMs: 10_000 });
      const caller = phone.ring('1002');
      await (await ringing).accept();
      await caller.answered;
      const theirs = (await asterisk.channels()).find(({ name }) => name.startsWith('PJSIP/softphone2'));
      const ofDialog = async (item: string): Promise<string> => {
        const path = `/channels/${theirs?.id ?? ''}/variable?variable=CHANNEL(pjsip,${item})`;
        return ((await asterisk.ari('GET', path)) as { value: string }).value;
      };
      const [id, to, from] = await Promise.all(['call-id', 'local_tag', 'remote_tag'].map(ofDialog));
      const asking = colleague.ring('510001');
      const { info, line, media, events } = await desk.call(0);
      await line.answer();
      await asking.answered;
      expect(info.caller.number).toBe('1002');
      const replaces = encodeURIComponent(`${id ?? ''};to-tag=${to ?? ''};from-tag=${from ?? ''}`);
      await asking.transfer(`<sip:1001@127.0.0.1:${asterisk.sipPort}?Replaces=${replaces}>`);
      await eventually('who is there', () => events.length === 1);
      expect(events).toEqual([{ type: 'caller-changed', caller: { number: '1001', name: 'Softphone 1' } }]);
      const before = media.stats().packetsReceived;
      await eventually('their sound', () => media.stats().packetsReceived > before + 10);
      await caller.hangUp();
      await eventually('the end', () => events.length === 2);
      expect(events[1]).toEqual({ type: 'ended', reason: 'caller-hung-up' });
    } finally {
      await colleague.stop();
    }
  });
});

describe('when Asterisk is killed in mid-call', () => {
  it('the call ends, nothing is held, and the next call is taken by its successor', async () => {
    const own = await NativeAsterisk.start();
    const server = { ...labServer(own), name: 'doomed' };
    const ownDesk = createTestDesk();
    const clock = systemClock;
    const ownApp = await startStasisApp({ server, desk: ownDesk, gateway, clock, log: createTestLog() });
    const dial = (at: NativeAsterisk): Promise<unknown> =>
      at.ari('POST', '/channels?endpoint=Local/510001@phones&extension=603&context=phones&priority=1');
    await dial(own);
    const { events, line } = await ownDesk.call(0);
    await line.answer();
    process.kill(own.pid, 'SIGKILL');
    const killedAt = performance.now();
    await eventually('the end', () => events.length === 1, 15_000);
    // It isn't talked to nobody until Asterisk is back.
    expect(performance.now() - killedAt).toBeLessThan(5000);
    await own.exited;
    // Its processes die a moment after the one that holds them.
    while (!(await isPortFree('tcp', '127.0.0.1', own.httpPort))) await systemClock.sleep(20);
    const heir = await NativeAsterisk.start({ httpPort: own.httpPort });
    expect(events).toEqual([{ type: 'ended', reason: 'asterisk-lost' }]);
    await eventually('nothing is held', () => ownApp.stats().unfinished === 0);
    await eventually('the event stream', () => ownApp.stats().stream.opened === 2);
    await dial(heir);
    await ownDesk.call(1);
    await ownApp.close();
    await own.stop();
    await heir.stop();
  });
});
