/** Lets all calls of a plan be made, through a real Asterisk, to the real agent; and keeps what was seen. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROJECT } from '../../lab/paths.ts';
import { Exposition } from '../support/prometheus-text.ts';
import { descendants } from '../support/processes.ts';
import { RunningAgent } from '../support/running-agent.ts';
import { Callers } from './callers.ts';
import { CLOUD_SERVERS, SoakCloud } from './cloud.ts';
import { doFaults, type DoneFault, type Faulty } from './faults.ts';
import { planMeasuring, planSoak, type PlannedFault, type SoakPlan, type SoakSize } from './plan.ts';
import type { SoakRaw, SoakSample } from './raw.ts';
import {
  endThread,
  HELD_KINDS,
  holds,
  machineMs,
  processorMsOf,
  residentOf,
  type HeldState,
} from './state.ts';

const SAMPLE_MS = 2000;
/** Connections that are kept alive for a while, and what is given back later, have so long to go. */
const REST_MS = 60_000;
/** The same before the calls are made again. */
const SHORT_REST_MS = 10_000;
/** There are few things that are loaded only once. */
const MOST_ROUNDS = 3;
/** Between two looks. */
const PAUSE_MS = 1000;
/**
 * As many calls at once as make the processors so busy: the rest is room for moments at which many are set up, and for
 * what else the machine does. Beyond, the agent refuses calls, as it should.
 */
const BUSY_SHARE = 0.65;
const AT_ONCE_MOST = 80;

/** `folder`: for what is written while it runs (the agent's log, SIPp's files). When `signal` aborts, no more calls are made. */
export async function runSoak(
  size: SoakSize,
  folder: string,
  say: (line: string) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<SoakRaw> {
  mkdirSync(folder, { recursive: true });
  // The path of a Unix socket has at most 107 bytes.
  const insight = join(mkdtempSync(join(tmpdir(), 'soak-')), 'insight');
  const over: (() => Promise<unknown>)[] = [];
  const owned = <T extends { stop(): Promise<unknown> }>(part: T): T => {
    over.unshift(() => part.stop());
    return part;
  };
  try {
    const cloud = owned(await SoakCloud.start());
    const lab = owned(
      await RunningAgent.start({
        ariProxy: true,
        logFile: join(folder, 'agent.log'),
        environment: {
          ...cloud.environment,
          VOICE_AGENT_RECORDINGS: 'false',
          VOICE_AGENT_MAX_CALLS: String(2 * AT_ONCE_MOST),
          NODE_OPTIONS: `--import=${new URL('insight.ts', import.meta.url).href}`,
          SOAK_INSIGHT: insight,
        },
        edits: size.timed ? EDITS : [...EDITS, ...ON_ANY_MACHINE],
      }),
    );
    const { asterisk, agent, ariProxy } = lab;
    if (!ariProxy) throw new Error('there is no proxy');
    const faulty: Faulty = { cloud, ari: ariProxy, endThread: (name) => endThread(insight, name) };
    const look = async (): Promise<HeldState> => {
      // What is kept open for the next call only, and how many there are of it, is chance.
      for (const server of CLOUD_SERVERS) await cloud.tell({ type: 'down', server });
      await sleep(PAUSE_MS);
      const held = await holds(asterisk, agent.pid, insight);
      for (const server of CLOUD_SERVERS) await cloud.tell({ type: 'up', server });
      return held;
    };

    const plan = planSoak({ ...size, atOnce: size.atOnce ?? (await bearable()) });
    signal.throwIfAborted();
    const callers = owned(await Callers.start(asterisk, plan, folder));
    const finish = (): void => {
      callers.finish();
    };
    signal.addEventListener('abort', finish, { once: true });

    say(`${plan.warmUp.length} calls to warm up`);
    const warmed = await withFaults(plan.warmUpFaults, faulty, () => callers.make(plan.warmUp, plan));
    signal.throwIfAborted();
    let before = await look();
    for (let settled = false; !settled;) {
      const next = await look();
      settled = HELD_KINDS.every((kind) => next.held[kind] >= before.held[kind]);
      before = next;
    }

    const samples: SoakSample[] = [];
    const rounds: Round[] = [];
    do {
      before = rounds.at(-1)?.after ?? before;
      const restMs = size.timed || rounds.length + 1 === MOST_ROUNDS ? REST_MS : SHORT_REST_MS;
      say(`${plan.calls.length} calls, ${plan.atOnce} at once, ${plan.faults.length} faults`);
      const startedAt = Date.now();
      const sampling = new AbortController();
      const sampled = sampleUntil(sampling.signal, folder, lab, callers, samples, say);
      const made = await withFaults(plan.faults, faulty, () => callers.make(plan.calls, plan));
      sampling.abort();
      await sampled;
      const endedAt = Date.now();
      rounds.push({ ...made, startedAt, endedAt, after: await rested(before, endedAt + restMs) });
      // What few calls load for the first time isn't lost: what is, grows again with the same calls.
    } while (!size.timed && rounds.length < MOST_ROUNDS && grew(before, rounds.at(-1)?.after));
    return {
      about: aboutRun({ ...size, atOnce: plan.atOnce }, rounds),
      plan: { ...plan, calls: rounds.flatMap(() => plan.calls) },
      calls: rounds.flatMap(({ result }) => result.seen),
      faults: rounds.flatMap(({ faults }) => faults),
      ...{ samples, before, after: rounds.at(-1)?.after ?? before },
      complaints: [
        ...[warmed, ...rounds].map(({ result }) => result.complaints),
        ...asterisk.complaints().map(({ text }) => text),
      ].join('\n'),
    };

    async function rested(before: HeldState, until: number): Promise<HeldState> {
      for (;;) {
        const after = await look();
        if (!grew(before, after) || Date.now() >= until) return after;
      }
    }

    async function bearable(): Promise<number> {
      const measuring = planMeasuring(size);
      say(`${measuring.calls.length} calls, ${measuring.atOnce} at once, to see how many the machine bears`);
      const some = await Callers.start(asterisk, measuring, join(folder, 'measuring'));
      over.unshift(() => some.stop());
      const finish = (): void => {
        some.finish();
      };
      signal.addEventListener('abort', finish, { once: true });
      const calls = await costOf(some, measuring);
      signal.removeEventListener('abort', finish);
      await some.stop();
      const atOnce = Math.floor((BUSY_SHARE * 1000 * availableParallelism()) / calls);
      say(`A call costs ${calls.toFixed(0)} ms of the processor in a second, with all that makes it`);
      return Math.min(AT_ONCE_MOST, Math.max(1, atOnce));
    }
  } finally {
    for (const end of over) await end();
    rmSync(dirname(insight), { recursive: true, force: true });
  }
}

/** All the planned calls, once. */
interface Round extends Awaited<ReturnType<typeof withFaults<Awaited<ReturnType<Callers['make']>>>>> {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly after: HeldState;
}

function grew(before: HeldState, after: HeldState = before): boolean {
  return HELD_KINDS.some((kind) => after.held[kind] > before.held[kind]);
}

/** As shipped, but for what would make short calls of many callers all alike: a long greeting, and a question to who is silent. */
const EDITS = [
  ['silenceMs: 7000', 'silenceMs: 60000'],
  [
    'greeting: Riverside Dental Clinic, this is Alice. How can I help you?',
    'greeting: Riverside Dental Clinic.',
  ],
  ['greeting: Northgate Garage, Tom speaking. What can I do for you?', 'greeting: Northgate Garage.'],
] as const;

/** New calls are taken however late the others are served. */
const ON_ANY_MACHINE = [
  ['whenFull: announce #', 'maxEventLoopDelayMs: 60000\n  maxMediaLatenessMs: 10000\n  whenFull: announce #'],
] as const;

/** What all of the machine does for one call in a second, ms of a processor. */
async function costOf(callers: Callers, plan: SoakPlan): Promise<number> {
  const before = machineMs();
  const { seen } = await callers.make(plan.calls, plan);
  const after = machineMs();
  const talkedMs = seen.reduce(
    (sum, { answeredAt = 0, endedAt = answeredAt }) => sum + endedAt - answeredAt,
    0,
  );
  if (talkedMs === 0) throw new Error('nobody was answered');
  return (1000 * (after.all - after.idle - before.all + before.idle)) / talkedMs;
}

async function withFaults<T>(
  faults: readonly PlannedFault[],
  faulty: Faulty,
  make: () => Promise<T>,
): Promise<{ result: T; faults: DoneFault[] }> {
  const ending = new AbortController();
  const faulting = doFaults(faults, faulty, ending.signal);
  const result = await make().finally(() => {
    ending.abort();
  });
  return { result, faults: await faulting };
}

async function sampleUntil(
  signal: AbortSignal,
  folder: string,
  { agent, asterisk }: RunningAgent,
  callers: Callers,
  samples: SoakSample[],
  say: (line: string) => void,
): Promise<void> {
  const asteriskPid = descendants(asterisk.pid).at(-1) ?? 0;
  const overBefore = callers.ended;
  let machine = machineMs();
  const take = async (): Promise<void> => {
    const heap = await heapOf(agent.monitoringUrl);
    const now = machineMs();
    const sample = {
      ...{ at: Date.now(), calls: callers.ended - overBefore, resident: residentOf(agent.pid), heap },
      ...{ agentMs: processorMsOf(agent.pid), asteriskMs: processorMsOf(asteriskPid) },
      busy: 1 - (now.idle - machine.idle) / (now.all - machine.all),
    };
    machine = now;
    samples.push(sample);
    appendFileSync(join(folder, 'progress.jsonl'), `${JSON.stringify(sample)}\n`);
    agent.events.calls.clear(); // nobody asks; thousands of calls would be gigabytes
    if (samples.length % 15 === 0) {
      const [megabytes, percent] = [sample.resident / 1e6, 100 * sample.busy];
      say(
        `  ${sample.calls} calls over, ${megabytes.toFixed(0)} MB, processors busy ${percent.toFixed(0)} %`,
      );
    }
  };
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

function aboutRun(size: SoakSize & { readonly atOnce: number }, rounds: readonly Round[]): SoakRaw['about'] {
  const tookMs = rounds.reduce((sum, { startedAt, endedAt }) => sum + endedAt - startedAt, 0);
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
    began: new Date(rounds[0]?.startedAt ?? 0).toISOString(),
    seconds: Math.round(tookMs / 1000),
  };
}
