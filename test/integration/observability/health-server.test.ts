import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  startHealthServer,
  type HealthServer,
  type HealthServerOptions,
} from '../../../src/observability/health-server.ts';
import { noUnhandledRejections } from '../../support/leaks.ts';

describe('the server for health and metrics', () => {
  noUnhandledRejections();
  let server: HealthServer;
  let troubles: string[] = [];
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
  });

  async function start(more: Partial<HealthServerOptions> = {}): Promise<string> {
    troubles = [];
    server = await startHealthServer({
      address: '127.0.0.1',
      port: 0,
      pages: {
        '/healthz': () => ({ contentType: 'application/json', body: '{"alive":true}\n' }),
        '/readyz': () => Promise.resolve({ status: 503, contentType: 'text/plain', body: 'nö\n' }),
        '/broken': () => Promise.reject(new Error('a secret')),
      },
      onTrouble: (message) => troubles.push(message),
      ...more,
    });
    return server.url;
  }

  /** Sends text as it is; resolves with all that comes back until the server closes the connection. */
  async function raw(url: string, text: string): Promise<string> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    sockets.push(socket);
    let answer = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (answer += piece));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    socket.write(text);
    await closed;
    return answer;
  }

  it('serves a page with its status and type, and tells caches to forget it', async () => {
    const url = await start();
    const alive = await fetch(`${url}/healthz`);
    expect([alive.status, await alive.text()]).toEqual([200, '{"alive":true}\n']);
    expect(alive.headers.get('content-type')).toBe('application/json');
    expect(alive.headers.get('cache-control')).toBe('no-store');
    const ready = await fetch(`${url}/readyz?from=a-probe`);
    expect([ready.status, await ready.text()]).toEqual([503, 'nö\n']);
  });

  it('answers HEAD like GET, without the body', async () => {
    const url = await start();
    const answer = await fetch(`${url}/readyz`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([503, '']);
    expect(answer.headers.get('content-length')).toBe('4');
  });

  it('knows no other path, and doesn’t repeat it', async () => {
    const url = await start();
    for (const path of ['/', '/healthz/', '/%2e%2e/etc/passwd', '/__proto__', '/constructor', '/a<script>']) {
      const answer = await fetch(`${url}${path}`);
      expect([path, answer.status, await answer.text()]).toEqual([path, 404, 'not found\n']);
    }
  });

  it('is to be read only', async () => {
    const url = await start();
    const answer = await fetch(`${url}/healthz`, { method: 'POST', body: 'x'.repeat(100_000) });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  it('tells the log, and not who asked, what a page failed with', async () => {
    const url = await start();
    const answer = await fetch(`${url}/broken`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    expect(troubles).toEqual(['/broken could not be answered']);
  });

  it('closes the connection of who sends a request too slowly, or nothing at all', async () => {
    const url = await start({ requestMs: 200 });
    const [slow, silent] = await Promise.all([
      raw(url, 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: '),
      raw(url, ''),
    ]);
    expect(slow).toMatch(/^HTTP\/1\.1 408 /);
    expect(silent).not.toContain('200');
  });

  it('refuses what is no HTTP, and headers without end', async () => {
    const url = await start();
    expect(await raw(url, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(
      await raw(url, `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`),
    ).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('says so in one error when its port is taken, and what to do', async () => {
    const url = await start();
    const port = Number(new URL(url).port);
    const second = startHealthServer({ address: '127.0.0.1', port, pages: {}, onTrouble: () => undefined });
    await expect(second).rejects.toMatchObject({
      code: 'MONITORING_PORT_UNAVAILABLE',
      message: expect.stringMatching(
        new RegExp(`127\\.0\\.0\\.1 port ${port}: another program .*monitoring\\.listenPort.*EADDRINUSE`),
      ) as string,
    });
    const nowhere = startHealthServer({
      address: '192.0.2.1',
      port: 0,
      pages: {},
      onTrouble: () => undefined,
    });
    await expect(nowhere).rejects.toThrow(/no interface of this machine has that address/);
  });

  it('answers nobody who asks again and again without waiting, and cuts off who doesn’t read', async () => {
    let made = 0;
    const body = 'x'.repeat(64_000_000);
    const url = await start({
      requestMs: 200,
      pages: {
        '/metrics': () => {
          made += 1;
          return { contentType: 'text/plain', body };
        },
      },
    });
    await raw(url, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(400));
    expect(made).toBe(1);
    const deaf = connect(Number(new URL(url).port), '127.0.0.1');
    sockets.push(deaf);
    deaf.on('error', () => undefined);
    deaf.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => made, { timeout: 5000 }).toBe(2);
    // It reads nothing for many times as long as it may: then what is left of the answer isn't all of it.
    const cut = once(deaf, 'close');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    let read = 0;
    deaf.on('data', (piece: Buffer) => (read += piece.length));
    await cut;
    expect(read).toBeLessThan(body.length);
  });

  it('tells who asks too often to wait', async () => {
    const url = await start({ requestsPerMinute: 2 });
    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await fetch(`${url}/healthz`)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('frees its port at once, whoever is still connected', async () => {
    const url = await start();
    const port = Number(new URL(url).port);
    const idle = connect(port, '127.0.0.1');
    sockets.push(idle);
    await once(idle, 'connect');
    await Promise.all([server.close(), server.close()]);
    const next = await startHealthServer({
      address: '127.0.0.1',
      port,
      pages: {},
      onTrouble: () => undefined,
    });
    expect(next.url).toBe(url);
    await next.close();
  });
});
