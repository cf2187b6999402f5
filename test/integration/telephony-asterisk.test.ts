import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { objectIds } from '../../src/telephony/asterisk/object-ids.ts';
import type { StasisApp } from '../../src/telephony/asterisk/stasis-app.ts';
import { describedOperations } from '../support/ari-api-docs.ts';
import { createTestDesk, eventually, type TestDesk } from '../support/ari-desk.ts';
import { labServer } from '../support/lab-server.ts';
import { StasisBench } from '../support/stasis-bench.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';

/** Call control against a real Asterisk. */

let asterisk: NativeAsterisk;
let bench: StasisBench;
let desk: StasisBench['desk'];
let gateway: StasisBench['gateway'];
let log: StasisBench['log'];
const start: StasisBench['start'] = (options) => bench.start(options);
const dial: StasisBench['dial'] = (...args) => bench.dial(...args);
const quiet = (): Promise<void> => bench.quiet();

beforeAll(async () => {
  asterisk = await NativeAsterisk.start();
});

afterAll(async () => {
  await asterisk.stop();
});

beforeEach(() => {
  bench = new StasisBench(asterisk);
  ({ desk, gateway, log } = bench);
});

afterEach(async () => {
  await bench.close();
});

describe('a caller at a real Asterisk', () => {
  it('is bridged, answered, and heard at the media session', async () => {
    await start();
    await dial('510002');
    const { info, line, media } = await desk.call(0);
    expect(info).toMatchObject({ direction: 'in', dialled: '510002' });
    expect(
      (await asterisk.bridges()).map(({ technology, channels }) => [technology, channels.length]),
    ).toEqual([['simple_bridge', 2]]);
    await line.answer();
    await eventually('half a second of the caller’s tone', () => media.stats().packetsReceived >= 25);
    await line.hangUp();
    await quiet();
  });

  it('is served in the law that the agent asks for', async () => {
    desk.codec = 'alaw';
    await start();
    await dial();
    const { line } = await desk.call(0);
    await line.answer();
    const channels = await asterisk.cli('core show channels concise');
    const external = channels.split('\n').find((text) => text.startsWith('UnicastRTP'));
    expect(await asterisk.cli(`core show channel ${external?.split('!')[0] ?? ''}`)).toMatch(
      /NativeFormats: \(alaw\)/,
    );
  });

  it('who hangs up ends the call, with nothing left', async () => {
    const app = await start();
    const caller = await dial();
    const { line, events } = await desk.call(0);
    await line.answer();
    await asterisk.ari('DELETE', `/channels/${caller}`);
    await eventually('the end', () => events.length === 1);
    expect(events).toEqual([{ type: 'ended', reason: 'caller-hung-up' }]);
    await quiet();
    await eventually('nothing is held', () => app.stats().unfinished === 0);
  });

  it('goes on in the dialplan with the result that the session gave', async () => {
    await start();
    await dial();
    const { line, info } = await desk.call(0);
    await line.answer();
    await line.proceed({ VOICE_AGENT_RESULT: 'transfer', VOICE_AGENT_DEPARTMENT: 'sales' });
    await eventually('its session is told', () => desk.calls[0]?.events.length === 1);
    const place = async () => (await asterisk.channels()).find(({ id }) => id === info.key.channel)?.dialplan;
    await expect
      .poll(place, { timeout: 5000 })
      .toMatchObject({ context: 'voice-agent-department', exten: 'sales' });
    await expect.poll(() => asterisk.bridges(), { timeout: 5000 }).toEqual([]);
  });

  it('goes on in the dialplan, unanswered, while draining', async () => {
    const app = await start();
    app.drain();
    await dial();
    await eventually('it is sent on', () => log.text().includes('a caller is sent on'));
    let channels = await asterisk.channels();
    const deadline = performance.now() + 4000;
    while (!channels.some(({ dialplan }) => dialplan.context === 'voice-agent-result')) {
      if (performance.now() > deadline) throw new Error(`not in the dialplan: ${JSON.stringify(channels)}`);
      channels = await asterisk.channels();
    }
    expect(desk.calls).toEqual([]);
    expect(desk.abandoned).toEqual(['draining']);
  });

  it('brings its number, its name and the variables that are asked for', async () => {
    await start({ channelVariables: ['CHANNEL(audionativeformat)', 'CHANNEL(state)', 'NOT_SET'] });
    await dial('510001', '"Ada" <4711>');
    const { info } = await desk.call(0);
    expect(info.variables).toMatchObject({ 'CHANNEL(state)': 'Ring' });
    expect(info.variables).not.toHaveProperty('NOT_SET');
    expect(info.caller).toEqual({ name: 'Ada', number: '4711' });
  });

  it('who hangs up at any moment of the set-up leaves nothing', async () => {
    const app = await start();
    for (let delay = 0; delay < 30; delay += 2) {
      const caller = await dial();
      await systemClock.sleep(delay);
      await asterisk.ari('DELETE', `/channels/${caller}`);
    }
    await quiet();
    await eventually('nothing is held', () => app.stats().unfinished === 0 && gateway.open() === 0);
    expect(desk.asked.length).toBeGreaterThan(0);
  });

  it('isn’t left in silence when the external channel is taken away', async () => {
    await start();
    await dial();
    const { events, line } = await desk.call(0);
    await line.answer();
    const external = (await asterisk.channels()).find(({ name }) => name.startsWith('UnicastRTP'));
    await asterisk.ari('DELETE', `/channels/${external?.id ?? ''}`);
    await eventually('the end', () => events.length === 1);
    expect(events).toEqual([{ type: 'ended', reason: 'external-channel-left' }]);
  });

  it('shares Asterisk with twenty others', async () => {
    const app = await start();
    const callers = await Promise.all(Array.from({ length: 20 }, () => dial()));
    await desk.call(19);
    await Promise.all(desk.calls.map(({ line }) => line.answer()));
    await eventually('everybody is heard', () =>
      desk.calls.every(({ media }) => media.stats().packetsReceived >= 5),
    );
    await Promise.all(callers.slice(10).map((caller) => asterisk.ari('DELETE', `/channels/${caller}`)));
    for (const { line } of desk.calls) void line.hangUp();
    await quiet();
    await eventually('nothing is held', () => app.stats().unfinished === 0);
  });
});

describe('when the connection to a real Asterisk is lost in mid-call', () => {
  const viaProxy = async (): Promise<{ app: StasisApp; proxy: TcpProxy }> => {
    const proxy = await bench.proxy();
    return { proxy, app: await start({ port: proxy.port, settings: { pingMs: 100, requestMs: 1000 } }) };
  };

  it('calls that live go on, those whose caller left end, and callers who came meanwhile are received', async () => {
    const { app, proxy } = await viaProxy();
    await dial();
    const leaves = await dial();
    const [first, second] = [await desk.call(0), await desk.call(1)];
    await Promise.all([first.line.answer(), second.line.answer()]);
    proxy.refuse();
    proxy.cut();
    await eventually('the loss', () => app.stats().stream.state !== 'open');
    await asterisk.ari('DELETE', `/channels/${leaves}`);
    proxy.admit();
    await eventually('the stream', () => app.stats().stream.opened === 2);
    const left = [first, second].find(({ events }) => events.length > 0) ?? (await ended([first, second]));
    expect(left.events).toEqual([{ type: 'ended', reason: 'caller-hung-up' }]);
    expect(app.stats().calls).toBe(1);
    const stays = left === first ? second : first;
    const before = stays.media.stats().packetsReceived;
    await eventually('the caller is still heard', () => stays.media.stats().packetsReceived > before);
    await stays.line.hangUp();
    await quiet();
  });

  it('a half-open connection is noticed and replaced', async () => {
    const { app, proxy } = await viaProxy();
    await dial();
    const { events, line } = await desk.call(0);
    await line.answer();
    proxy.freeze();
    await eventually('a second connection', () => app.stats().stream.opened === 2);
    await eventually('it is open', () => app.stats().stream.state === 'open');
    await dial();
    await desk.call(1);
    expect(events).toEqual([]);
    expect(app.stats().calls).toBe(2);
  });

  const ended = async (calls: TestDesk['calls']): Promise<TestDesk['calls'][number]> =>
    eventually('one has ended', () => calls.find(({ events }) => events.length > 0));
});

describe('registering at a real Asterisk', () => {
  it('sweeps what an earlier run of this instance left, and receives a caller found waiting', async () => {
    // An earlier run that dies in mid-call: its connections end, its objects stay.
    const proxy = await bench.proxy();
    const dead = await start({ port: proxy.port });
    await dial();
    await (await desk.call(0)).line.answer();
    proxy.refuse();
    proxy.cut();
    await eventually('it is cut off', () => dead.stats().stream.state !== 'open');
    expect(await asterisk.bridges()).toHaveLength(1);

    const heir = createTestDesk();
    await start({ desk: heir });
    const { info, line } = await heir.call(0);
    expect(info.dialled).toBe('510001');
    expect(log.text()).toContain('an earlier run left');
    expect(await asterisk.bridges()).toHaveLength(1);
    const externals = (await asterisk.channels()).filter(({ name }) => name.startsWith('UnicastRTP'));
    expect(externals).toHaveLength(1);
    await line.hangUp();
    await quiet();
  });

  it('refuses a name that another program has, or takes it over and the other stands by', async () => {
    const first = await start();
    await expect(start({ instance: 'second' })).rejects.toMatchObject({ code: 'ARI_APP_TAKEN' });
    const second = await start({ instance: 'second', takeOver: true });
    await eventually('the first stands by', () => first.stats().stream.state === 'replaced');
    expect(second.stats().stream.state).toBe('open');
  });

  it('isn’t hindered by an app that Asterisk only remembers', async () => {
    // Its consumer dies in mid-call, and its caller and the rest go one after the other.
    const proxy = await bench.proxy();
    const dead = await start({ port: proxy.port, settings: { requestMs: 300, closeMs: 100 } });
    const caller = await dial();
    await desk.call(0);
    proxy.refuse();
    proxy.cut();
    await eventually('it is cut off', () => dead.stats().stream.state !== 'open');
    await asterisk.ari('DELETE', `/channels/${caller}`);
    for (const { id } of await asterisk.channels()) {
      await asterisk.ari('DELETE', `/channels/${id}`).catch(() => undefined);
    }
    for (const { id } of await asterisk.bridges()) await asterisk.ari('DELETE', `/bridges/${id}`);
    await quiet();
    expect(await asterisk.ari('GET', '/applications')).toMatchObject([
      { name: 'voice-agent', channel_ids: [] },
    ]);
    const heir = await start({ settings: { claimMs: 0 } });
    expect(heir.stats().stream.state).toBe('open');
  });

  it('says that the password is wrong', async () => {
    const server = { ...labServer(asterisk), password: 'not this' };
    await expect(start({ server })).rejects.toMatchObject({ code: 'ARI_UNAUTHORIZED' });
  });

  it('leaves no credentials in what is logged', async () => {
    await start();
    await dial();
    (await desk.call(0)).finish();
    await quiet();
    expect(log.text()).not.toContain(asterisk.secrets.ari);
  });

  it('is described by our own api-docs as by Asterisk’s', async () => {
    for (const { resource, nickname, method, path, parameters } of describedOperations()) {
      const doc = (await asterisk.ari('GET', `/api-docs/${resource}.json`)) as ApiDoc;
      const operations = doc.apis
        .filter((api) => api.path === path)
        .flatMap((api) => api.operations.filter((operation) => operation.httpMethod === method));
      expect(operations.map((operation) => operation.nickname)).toEqual([nickname]);
      const known = operations.flatMap((operation) => operation.parameters ?? []).map(({ name }) => name);
      expect(known).toEqual(expect.arrayContaining(parameters));
    }
    expect(objectIds('voice-agent', 'test').media()).toMatch(/^voice-agent-test-media-/);
  });
});

interface ApiDoc {
  readonly apis: readonly {
    readonly path: string;
    readonly operations: readonly {
      readonly httpMethod: string;
      readonly nickname: string;
      readonly parameters?: readonly { readonly name: string }[];
    }[];
  }[];
}
