/** Call control at a real Asterisk, without the agent: the test is the desk. Callers are Local channels whose other end plays a tone (603). */
import { expect } from 'vitest';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { startStasisApp, type StasisApp } from '../../src/telephony/asterisk/stasis-app.ts';
import type { StasisAppOptions } from '../../src/telephony/asterisk/stasis-options.ts';
import { createTestDesk, createTestLog, type TestDesk } from './ari-desk.ts';
import { createTestGateway, type TestGateway } from './ari-media-gateway.ts';
import { labServer } from './lab-server.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export class StasisBench {
  asterisk: NativeAsterisk;
  readonly gateway: TestGateway = createTestGateway();
  readonly desk: TestDesk = createTestDesk();
  readonly log: ReturnType<typeof createTestLog> = createTestLog();
  readonly #apps: StasisApp[] = [];
  readonly #proxies: TcpProxy[] = [];

  constructor(asterisk: NativeAsterisk) {
    this.asterisk = asterisk;
  }

  async start(
    options: Partial<StasisAppOptions> & { instance?: string; port?: number; host?: string } = {},
  ): Promise<StasisApp> {
    const { instance = 'test', port = this.asterisk.httpPort, host = '127.0.0.1', ...rest } = options;
    const app = await startStasisApp({
      server: { ...labServer(this.asterisk), url: `http://${host}:${port}`, instance },
      ...{ desk: this.desk, gateway: this.gateway, clock: systemClock, log: this.log },
      ...rest,
    });
    this.#apps.push(app);
    return app;
  }

  /** A wire to ARI that can be cut. */
  async proxy(): Promise<TcpProxy> {
    const proxy = await startTcpProxy(this.asterisk.httpPort);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** A caller dials `exten` and, when answered, gives a tone. Returns the caller's own end. */
  async dial(exten = '510001', callerId = ''): Promise<string> {
    const query = new URLSearchParams({
      endpoint: `Local/${exten}@phones`,
      extension: '603',
      context: 'phones',
      priority: '1',
      ...(callerId === '' ? {} : { callerId }),
    });
    const { id } = (await this.asterisk.ari('POST', `/channels?${query.toString()}`)) as { id: string };
    return id;
  }

  /** Channels and bridges are as before: none. */
  async quiet(): Promise<void> {
    const deadline = performance.now() + 5000;
    for (;;) {
      const [channels, bridges] = await Promise.all([this.asterisk.channels(), this.asterisk.bridges()]);
      if (channels.length + bridges.length === 0) return;
      if (performance.now() > deadline) {
        expect({ channels: channels.map(({ id, name }) => [id, name]), bridges }).toEqual({
          channels: [],
          bridges: [],
        });
      }
      await systemClock.sleep(20);
    }
  }

  /** After a test: nothing is left of it. */
  async close(): Promise<void> {
    await Promise.all(this.#apps.map((app) => app.close()));
    expect(this.gateway.open()).toBe(0);
    for (const { id } of await this.asterisk.channels()) {
      await this.asterisk.ari('DELETE', `/channels/${id}`).catch(() => undefined);
    }
    await this.quiet();
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }
}
