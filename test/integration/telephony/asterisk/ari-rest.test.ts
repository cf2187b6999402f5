import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AriError } from '../../../../src/telephony/asterisk/ari-error.ts';
import { AriRest } from '../../../../src/telephony/asterisk/ari-rest.ts';
import { AriServer } from '../../../support/ari-server.ts';
import { eventually } from '../../../support/ari-desk.ts';

let server: AriServer;
let rest: AriRest | undefined;

const open = async (overrides: object = {}): Promise<AriRest> => {
  rest = await AriRest.open({ name: 'pbx', url: server.url, ...server.credentials, ...overrides }, 1000);
  return rest;
};

const failureOf = async (promise: Promise<unknown>): Promise<AriError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AriError)) throw new Error(`an AriError was expected, not ${String(error)}`);
  return error;
};

beforeEach(async () => {
  server = new AriServer();
  await server.start();
});

afterEach(async () => {
  rest?.close();
  rest = undefined;
  await server.stop();
});

describe('opening ARI', () => {
  it('loads the operations from the server and uses them', async () => {
    const ari = await open();
    expect(await ari.version()).toBe('22.0-fake');
    const caller = server.call();
    await ari.createBridge('b1');
    await ari.addToBridge('b1', [caller.id]);
    await ari.answer(caller.id);
    expect(await ari.bridges()).toEqual([{ id: 'b1', channels: [caller.id] }]);
    expect((await ari.channels()).map(({ id, state }) => [id, state])).toEqual([[caller.id, 'Up']]);
  });

  it('loads nothing of the package that ari-client would ask with whether the server is there', async () => {
    await open();
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    expect(loaded.filter((path) => /\/node_modules\/(?:request|tough-cookie)\/\w+\//.test(path))).toEqual([]);
    expect(loaded.some((path) => path.includes('/node_modules/ari-client/'))).toBe(true);
  });

  it('may be done for two servers at once, and gives each its own', async () => {
    const second = new AriServer({ username: 'other', password: 'other' });
    await second.start();
    const at = { name: 'second', url: second.url, ...second.credentials };
    const [ari, other] = await Promise.all([open(), AriRest.open(at, 1000)]);
    const ids = [server.call({ id: 'first.1' }).id, second.call({ id: 'second.1' }).id];
    const lists = await Promise.all([ari.channels(), other.channels()]);
    expect(lists.flat().map(({ id }) => id)).toEqual(ids);
    other.close();
    await second.stop();
  });

  it('says that nothing listens there', async () => {
    await server.stop();
    expect(await failureOf(open())).toMatchObject({
      code: 'ARI_UNREACHABLE',
      message: expect.stringMatching(/"pbx".*ECONNREFUSED/) as string,
    });
  });

  it('says in a sentence that the port isn’t encrypted, or that there is no such host', async () => {
    const { message } = await failureOf(open({ url: server.url.replace('http:', 'https:') }));
    expect(message).toMatch(/"pbx".*write http:\/\/ in place of https:\/\//);
    expect(message).not.toMatch(/SSL|EPROTO/);
    const unknown = await failureOf(open({ url: 'http://pbx.invalid:8088' }));
    expect(unknown.message).toMatch(/no such host is known/);
  });

  it('says that the password is wrong, without telling it', async () => {
    const failure = await failureOf(open({ password: 'hunter2' }));
    expect(failure).toMatchObject({ code: 'ARI_UNAUTHORIZED', status: 401 });
    expect(failure.message).not.toContain('hunter2');
  });

  it('says that the user may only read', async () => {
    await server.stop();
    server = new AriServer({ readOnly: true });
    await server.start();
    expect(await failureOf(open())).toMatchObject({
      code: 'ARI_UNAUTHORIZED',
      message: expect.stringMatching(/read_only/) as string,
    });
  });

  it('says that there is a web server without ARI', async () => {
    const failure = await failureOf(open({ url: `${server.url}/elsewhere` }));
    expect(failure).toMatchObject({
      code: 'ARI_UNREACHABLE',
      message: expect.stringMatching(/res_ari/) as string,
    });
  });

  it.each<[number, string, RegExp]>([
    [302, '', /"pbx" sends on to/],
    [403, '<html>Sign in</html>', /"pbx" answers 403: something in front of Asterisk/],
    [403, '', /"pbx" answers 403: something in front of Asterisk/],
    [500, 'oops', /"pbx" answers 500: Asterisk’s own log/],
    [503, '<html>Service Unavailable</html>', /"pbx" answers 503: a proxy is there/],
  ])('says what is in front of Asterisk: %d %s', async (status, body, words) => {
    server.fault = () => ({ status, body });
    expect(await failureOf(open())).toMatchObject({
      code: 'ARI_UNREACHABLE',
      message: expect.stringMatching(words) as string,
    });
  });

  it('says that what listens there hangs up', async () => {
    server.fault = () => ({ cut: true });
    expect((await failureOf(open())).message).toMatch(/hangs up without an answer.*https:/);
  });

  it('gives up on a server that takes the request and never answers', async () => {
    server.fault = () => ({ wait: new Promise(() => undefined) });
    const opening = AriRest.open({ name: 'pbx', url: server.url, ...server.credentials }, 50);
    expect(await failureOf(opening)).toMatchObject({ code: 'ARI_TIMEOUT' });
  });

  it('gives up on api-docs that never come, or are no JSON', async () => {
    server.fault = ({ path }) =>
      path === '/api-docs/channels.json' ? { wait: new Promise(() => undefined) } : undefined;
    const opening = AriRest.open({ name: 'pbx', url: server.url, ...server.credentials }, 50);
    expect(await failureOf(opening)).toMatchObject({ code: 'ARI_TIMEOUT' });
    server.fault = ({ path }) => (path === '/api-docs/channels.json' ? { garble: true } : undefined);
    const again = AriRest.open({ name: 'pbx', url: server.url, ...server.credentials }, 500);
    expect((await failureOf(again)).message).toContain('pbx');
  });
});

describe('a request', () => {
  it('never has the credentials in its URL', async () => {
    const ari = await open();
    await ari.channels();
    expect(server.requests.length).toBeGreaterThan(3);
    for (const { url } of server.requests) {
      expect(url).not.toContain('secret');
      expect(url).not.toContain('api_key');
    }
  });

  it('to one server has that server’s credentials, while others are open', async () => {
    const second = new AriServer({ username: 'other', password: 'other' });
    await second.start();
    const ari = await open();
    const other = await AriRest.open({ name: 'second', url: second.url, ...second.credentials }, 1000);
    const [channels, otherChannels] = [server.call().id, second.call({ id: 'second.1' }).id];
    const lists = await Promise.all([ari.channels(), other.channels(), ari.channels(), other.channels()]);
    expect(lists.map((list) => list.map(({ id }) => id))).toEqual([
      [channels],
      [otherChannels],
      [channels],
      [otherChannels],
    ]);
    other.close();
    await second.stop();
  });

  it('tells the status and the reason when it fails, but not the values it carried', async () => {
    const ari = await open();
    server.fault = () => ({ status: 422, body: '{"message":"Channel not in Stasis application"}' });
    expect(await failureOf(ari.addToBridge('b', ['x']))).toMatchObject({
      code: 'ARI_REQUEST_FAILED',
      status: 422,
      message: expect.stringMatching(/Channel not in Stasis application/) as string,
    });
    const failure = await failureOf(ari.setVariable('x', 'NAME', 'private'));
    expect(failure.message).not.toContain('private');
  });

  it('for what is gone already is a success where it should be gone', async () => {
    const ari = await open();
    expect(await ari.hangUp('nobody')).toBe(false);
    expect(await ari.destroyBridge('none')).toBe(false);
    expect(await ari.variable(server.call().id, 'UNSET')).toBeUndefined();
    expect(await failureOf(ari.answer('nobody'))).toMatchObject({ status: 404 });
  });

  it.each([
    ['answered with half a JSON', { garble: true } as const, 'ARI_REQUEST_FAILED'],
    ['cut off', { cut: true } as const, 'ARI_UNREACHABLE'],
    ['never answered', { wait: new Promise(() => undefined) } as const, 'ARI_TIMEOUT'],
  ])('fails in time when it is %s', async (_, fault, code) => {
    rest = await AriRest.open({ name: 'pbx', url: server.url, ...server.credentials }, 200);
    server.fault = () => fault;
    expect(await failureOf(rest.channels())).toMatchObject({ code });
  });

  it('fails when the connection is closed while it is under way, and no socket stays', async () => {
    const ari = await open();
    server.fault = () => ({ wait: new Promise(() => undefined) });
    const failing = failureOf(ari.channels());
    ari.close();
    expect(await failing).toMatchObject({ code: 'ARI_UNREACHABLE' });
    // ari-client's own first look at the api-docs leaves a kept connection to the global agent.
    await eventually('our connections are closed', () => server.connections <= 1);
  });
});
