/**
 * What a real Asterisk does on a bad day, and what becomes of callers, of what is held and of the log. Who is on the line
 * must be served on; and within two seconds of Asterisk's return the next caller must be.
 */
import dns from 'node:dns';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { StasisApp } from '../../src/telephony/asterisk/stasis-app.ts';
import { eventually, type SeenCall } from '../support/ari-desk.ts';
import { report } from '../support/running-agent.ts';
import { StasisBench } from '../support/stasis-bench.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';

let asterisk: NativeAsterisk;
let bench: StasisBench;

beforeAll(async () => {
  asterisk = await NativeAsterisk.start();
});
afterAll(async () => {
  await asterisk.stop();
});
beforeEach(() => {
  bench = new StasisBench(asterisk);
});
afterEach(async () => {
  await bench.close();
});

const RETURN_MS = 2000;

/** The app, behind a wire that a test can harm, with one caller who talks. */
async function talking(host?: string): Promise<{ app: StasisApp; proxy: TcpProxy; call: SeenCall }> {
  const proxy = await bench.proxy();
  const app = await bench.start({
    ...{ port: proxy.port, ...(host !== undefined && { host }) },
    channelVariables: ['CALLERID(dnid)', 'CHANNEL(language)', 'VOICE_AGENT_NOTE'],
  });
  await bench.dial();
  const call = await bench.desk.call(0);
  await call.line.answer();
  await stillHeard(call);
  return { app, proxy, call };
}

async function stillHeard({ media }: SeenCall): Promise<void> {
  const before = media.stats().packetsReceived;
  await eventually('the caller is heard', () => media.stats().packetsReceived > before);
}

/** Another caller comes, and is served. Returns how long that took, ms. */
async function nextIsServed(): Promise<number> {
  const served = bench.desk.calls.length;
  const at = performance.now();
  await bench.dial();
  await bench.desk.call(served);
  return performance.now() - at;
}

async function allLeave(): Promise<void> {
  for (const { id } of await asterisk.channels()) {
    await asterisk.ari('DELETE', `/channels/${id}`).catch(() => undefined);
  }
  await bench.quiet();
}

/** How often the log has a warning, or worse, with this in it. */
function warned(message: RegExp): number {
  const bad = bench.log.lines.filter(({ level }) => level === 'warn' || level === 'error');
  return bad.filter((line) => message.test(line.message)).length;
}

describe('an Asterisk that', () => {
  it('reloads all of its modules keeps its callers, and the app', async () => {
    const { app, call } = await talking();
    await asterisk.cli('core reload');
    await nextIsServed();
    await stillHeard(call);
    expect(call.events).toEqual([]);
    expect(app.stats()).toMatchObject({ calls: 2, trouble: undefined });
    await allLeave();
    await eventually('nothing is held', () => app.stats().unfinished === 0);
  });

  it('takes two seconds for every answer loses nobody: each caller is served, or goes on in the dialplan', async () => {
    const { app, proxy, call } = await talking();
    proxy.delay(2000);
    await bench.dial();
    const { calls } = bench.desk;
    await eventually(
      'they are served, or sent on',
      () => calls.length === 2 || bench.desk.abandoned.length > 0,
    );
    expect(call.events).toEqual([]);
    await stillHeard(call);
    proxy.delay(0);
    await nextIsServed();
    await allLeave();
    await eventually('nothing is held', () => app.stats().unfinished === 0);
  });

  it('cuts the connection every second keeps its callers, and fills no log', async () => {
    const { app, proxy, call } = await talking();
    for (let times = 1; times <= 4; times += 1) {
      proxy.cut();
      await eventually('it is back', () => app.stats().stream.opened === times + 1, RETURN_MS);
      await systemClock.sleep(250);
    }
    await nextIsServed();
    await stillHeard(call);
    expect(call.events).toEqual([]);
    expect(warned(/the ARI event stream was lost/)).toBe(1);
    await allLeave();
    await eventually('nothing is held', () => app.stats().unfinished === 0);
  });

  it('sends ten thousand events in a second is listened to, and obeyed when the caller hangs up', async () => {
    const { app, proxy, call } = await talking();
    const { channel } = call.info.key;
    const event = JSON.stringify({
      ...{ type: 'ChannelVarset', application: 'voice-agent', timestamp: '2026-01-01T00:00:00.000+0000' },
      ...{
        variable: 'RTPAUDIOQOS',
        value: 'x'.repeat(200),
        channel: { id: channel, name: 'PJSIP/x', state: 'Up' },
      },
    });
    const before = app.stats().stream.others;
    for (let part = 0; part < 50; part += 1) {
      proxy.say(Array.from({ length: 200 }, () => event));
      await systemClock.sleep(20);
    }
    const at = performance.now();
    await asterisk.ari('DELETE', `/channels/${channel}`);
    await eventually('the call ends', () => call.events.length > 0);
    report(
      `10,000 events in a second: the end of a call was noticed after ${(performance.now() - at).toFixed(0)} ms`,
    );
    expect(app.stats().stream.others - before).toBeGreaterThanOrEqual(10_000);
    expect(warned(/./)).toBe(0);
    await eventually('nothing is held', () => app.stats().unfinished === 0);
  });

  it('tells of 1,200 callers in four seconds who aren’t there makes nobody wait who is', async () => {
    const { app, proxy, call } = await talking();
    const forged = (index: number): string =>
      JSON.stringify({
        ...{ type: 'StasisStart', application: 'voice-agent', timestamp: '2026-01-01T00:00:00.000+0000' },
        args: ['510001'],
        channel: {
          ...{ id: `forged-${index}`, name: `PJSIP/forged-${index}`, state: 'Ring' },
          caller: { name: '', number: String(index) },
          dialplan: {
            context: 'voice-agent-call',
            exten: '510001',
            priority: 4,
            app_name: 'Stasis',
            app_data: '',
          },
        },
      });
    let sent = 0;
    const sending = (async () => {
      for (; sent < 1200; sent += 15) {
        proxy.say(Array.from({ length: 15 }, (_, index) => forged(sent + index)));
        await systemClock.sleep(50);
      }
    })();
    await eventually('half of them', () => sent >= 600);
    const servedMs = await nextIsServed();
    await sending;
    const at = performance.now();
    await call.line.hangUp();
    const hungUpMs = performance.now() - at;
    report(
      `1,200 forged callers: the next real one served after ${servedMs.toFixed(0)} ms, a call hung up after ${hungUpMs.toFixed(0)} ms`,
    );
    expect(servedMs).toBeLessThan(RETURN_MS);
    expect(hungUpMs).toBeLessThan(RETURN_MS);
    expect(bench.desk.calls).toHaveLength(2);
    await allLeave();
    await eventually('nothing is held', () => app.stats().unfinished === 0);
  });

  it('sends events that are cut off, or that nobody knows, is listened to as before; told once', async () => {
    const { app, proxy, call } = await talking();
    const whole = JSON.stringify({
      type: 'StasisStart',
      application: 'voice-agent',
      channel: { id: 'x'.repeat(90) },
    });
    proxy.say(Array.from({ length: 500 }, (_, index) => whole.slice(0, index % whole.length)));
    proxy.say(
      Array.from({ length: 500 }, (_, index) => JSON.stringify({ type: `Tomorrow${index}`, channel: index })),
    );
    await eventually('they have come', () => app.stats().stream.others >= 500);
    await nextIsServed();
    expect(app.stats().stream).toMatchObject({ opened: 1, state: 'open' });
    expect(call.events).toEqual([]);
    expect(warned(/could not be read/)).toBe(1);
    await allLeave();
  });

  it('has another password all of a sudden is left, so that callers go on in the dialplan, and back with it', async () => {
    const { app, call } = await talking();
    const file = asterisk.path('/etc/asterisk/site/ari.conf');
    const right = readFileSync(file, 'utf8');
    writeFileSync(file, right.replaceAll(asterisk.secrets.ari, 'another one'));
    await asterisk.cli('module reload res_ari.so');
    await eventually('it is noticed', () => app.stats().trouble !== undefined);
    await eventually('the events are left', () => app.stats().stream.state !== 'open');
    writeFileSync(file, right);
    const at = performance.now();
    await asterisk.cli('module reload res_ari.so');
    await eventually('it is in use', () => app.stats().stream.state === 'open');
    report(`the password is right again: in use after ${(performance.now() - at).toFixed(0)} ms`);
    expect(performance.now() - at).toBeLessThan(RETURN_MS);
    await nextIsServed();
    expect(call.events).toEqual([]);
    expect(warned(/takes no requests/)).toBe(1);
    await allLeave();
  });

  it('can’t be found by its name any more is found again when it can', async () => {
    const { app, proxy, call } = await talking('localhost');
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation((...args: unknown[]) => {
      const done = args.at(-1) as (error: Error) => void;
      const error = Object.assign(new Error('getaddrinfo EAI_AGAIN localhost'), { code: 'EAI_AGAIN' });
      setImmediate(done, error);
    });
    try {
      proxy.cut();
      await eventually('it is missed', () => warned(/no ARI event stream yet/) > 0);
      await systemClock.sleep(1500);
      expect(lookup.mock.calls.length).toBeGreaterThan(1);
      expect(warned(/no ARI event stream yet/)).toBe(1);
    } finally {
      lookup.mockRestore();
    }
    await eventually('it is in use', () => app.stats().stream.state === 'open', RETURN_MS);
    await nextIsServed();
    expect(call.events).toEqual([]);
    await allLeave();
    await eventually('nothing is held', () => app.stats().unfinished === 0);
  });

  it('restarts gracefully serves its callers to their end, and is in use again within two seconds', async () => {
    const { app, call } = await talking();
    // The command returns only when Asterisk goes.
    const restarting = asterisk.cli('core restart gracefully').catch(() => undefined);
    await systemClock.sleep(300);
    await stillHeard(call);
    expect(call.events).toEqual([]);
    await call.line.hangUp();
    await eventually('it goes', () => app.stats().stream.state !== 'open');
    await restarting;
    await isBack(app);
  });

  it('is killed and started again takes its calls with it, and is in use again within two seconds', async () => {
    const { app, call } = await talking();
    const { sipPort, httpPort } = asterisk;
    process.kill(asterisk.pid, 'SIGKILL');
    await asterisk.exited;
    await asterisk.stop();
    await eventually('the call is given up', () => call.events.length > 0);
    expect(call.events).toEqual([{ type: 'ended', reason: 'asterisk-lost' }]);
    asterisk = await NativeAsterisk.start({ sipPort, httpPort });
    bench.asterisk = asterisk;
    await isBack(app);
  });
});

/** It answers requests again: from then on the time counts. */
async function isBack(app: StasisApp): Promise<void> {
  const answers = (): Promise<boolean> =>
    asterisk.ari('GET', '/asterisk/info').then(
      () => true,
      () => false,
    );
  const deadline = performance.now() + 20_000;
  while (!(await answers())) {
    if (performance.now() > deadline) throw new Error('Asterisk stays away');
    await systemClock.sleep(20);
  }
  const at = performance.now();
  await eventually('it is in use', () => app.stats().stream.state === 'open');
  const ms = performance.now() - at;
  report(`Asterisk answers again: in use ${ms.toFixed(0)} ms later`);
  expect(ms).toBeLessThan(RETURN_MS);
  await nextIsServed();
  expect(warned(/the ARI event stream was lost/)).toBe(1);
  await allLeave();
  await eventually('nothing is held', () => app.stats().unfinished === 0);
}
