/** Health and metrics as the program puts them together, around a real media gateway. */
import { afterEach, describe, expect, it } from 'vitest';
import { startMonitoring, type Monitoring } from '../../src/app/monitoring.ts';
import { watchParts } from '../../src/app/watched-parts.ts';
import { ProviderPool } from '../../src/app/providers.ts';
import type { Config } from '../../src/config.ts';
import { RtpMediaGateway } from '../../src/gateways/rtp-media-gateway.ts';
import { VonageMediaGateway } from '../../src/gateways/vonage-media-gateway.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Scope } from '../../src/lib/scope.ts';
import { watchEventLoop } from '../../src/observability/health-event-loop.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { MortalThreads } from '../support/mortal-threads.ts';
import { until } from '../support/leaks.ts';
import { Exposition } from '../support/prometheus-text.ts';
import { shippedConfig } from '../support/shipped-config.ts';

interface Health {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason?: string }[];
}

describe('monitoring', () => {
  let scope = new Scope('test');
  let lines: string[] = [];

  afterEach(() => scope.close());

  const log = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line) });

  function monitor(config: Config): Promise<Monitoring> {
    const loop = watchEventLoop(systemClock);
    scope.defer(() => {
      loop.close();
    });
    return startMonitoring(config, log, scope, loop);
  }

  async function start(
    env: Readonly<Record<string, string>>,
  ): Promise<{ monitoring: Monitoring; url: string }> {
    scope = new Scope('test');
    lines = [];
    const config = shippedConfig({ MONITORING_LISTEN_PORT: '0', ...env });
    const monitoring = await monitor(config);
    const told = lines.map((line) => JSON.parse(line) as { event?: string; url?: string; msg: string });
    return { monitoring, url: told.find(({ event }) => event === 'monitoring')?.url ?? '' };
  }

  async function health(url: string): Promise<Health & { status: number }> {
    const answer = await fetch(`${url}/readyz`);
    return { status: answer.status, ...((await answer.json()) as Health) };
  }

  it('says in the log where it listens, and is not ready before everything is started or once it drains', async () => {
    const { monitoring, url } = await start({});
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(lines.join('')).toContain(`health and metrics: ${url}/healthz, /readyz and /metrics`);
    expect(await health(url)).toMatchObject({
      status: 503,
      checks: [{ name: 'start', ok: false }, { name: 'drain' }],
    });
    monitoring.started();
    expect(await health(url)).toMatchObject({ status: 200, ready: true });
    monitoring.draining();
    expect(await health(url)).toMatchObject({
      status: 503,
      checks: [{ name: 'start' }, { name: 'drain', ok: false }],
    });
    monitoring.started();
    expect((await health(url)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('is not ready with a dead media thread, until a call has started it again', async () => {
    const { monitoring, url } = await start({});
    const threads = new MortalThreads('gateways/rtp/media-worker.ts');
    scope.defer(() => {
      threads.close();
    });
    const gateway = await RtpMediaGateway.start({
      supervision: threads.supervision,
      onWarning: () => undefined,
    });
    scope.defer(() => gateway.close());
    const providers = new ProviderPool(scope, log, shippedConfig());
    watchParts(monitoring, { gateway, providers, agents: [], apps: [] });
    monitoring.started();
    expect((await health(url)).status).toBe(200);

    for (let deaths = 1; deaths <= 6; deaths++) {
      threads.end('throw');
      await until(() => gateway.report.threads[0]?.restarts === deaths, 10_000);
      if (deaths < 6) await until(() => gateway.report.threads[0]?.trouble === undefined, 10_000);
    }
    const dead = await health(url);
    expect(dead.status).toBe(503);
    expect(dead.checks.find(({ name }) => name === 'media')).toEqual({
      name: 'media',
      ok: false,
      reason: expect.stringMatching(/^media thread media-1: given up .*it died 6 times/) as string,
    });
    const metrics = new Exposition(await (await fetch(`${url}/metrics`)).text());
    expect(metrics.value('voice_agent_media_thread_up', { thread: 'media-1' })).toBe(0);
    expect(metrics.value('voice_agent_media_thread_restarts_total')).toBe(6);

    const session = await gateway.reserve({ id: 'next' });
    await session.close();
    expect((await health(url)).status).toBe(200);
  });

  it('is not ready while the thread that listens for Vonage is dead, and is again by itself', async () => {
    const { monitoring, url } = await start({});
    const threads = new MortalThreads('gateways/vonage/edge-worker.ts');
    scope.defer(() => {
      threads.close();
    });
    const vonage = await VonageMediaGateway.start({
      supervision: { ...threads.supervision, threadPolicy: { failuresAMinute: 0, reviveAfterMs: 2000 } },
      onWarning: () => undefined,
    });
    scope.defer(() => vonage.close());
    const providers = new ProviderPool(scope, log, shippedConfig());
    watchParts(monitoring, { gateway: undefined, vonage, providers, agents: [], apps: [] });
    monitoring.started();
    expect((await health(url)).status).toBe(200);

    threads.end('exit');
    await until(() => vonage.trouble !== undefined, 10_000);
    expect(await health(url)).toMatchObject({
      status: 503,
      checks: expect.arrayContaining([
        { name: 'vonage', ok: false, reason: expect.stringMatching(/^the listener: given up/) as string },
      ]) as unknown,
    });
    await until(() => vonage.trouble === undefined, 15_000);
    expect((await health(url)).status).toBe(200);
  });

  it('listens nowhere when it is switched off, and takes all the same what it is told', async () => {
    const { monitoring, url } = await start({ MONITORING_ENABLED: 'false' });
    expect([url, lines]).toEqual(['', []]);
    monitoring.started();
    monitoring.draining();
  });

  it('is one error that says what to do when its port is taken', async () => {
    const { url } = await start({});
    const port = new URL(url).port;
    const config = shippedConfig({ MONITORING_LISTEN_PORT: port });
    await expect(monitor(config)).rejects.toMatchObject({
      code: 'MONITORING_PORT_UNAVAILABLE',
      message: expect.stringContaining(`port ${port}: another program`) as string,
    });
  });
});
