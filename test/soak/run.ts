/** Lets all calls of a plan be made, through a real Asterisk, to the real agent; and keeps what was seen. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROJECT } from '../../lab/paths.ts';
import { emulatedSoakCloud } from './cloud.ts';
import { Exposition } from '../support/prometheus-text.ts';
import { descendants } from '../support/processes.ts';
import { RunningAgent } from '../support/running-agent.ts';
import { Callers } from './callers.ts';
import { doFaults } from './faults.ts';
import { planSoak, type SoakSize } from './plan.ts';
import type { SoakRaw, SoakSample } from './raw.ts';
import { endThread, HELD_KINDS, holds, processorMsOf, residentOf, type HeldState } from './state.ts';

const SAMPLE_MS = 2000;
/** Connections that are kept alive for a while, and what is given back later, have so long to go. */
const REST_MS = 60_000;
/** Between two looks. */
const PAUSE_MS = 1000;

/** `folder`: for what is written while it runs (the agent's log, SIPp's files). When `signal` aborts, no more calls are made. */
export async function runSoak(
  size: SoakSize,
  folder: string,
  say: (line: string) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<SoakRaw> {
  const plan = planSoak(size);
  mkdirSync(folder, { recursive: true });
  // The path of a Unix socket has at most 107 bytes.
  const insight = join(mkdtempSync(join(tmpdir(), 'soak-')), 'insight');
  const cloud = await emulatedSoakCloud();
  const over: (() => Promise<unknown>)[] = [() => cloud.close()];
  try {
    const lab = await RunningAgent.start({
      ariProxy: true,
      logFile: join(folder, 'agent.log'),
      environment: {
        ...cloud.environment,
        VOICE_AGENT_RECORDINGS: 'false',
        VOICE_AGENT_MAX_CALLS: String(2 * size.atOnce),
        NODE_OPTIONS: `--import=${new URL('insight.ts', import.meta.url).href}`,
        SOAK_INSIGHT: insight,
      },
      edits: [['silenceMs: 7000', 'silenceMs: 60000']],
    });
    over.unshift(() => lab.stop());
    const { asterisk, agent, ariProxy } = lab;
    if (!ariProxy) throw new Error('there is no proxy');
    const callers = await Callers.start(asterisk, plan, folder);
    over.unshift(() => callers.stop());
    const finish = (): void => {
      callers.finish();
    };
    signal.addEventListener('abort', finish, { once: true });
    const look = async (): Promise<HeldState> => {
      // Idle connections to an HTTP server are kept for five minutes, and are no leak: it closes them.
      cloud.groq.cutAll();
      // Of the voice's sockets there were as many as were needed at a time; then there is the one that is always kept.
      for (const socket of cloud.cartesia.seen) if (socket.open) socket.cut();
      await sleep(PAUSE_MS);
      return holds(asterisk, agent.pid, insight);
    };

    say(`${plan.warmUp.length} calls to warm up`);
    const warmed = await callers.make(plan.warmUp, plan);
    signal.throwIfAborted();
    let before = await look();
    for (let settled = false; !settled;) {
      const next = await look();
      settled = HELD_KINDS.every((kind) => next.held[kind] >= before.held[kind]);
      before = next;
    }

    say(`${plan.calls.length} calls, ${plan.atOnce} at once, ${plan.faults.length} faults`);
    const startedAt = Date.now();
    const asteriskPid = descendants(asterisk.pid).at(-1) ?? 0;
    const samples: SoakSample[] = [];
    const overBefore = callers.ended;
    const ending = new AbortController();
    const sampling = sampleUntil(ending.signal, async () => {
      const sample = {
        ...{ at: Date.now(), calls: callers.ended - overBefore, resident: residentOf(agent.pid) },
        ...{ heap: await heapOf(agent.monitoringUrl), agentMs: processorMsOf(agent.pid) },
        ...{ asteriskMs: processorMsOf(asteriskPid), load: loadavg()[0] ?? 0 },
      };
      samples.push(sample);
      appendFileSync(join(folder, 'progress.jsonl'), `${JSON.stringify(sample)}\n`);
      if (samples.length % 15 === 0) {
        say(
          `  ${sample.calls} calls over, ${Math.round(sample.resident / 1e6)} MB, load ${sample.load.toFixed(1)}`,
        );
      }
    });
    const faulting = doFaults(
      plan.faults,
      { cloud, ari: ariProxy, endThread: (name) => endThread(insight, name) },
      ending.signal,
    );
    const { seen, complaints } = await callers.make(plan.calls, plan);
    ending.abort();
    await sampling;
    const faults = await faulting;
    const endedAt = Date.now();

    let after = await look();
    const leaks = (): boolean => HELD_KINDS.some((kind) => after.held[kind] > before.held[kind]);
    while (leaks() && Date.now() - endedAt < REST_MS) {
      after = await look();
    }
    return {
      about: aboutRun(size, startedAt, endedAt),
      ...{ plan, calls: seen, faults, samples, before, after },
      complaints: [warmed.complaints, complaints, ...asterisk.complaints().map(({ text }) => text)].join(
        '\n',
      ),
    };
  } finally {
    for (const end of over) await end();
    rmSync(dirname(insight), { recursive: true, force: true });
  }
}

async function sampleUntil(signal: AbortSignal, take: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await take().catch(() => undefined); // a scrape that fails is a gap
    await sleep(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Heap in use, and what hangs on it outside, as the agent's metrics have it: of its main thread. */
async function heapOf(monitoringUrl: string): Promise<number> {
  const response = await fetch(`${monitoringUrl}/metrics`, { signal: AbortSignal.timeout(SAMPLE_MS) });
  const metrics = new Exposition(await response.text());
  return (
    (metrics.value('nodejs_heap_size_used_bytes') ?? NaN) +
    (metrics.value('nodejs_external_memory_bytes') ?? NaN)
  );
}

function aboutRun(size: SoakSize, startedAt: number, endedAt: number): SoakRaw['about'] {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: PROJECT,
    encoding: 'utf8',
  }).trim();
  return {
    ...size,
    commit,
    processor: cpus()[0]?.model.trim() ?? '',
    processors: cpus().length,
    node: process.version,
    began: new Date(startedAt).toISOString(),
    seconds: Math.round((endedAt - startedAt) / 1000),
  };
}
