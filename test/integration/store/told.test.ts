/** That records wait is told where whoever runs the program looks: in its log, its metrics and its health. */
import { describe, expect, it } from 'vitest';
import { startMonitoring } from '../../../src/app/monitoring.ts';
import { openRecords } from '../../../src/app/records.ts';
import { NO_MEDIA } from '../../../src/dialog/contract/call-media.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { Scope } from '../../../src/lib/scope.ts';
import { watchEventLoop } from '../../../src/observability/health-event-loop.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { KEEP_ALL } from '../../../src/store/call-rows.ts';
import { listCalls } from '../../../src/store/reader.ts';
import { Exposition } from '../../support/prometheus-text.ts';
import { callInfo } from '../../support/scripted-line.ts';
import { shippedConfig } from '../../support/shipped-config.ts';
import { cleanDatabases, closeLater, open, postgres, tempFolder } from './databases.ts';

const PATIENCE = { timeout: 20_000, interval: 50 };

describe('a database', () => {
  cleanDatabases();

  it('that only reads costs no call; log, metrics and /readyz tell of it, and when it is over', async () => {
    const server = await postgres();
    const database = await server.database();
    await (await open({ kind: 'postgres', url: database })).close();
    const name = new URL(database).pathname.slice(1);
    const alter = (how: string) => server.query('postgres', `alter database ${name} ${how}`);
    await alter('set default_transaction_read_only = on');

    const scope = new Scope('test');
    closeLater(() => scope.close());
    const lines: { level: string; msg: string; event?: string; url?: string }[] = [];
    const write = (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[number]);
    const log = createLogger({ level: 'info', format: 'json', write });
    const config = shippedConfig({
      MONITORING_LISTEN_PORT: '0',
      VOICE_AGENT_DATABASE: database,
      VOICE_AGENT_DATA_DIR: await tempFolder(),
    });
    const loop = watchEventLoop(systemClock);
    scope.defer(() => {
      loop.close();
    });
    const monitoring = await startMonitoring(config, log, scope, loop);
    const store = await openRecords(config, KEEP_ALL, log, scope, monitoring);
    await store.begin();
    monitoring.started();
    const info = callInfo({ key: { server: 'test', channel: 'x' } });
    store.observe({ type: 'started', call: 'x', at: 0, info, agent: 'alice' });
    store.observe({ type: 'ended', call: 'x', at: 9, reason: 'other', variables: {}, media: NO_MEDIA });

    const url = lines.find(({ event }) => event === 'monitoring')?.url ?? '';
    const told = async () => {
      const answer = await fetch(`${url}/readyz`);
      const { checks } = (await answer.json()) as {
        checks: { name: string; ok: boolean; reason?: string }[];
      };
      const { samples } = new Exposition(await (await fetch(`${url}/metrics`)).text());
      return {
        status: answer.status,
        records: checks.find((one) => one.name === 'records'),
        up: samples.find((one) => one.name === 'voice_agent_store_up')?.value,
      };
    };
    const reason = expect.stringContaining('read-only') as string;
    await expect.poll(told, PATIENCE).toEqual({
      status: 200,
      records: { name: 'records', ok: false, reason },
      up: 0,
    });
    expect(lines.filter(({ msg }) => msg.includes('read-only'))).toMatchObject([
      { level: 'error', msg: expect.stringContaining('records wait in the spool: PostgreSQL at') as string },
    ]);

    await alter('reset default_transaction_read_only');
    // As a server does that fails over: who is connected begins anew.
    await server.query(
      'postgres',
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    );
    await expect.poll(told, PATIENCE).toMatchObject({ status: 200, records: { ok: true }, up: 1 });
    expect(lines.at(-1)?.msg).toContain('records are written to PostgreSQL');
    const reading = await open({ kind: 'postgres', url: database });
    await expect.poll(async () => (await listCalls(reading, 9)).length, PATIENCE).toBe(1);
  });
});
