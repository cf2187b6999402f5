import type { Config } from '../config.ts';
import { ownVersion } from './own-version.ts';
import type { CallObserver } from '../dialog/contract/call-events.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import type { Scope } from '../lib/scope.ts';
import { HealthChecks, type HealthCheck, type HealthReport } from '../observability/health-checks.ts';
import type { EventLoopWatch } from '../observability/health-event-loop.ts';
import { startHealthServer, type Page } from '../observability/health-server.ts';
import type { Logger } from '../observability/logger.ts';
import { createMetrics, type Readings } from '../observability/metrics.ts';

/** The parts of the program whose state the metrics read. */
export type Watched = Pick<
  Readings,
  'asterisk' | 'mediaThreads' | 'providers' | 'breakers' | 'refusals' | 'store' | 'fleet'
> & {
  /** Names of the tools that exist. */
  tools(): ReadonlySet<string>;
};

/** What the rest of the program reports to health checks and metrics. */
export interface Monitoring {
  readonly observe: CallObserver;
  /** A call has media: counted while it runs. */
  follow(call: string, media: MediaSession): void;
  /** Something that must be well for calls to be taken (or only ought to be), by its name: `asterisk:local`, `media`. */
  check(name: string, check: HealthCheck, needed?: boolean): void;
  /** There is something more to be read. */
  watch(parts: Partial<Watched>): void;
  /** How all of it is. */
  health(): HealthReport;
  /** Everything has been started. */
  started(): void;
  /** No more calls from now on. */
  draining(): void;
}

/** Agents that the configuration doesn't name: who speaks the refusals. */
const ANNOUNCER = 'announcements';

/**
 * Health and metrics of the whole program. The first thing that is started and the last that is closed, so
 * that it can be seen starting and draining. Throws MONITORING_PORT_UNAVAILABLE.
 */
export async function startMonitoring(
  config: Config,
  log: Logger,
  scope: Scope,
  loop: EventLoopWatch,
): Promise<Monitoring> {
  const checks = new HealthChecks();
  let phase: 'starting' | 'running' | 'draining' = 'starting';
  checks.add('start', () => (phase === 'starting' ? 'the agent is being started' : undefined));
  checks.add('drain', () =>
    phase === 'draining' ? 'the agent is draining: it takes no new calls' : undefined,
  );
  const watched: Watched = {
    asterisk: () => [],
    mediaThreads: () => [],
    providers: () => [],
    breakers: () => [],
    refusals: () => [],
    tools: () => new Set(),
  };
  const health = (): HealthReport => {
    const { node, nodes } = watched.fleet?.() ?? {};
    return { ...checks.report(), ...(node !== undefined && nodes && { node, nodes }) };
  };
  const metrics = config.monitoring.enabled
    ? await serve({ config, log, scope, loop }, watched, checks, health)
    : NOBODY_READS;
  return {
    observe: metrics.observe,
    follow: metrics.follow,
    check: (name, check, needed) => {
      checks.add(name, check, needed);
    },
    watch: (parts) => {
      Object.assign(watched, parts);
    },
    health,
    started() {
      if (phase === 'starting') phase = 'running';
    },
    draining() {
      phase = 'draining';
    },
  };
}

/** The console looks at health, too, without this. */
const NOBODY_READS: Pick<Monitoring, 'observe' | 'follow'> = {
  observe: () => undefined,
  follow: () => undefined,
};

/** The pages that other programs read. */
async function serve(
  {
    config,
    log,
    scope,
    loop,
  }: {
    readonly config: Config;
    readonly log: Logger;
    readonly scope: Scope;
    readonly loop: EventLoopWatch;
  },
  watched: Watched,
  checks: HealthChecks,
  health: () => HealthReport,
): Promise<Pick<Monitoring, 'observe' | 'follow'>> {
  const { listenAddress, listenPort } = config.monitoring;
  const metrics = createMetrics({
    version: ownVersion(),
    agents: [...config.agents.map(({ id }) => id), ANNOUNCER],
    maxCalls: config.limits.maxCalls,
    node: config.fleet.node,
    tools: () => watched.tools(),
    readings: {
      health: () => checks.report(),
      eventLoopDelayMs: () => loop.delayMs(),
      asterisk: () => watched.asterisk(),
      mediaThreads: () => watched.mediaThreads(),
      providers: () => watched.providers(),
      breakers: () => watched.breakers(),
      refusals: () => watched.refusals?.() ?? [],
      store: () => watched.store?.(),
      fleet: () => watched.fleet?.(),
    },
  });
  const server = await startHealthServer({
    address: listenAddress,
    port: listenPort,
    pages: {
      '/healthz': () => {
        const reason = loop.trouble();
        return json(reason === undefined, { alive: reason === undefined, ...(reason && { reason }) });
      },
      '/readyz': () => {
        const report = health();
        return json(report.ready, report);
      },
      '/metrics': () => metrics.text(),
    },
    onTrouble: (message, error) => {
      log.error({ part: 'monitoring', err: error }, message);
    },
  });
  scope.defer(() => server.close(), 'the monitoring server');
  log.info(
    { event: 'monitoring', url: server.url },
    `health and metrics: ${server.url}/healthz, /readyz and /metrics`,
  );
  return {
    observe: metrics.observe,
    follow: (call, media) => {
      metrics.follow(call, media);
    },
  };
}

function json(ok: boolean, body: object): Page {
  return { status: ok ? 200 : 503, contentType: 'application/json', body: `${JSON.stringify(body)}\n` };
}
