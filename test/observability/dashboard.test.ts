/** What is shipped for Prometheus and Grafana asks for metrics that there are, and the docs tell of all of them. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FAILURE_REASONS } from '../../src/dialog/contract/end-reason.ts';
import { NO_MEDIA } from '../../src/dialog/contract/call-media.ts';
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts';
import { Exposition } from '../support/prometheus-text.ts';
import { callInfo } from '../support/scripted-line.ts';

const FOLDER = 'docker/observability';
const read = (path: string): string => readFileSync(path, 'utf8');

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

interface AlertRules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

/** Metrics that an expression asks for, with the labels that it selects by. */
function asked(expr: string): { metric: string; labels: string[] }[] {
  return [...expr.matchAll(/\b((?:voice_agent|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, metric = '', selectors = '']) => ({
      metric,
      labels: [...selectors.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    }),
  );
}

/** Labels that Prometheus itself puts on everything that it scrapes. */
const FROM_PROMETHEUS = ['job', 'instance'];

describe('what is shipped for Prometheus and Grafana', () => {
  let metrics: Exposition;
  const dashboard = JSON.parse(read(`${FOLDER}/grafana/dashboards/voice-agent.json`)) as Dashboard;
  const rules = (parse(read(`${FOLDER}/alerts.yaml`)) as AlertRules).groups.flatMap((group) => group.rules);
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  /** Every metric with at least one series, so that its labels can be seen. */
  beforeAll(async () => {
    const { observe, text }: Metrics = createMetrics({
      version: '1',
      node: 'a',
      agents: ['alice'],
      maxCalls: 1,
      tools: () => new Set(),
      readings: {
        health: () => ({ ready: true, checks: [{ name: 'media', ok: true }] }),
        eventLoopDelayMs: () => 0,
        asterisk: () => [
          {
            ...{ server: 'local', connected: true, connections: 1, events: 1, malformed: 0 },
            offers: { offers: 1, claims: { won: 1 }, declined: { busy: 1 } },
          },
        ],
        fleet: () => ({
          node: 'a',
          nodes: [{ node: 'a', state: 'running', calls: 1, maxCalls: 1, unreachable: [], ageMs: 1 }],
          takeOvers: { taken: 1 },
          lostToOthers: 0,
        }),
        mediaThreads: () => [{ name: 'media-1', alive: true, restarts: 0, sessions: 0 }],
        store: () => ({ up: true, waitingBytes: 0, lost: 0 }),
        breakers: () => [{ part: 'llm', provider: 'groq', open: false }],
        providers: () => [
          {
            part: 'vad',
            provider: 'silero',
            requests: 0,
            unanswered: 1,
            threads: [{ name: 'vad', alive: true, restarts: 0 }],
          },
        ],
      },
    });
    const about = { call: 'a', at: 0 };
    const media = { ...NO_MEDIA, packetsReceived: 1, packetsSent: 1 };
    observe({ ...about, type: 'started', info: callInfo(), agent: 'alice' });
    observe({ ...about, type: 'answered', setUpMs: 1 });
    observe({ ...about, type: 'greeting-started', afterAnswerMs: 1 });
    observe({ ...about, type: 'caller-said', turn: 1, text: '', understood: true, via: 'speech' });
    observe({
      ...about,
      type: 'latency',
      turn: 1,
      marks: { speechEnd: 0, llmStart: 0, turnEnd: 1, firstPacket: 1 },
    });
    const sound = { judgement: 'no-interruption', by: 'words', words: '', soundMs: 1, pausedMs: 1 } as const;
    observe({ ...about, type: 'sound-judged', turn: 1, ...sound });
    observe({ ...about, type: 'tool', name: 'x', result: '' });
    observe({ ...about, type: 'trouble', part: 'llm', message: '' });
    observe({ ...about, type: 'transfer', target: '', outcome: 'busy', ringMs: 1 });
    observe({ ...about, type: 'usage', turn: 1, provider: 'groq', inputTokens: 1, outputTokens: 1 });
    observe({ ...about, type: 'ended', reason: 'failed', variables: {}, media });
    metrics = new Exposition((await text()).body);
  });

  /** What is asked for and isn't there. */
  function missing(expr: string): string[] {
    return asked(expr).flatMap(({ metric, labels }) => {
      const samples = metrics.samples.filter(({ name }) => name === metric);
      if (samples.length === 0) return [metric];
      const known = new Set([...samples.flatMap((sample) => Object.keys(sample.labels)), ...FROM_PROMETHEUS]);
      return labels.filter((label) => !known.has(label)).map((label) => `${metric}{${label}}`);
    });
  }

  it('asks for metrics and labels that /metrics has, and each panel for at least one', () => {
    expect(panels.length).toBeGreaterThan(20);
    for (const { title, targets = [] } of panels) {
      expect(targets.length, title).toBeGreaterThan(0);
      for (const { expr } of targets) {
        expect(asked(expr).length, `${title}: ${expr}`).toBeGreaterThan(0);
        expect(missing(expr), `${title}: ${expr}`).toEqual([]);
      }
    }
    for (const { alert, expr } of rules) expect(missing(expr), alert).toEqual([]);
    for (const { definition = '' } of dashboard.templating.list) expect(missing(definition)).toEqual([]);
  });

  it('groups and labels by what the metrics have', () => {
    const labels = new Set([
      ...metrics.samples.flatMap((sample) => Object.keys(sample.labels)),
      ...FROM_PROMETHEUS,
    ]);
    const texts = [
      ...panels.flatMap(({ targets = [] }) => targets).map(({ expr }) => expr),
      ...rules.map(({ expr }) => expr),
    ];
    const grouped = texts.flatMap((text) =>
      [...text.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
    );
    const legends = panels.flatMap(({ targets = [] }) => targets.map(({ legendFormat }) => legendFormat));
    const shown = legends.flatMap((legend) =>
      [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    );
    expect(grouped.length).toBeGreaterThan(20);
    expect([...grouped, ...shown].filter((label) => !labels.has(label))).toEqual([]);
  });

  it('shows every metric of ours on the dashboard, except a few listed ones', () => {
    const shown = new Set(
      panels
        .flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => asked(expr)))
        .map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, '')),
    );
    const ours = [...metrics.types.keys()].filter((name) => name.startsWith('voice_agent_'));
    expect(ours.filter((name) => !shown.has(name))).toEqual([
      'voice_agent_build_info',
      'voice_agent_vonage_refused_total',
      'voice_agent_media_packets_from_strangers_total', // the older name
      'voice_agent_calls_started_total',
    ]);
  });

  it('counts as failed what the program calls so, and all of it', () => {
    const expressions = [
      ...panels.flatMap(({ targets = [] }) => targets).map(({ expr }) => expr),
      ...rules.map(({ expr }) => expr),
    ];
    const chosen = expressions.flatMap((expr) =>
      [...expr.matchAll(/reason=~"([^"]*)"/g)].map(([, words]) => words),
    );
    expect(chosen).toHaveLength(2);
    for (const words of chosen) expect(words?.split('|')).toEqual([...FAILURE_REASONS, 'other']);
  });

  it.each(FAILURE_REASONS)('has a call somewhere that can end as %s', (reason) => {
    // Asterisk's resources name themselves: `${resource}-failed`.
    const spelt = [
      `'${reason}'`,
      ...(/^(session|bridge|media)-failed$/.test(reason) ? ['${resource}-failed'] : []),
    ];
    const sources = ['src/dialog', 'src/telephony'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && name !== 'end-reason.ts')
        .map((name) => read(join(folder, name))),
    );
    expect(sources.some((text) => spelt.some((word) => text.includes(word)))).toBe(true);
  });

  it('has panels that don’t lie upon each other', () => {
    const cells = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.has(`${x},${y}`), title).toBe(false);
          cells.add(`${x},${y}`);
        }
      }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it('scrapes the agent where the configuration lets it listen', () => {
    const { scrape_configs: jobs } = parse(read(`${FOLDER}/prometheus.yaml`)) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const port = /MONITORING_LISTEN_PORT:-(\d+)/.exec(read('config/providers.yaml'))?.[1] ?? '';
    expect(jobs.map(({ job_name: name }) => name)).toEqual(['voice-agent']);
    expect(jobs[0]?.static_configs[0]?.targets).toEqual([`voice-agent:${port}`]);
  });

  it('lists in docs/monitoring.md every metric of ours, and none that doesn’t exist', () => {
    const told = new Map(
      read('docs/monitoring.md')
        .split('\n')
        .flatMap((line) => {
          const [, name = '', type = ''] = /^\| `(voice_agent_\w+)(?:\{[^}]*\})?` +\| (\w+)/.exec(line) ?? [];
          return name === '' ? [] : [[name, type] as const];
        }),
    );
    const ours = new Map([...metrics.types].filter(([name]) => name.startsWith('voice_agent_')));
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(ours));
  });
});
