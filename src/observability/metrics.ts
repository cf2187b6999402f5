import { collectDefaultMetrics, Registry } from 'prom-client';
import type { CallObserver } from '../dialog/contract/call-events.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import type { ProviderStatus } from '../dialog/contract/provider-failures.ts';
import type { Milliseconds } from '../lib/clock.ts';
import type { HealthReport, NodeHealth } from './health-checks.ts';
import { countCalls, type CallMetricsOptions } from './metrics-calls.ts';
import { countMedia } from './metrics-media.ts';
import { readCounter, readGauge, type Reading } from './metrics-readings.ts';

/** What each scrape reads of the running program. */
export interface Readings {
  health(): HealthReport;
  eventLoopDelayMs(): Milliseconds;
  asterisk(): readonly AsteriskReading[];
  mediaThreads(): readonly ThreadReading[];
  /** Providers whose circuit breakers may open. */
  breakers(): readonly { readonly part: string; readonly provider: string; readonly open: boolean }[];
  providers(): readonly (ProviderStatus & { readonly part: string; readonly provider: string })[];
  /** Of the records: whether the database takes them, what waits for it, and what will never be there: totals. */
  store?(): StoreReading | undefined;
  /** Of a fleet, whose node this program is. */
  fleet?(): FleetReading | undefined;
  /** What came from the internet and was refused or ignored, by what was wrong with it: totals. */
  refusals?(): readonly (readonly [what: string, count: number])[];
}

interface FleetReading {
  /** This one. */
  readonly node: string;
  readonly nodes: readonly NodeHealth[];
  /** Callers of other nodes, by how it ended; and calls that others have taken from this one: totals. */
  readonly takeOvers: Readonly<Record<string, number>>;
  readonly lostToOthers: number;
}

interface StoreReading {
  readonly up: boolean;
  readonly waitingBytes: number;
  readonly lost: number;
}

interface AsteriskReading {
  readonly server: string;
  readonly connected: boolean;
  /** Totals since the start. */
  readonly connections: number;
  readonly events: number;
  readonly malformed: number;
  /** Calls that were offered to a whole fleet, and what became of that here: totals. */
  readonly offers?: {
    readonly offers: number;
    readonly claims: Readonly<Record<string, number>>;
    readonly declined: Readonly<Record<string, number>>;
  };
}

interface ThreadReading {
  readonly name: string;
  readonly alive: boolean;
  readonly restarts: number;
  readonly sessions: number;
  /** Packets that came to its port from unknown peers. */
  readonly unknownPeers?: number;
}

export interface MetricsOptions extends CallMetricsOptions {
  readonly version: string;
  /** Calls at a time. */
  readonly maxCalls: number;
  /** Its name among several programs, a label of every metric. */
  readonly node?: string | undefined;
  readonly readings: Readings;
}

export interface Metrics {
  readonly observe: CallObserver;
  /** Counts the media of a running call while it runs. */
  follow(call: string, media: MediaSession): void;
  /** All metrics in Prometheus' text format. */
  readonly text: () => Promise<{ readonly contentType: string; readonly body: string }>;
}

/** The metrics of one run of the program; docs/monitoring.md says what each means. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  if (options.node !== undefined) registry.setDefaultLabels({ node: options.node });
  collectDefaultMetrics({ register: registry });
  readProgram(registry, options);
  if (options.node !== undefined) readFleet(registry, options.readings);
  const count = countCalls(registry, options);
  const media = countMedia(registry);
  return {
    observe(event) {
      count(event);
      media.observe(event);
    },
    follow: (call, session) => {
      media.follow(call, session);
    },
    async text() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

function readProgram(registry: Registry, { version, maxCalls, readings }: MetricsOptions): void {
  const gauge = (
    name: string,
    help: string,
    labels: readonly string[],
    read: () => readonly Reading[],
  ): void => {
    readGauge(registry, { name: `voice_agent_${name}`, help, labels }, read);
  };
  const counter = (
    name: string,
    help: string,
    labels: readonly string[],
    read: () => readonly Reading[],
  ): void => {
    readCounter(registry, { name: `voice_agent_${name}`, help, labels }, read);
  };

  gauge('build_info', 'Always 1; which version runs.', ['version'], () => [
    { labels: { version }, value: 1 },
  ]);
  gauge('calls_limit', 'Calls at a time that are taken (limits.maxCalls).', [], () => [{ value: maxCalls }]);
  gauge('ready', '1: calls can be taken, as /readyz says.', [], () => [
    { value: Number(readings.health().ready) },
  ]);
  gauge('check_ok', 'The checks of /readyz: 1 well, 0 not.', ['check'], () =>
    readings.health().checks.map(({ name, ok }) => ({ labels: { check: name }, value: Number(ok) })),
  );
  gauge(
    'event_loop_delay_seconds',
    'Event loop delay of the main thread: median of the last 10 s.',
    [],
    () => [{ value: readings.eventLoopDelayMs() / 1000 }],
  );

  const store = (value: (reading: StoreReading) => number) => () => {
    const reading = readings.store?.();
    return reading ? [{ value: value(reading) }] : [];
  };
  gauge(
    'store_up',
    '1: the database takes the records of calls.',
    [],
    store(({ up }) => Number(up)),
  );
  gauge(
    'store_waiting_bytes',
    'Records that wait in the spool for the database.',
    [],
    store(({ waitingBytes }) => waitingBytes),
  );
  counter(
    'store_lost_total',
    'Rows of records that are lost: they did not fit, or could not be written or read.',
    [],
    store(({ lost }) => lost),
  );

  const asterisk = (value: (reading: AsteriskReading) => number) => () =>
    readings.asterisk().map((reading) => ({ labels: { server: reading.server }, value: value(reading) }));
  gauge(
    'asterisk_connected',
    '1: the ARI event stream is open.',
    ['server'],
    asterisk(({ connected }) => Number(connected)),
  );
  counter(
    'asterisk_connections_total',
    'Event streams that were opened, the first included.',
    ['server'],
    asterisk(({ connections }) => connections),
  );
  counter(
    'asterisk_events_total',
    'ARI events that were received.',
    ['server'],
    asterisk(({ events }) => events),
  );
  counter(
    'asterisk_events_malformed_total',
    'ARI events that could not be read.',
    ['server'],
    asterisk(({ malformed }) => malformed),
  );

  counter(
    'vonage_refused_total',
    'What came to the Vonage listener and was refused or ignored.',
    ['what'],
    () => (readings.refusals?.() ?? []).map(([what, value]) => ({ labels: { what }, value })),
  );

  const threads = (value: (reading: ThreadReading) => number) => () =>
    readings.mediaThreads().map((reading) => ({ labels: { thread: reading.name }, value: value(reading) }));
  gauge(
    'media_thread_up',
    '1: the media thread lives.',
    ['thread'],
    threads(({ alive }) => Number(alive)),
  );
  counter(
    'media_thread_restarts_total',
    'Times that the thread died and was started again.',
    ['thread'],
    threads(({ restarts }) => restarts),
  );
  gauge(
    'media_sessions',
    'Calls whose media a thread carries.',
    ['thread'],
    threads(({ sessions }) => sessions),
  );

  // The older name goes with the release after the next.
  for (const name of ['media_packets_from_unknown_peers_total', 'media_packets_from_strangers_total']) {
    counter(name, 'Packets that came from no call’s peer.', [], () => [
      { value: readings.mediaThreads().reduce((sum, { unknownPeers = 0 }) => sum + unknownPeers, 0) },
    ]);
  }

  gauge(
    'provider_breaker_open',
    '1: the provider has failed, and its circuit breaker is open: it is not asked.',
    ['part', 'provider'],
    () =>
      readings
        .breakers()
        .map(({ part, provider, open }) => ({ labels: { part, provider }, value: Number(open) })),
  );
  gauge(
    'provider_requests',
    'Requests in flight or queued at a provider in this process.',
    ['part', 'provider'],
    () =>
      readings
        .providers()
        .map(({ part, provider, requests }) => ({ labels: { part, provider }, value: requests })),
  );
  counter(
    'provider_unanswered_total',
    'Questions that a provider in this process did not answer in time: calls went on without.',
    ['part', 'provider'],
    () =>
      readings
        .providers()
        .flatMap(({ part, provider, unanswered: value }) =>
          value === undefined ? [] : [{ labels: { part, provider }, value }],
        ),
  );
  const speech = (value: (thread: ProviderStatus['threads'][number]) => number) => () =>
    readings
      .providers()
      .flatMap(({ part, provider, threads: own }) =>
        own.map((thread) => ({ labels: { part, provider, thread: thread.name }, value: value(thread) })),
      );
  gauge(
    'speech_thread_up',
    '1: the speech thread lives.',
    ['part', 'provider', 'thread'],
    speech(({ alive }) => Number(alive)),
  );
  counter(
    'speech_thread_restarts_total',
    'Times that the thread died and was started again.',
    ['part', 'provider', 'thread'],
    speech(({ restarts }) => restarts),
  );
}

/** A node's part in a fleet. */
function readFleet(registry: Registry, readings: Readings): void {
  const counter = (name: string, help: string, labels: string[], read: () => readonly Reading[]): void => {
    readCounter(registry, { name: `voice_agent_${name}`, help, labels }, read);
  };
  counter('offers_total', 'Calls that were offered to all nodes.', ['server'], () =>
    readings.asterisk().map(({ server, offers }) => ({ labels: { server }, value: offers?.offers ?? 0 })),
  );
  counter(
    'claims_total',
    'Claims of offered calls: won, lost to another node, over (too late), failed; no-start: won, and nobody came.',
    ['server', 'outcome'],
    () =>
      readings.asterisk().flatMap(({ server, offers }) =>
        Object.entries(offers?.claims ?? {}).map(([outcome, value]) => ({
          labels: { server, outcome },
          value,
        })),
      ),
  );
  counter(
    'offers_declined_total',
    'Offered calls that were not claimed here, by why.',
    ['server', 'reason'],
    () =>
      readings.asterisk().flatMap(({ server, offers }) =>
        Object.entries(offers?.declined ?? {}).map(([reason, value]) => ({
          labels: { server, reason },
          value,
        })),
      ),
  );
  counter(
    'takeovers_total',
    'Callers of nodes that died: taken, lost to another node, gone, failed.',
    ['outcome'],
    () =>
      Object.entries(readings.fleet?.()?.takeOvers ?? {}).map(([outcome, value]) => ({
        labels: { outcome },
        value,
      })),
  );
  counter('calls_lost_to_others_total', 'Calls that other nodes have taken from this one.', [], () => [
    { value: readings.fleet?.()?.lostToOthers ?? 0 },
  ]);
  const nodes = () => readings.fleet?.()?.nodes ?? [];
  readGauge(
    registry,
    {
      name: 'voice_agent_fleet_node_calls',
      help: 'Calls of each node, as the store tells.',
      labels: ['peer', 'state'],
    },
    () => nodes().map(({ node, state, calls }) => ({ labels: { peer: node, state }, value: calls })),
  );
  readGauge(
    registry,
    {
      name: 'voice_agent_fleet_node_age_seconds',
      help: 'Since each node’s last heartbeat in the store.',
      labels: ['peer'],
    },
    () => nodes().map(({ node, ageMs }) => ({ labels: { peer: node }, value: ageMs / 1000 })),
  );
}
