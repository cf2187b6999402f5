import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { healthCheckCommand } from '../../../src/health-check.ts';

describe('npm run health', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  async function agent(answer: (path: string) => { status: number; body: string } | undefined) {
    const asked: string[] = [];
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const given = answer(request.url ?? '');
      if (given) response.writeHead(given.status).end(given.body);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server?.once('listening', resolve));
    return { asked, port: (server.address() as AddressInfo).port };
  }

  async function check(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const lines: string[] = [];
    const status = await healthCheckCommand(args, env, (line) => lines.push(line));
    return { status, text: lines.join('\n') };
  }

  it('asks whether the agent is ready, and says why it isn’t', async () => {
    let ready = false;
    const { asked, port } = await agent(() => ({ status: ready ? 200 : 503, body: `{"ready":${ready}}\n` }));
    const env = { MONITORING_LISTEN_PORT: String(port) };
    expect(await check([], env)).toEqual({ status: 1, text: '{"ready":false}' });
    ready = true;
    expect(await check([], env)).toEqual({ status: 0, text: '{"ready":true}' });
    expect(asked).toEqual(['/readyz', '/readyz']);
  });

  it('asks whether it is alive', async () => {
    const { asked, port } = await agent(() => ({ status: 200, body: 'alive' }));
    expect((await check(['healthz', '--url', `http://127.0.0.1:${port}/`])).status).toBe(0);
    expect(asked).toEqual(['/healthz']);
  });

  it('asks at the loopback address of an agent that listens everywhere', async () => {
    const { port } = await agent(() => ({ status: 200, body: 'ok' }));
    const env = { MONITORING_LISTEN_ADDRESS: '0.0.0.0', MONITORING_LISTEN_PORT: String(port) };
    expect(await check([], env)).toEqual({ status: 0, text: 'ok' });
    const { text } = await check([], { MONITORING_LISTEN_ADDRESS: '::', MONITORING_LISTEN_PORT: '1' });
    expect(text).toContain('http://[::1]:1/readyz');
  });

  it('fails when nobody listens', async () => {
    const { port } = await agent(() => undefined);
    server?.close();
    await new Promise((resolve) => server?.once('close', resolve));
    const { status, text } = await check(['--url', `http://127.0.0.1:${port}`]);
    expect(status).toBe(1);
    expect(text).toMatch(/^no answer from .*ECONNREFUSED/);
  });

  it('fails when no answer comes in time', async () => {
    const { port } = await agent(() => undefined);
    const { status, text } = await check(['--url', `http://127.0.0.1:${port}`, '--timeout-ms', '50']);
    expect(status).toBe(1);
    expect(text).toMatch(/nothing came within 50 ms/);
  });

  it.each([
    [['livez']],
    [['readyz', 'healthz']],
    [['--timeout-ms', 'soon']],
    [['--url', 'no url']],
    [['-x']],
  ])('tells its usage for %j', async (args) => {
    expect(await check(args)).toEqual({ status: 2, text: expect.stringContaining('usage:') as string });
  });
});
