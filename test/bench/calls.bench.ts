/**
 * Calls through a real Asterisk: SIPp calls, callers talk with the agent, its cloud is emulated (with delays that are
 * assumptions, and no cost of its own). How the replies' latency, the processors and memory go as calls grow, and how many calls a
 * second can be set up.
 *
 *     make bench PART=calls [CALLS=1,10,25,50,100,150] [RATES=10,20,40] [DURATION_S=8]
 *
 * All of it shares one machine: Asterisk, agent, cloud and callers; the table says who takes what of it. Callers are those of
 * `make soak` (test/soak): each listens until the agent has spoken, asks, waits for the answer, asks again.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runMain } from '../../lab/run-main.ts';
import { Callers, type SeenCall } from '../soak/callers.ts';
import { SoakCloud } from '../soak/cloud.ts';
import type { PlannedCall, SoakPlan } from '../soak/plan.ts';
import { processorMsOf, residentOf } from '../soak/state.ts';
import { CALLER_VOICES } from '../support/caller-audio.ts';
import { descendants } from '../support/processes.ts';
import { RunningAgent } from '../support/running-agent.ts';
import { callsText, type CallsRow, type CpuOf, type GrowthRow, type SetUpRow } from './calls-table.ts';
import { keepRaw, rawOf } from './raw.ts';
import { cpuMsOfThreads } from './threads-cpu.ts';

const { CALLS = '1,10,25,50,100,150', RATES = '10,20,40', DURATION_S = '8' } = process.env;
/** In which the calls of a level come. */
const PER_SECOND = 20;
/** Until all have been greeted and talk. */
const SETTLE_MS = 4000;
/** Of a level with few calls, so that they have some turns. */
const FEW = 10;
const FEW_WINDOW_MS = 15_000;
/** Of the calls that are set up: long enough to be greeted. */
const SHORT_MS = 2500;
const SET_UP_MS = 3000;
/** Whose end is beyond dispute (latency-calls.ts). */
const QUESTIONS = ['d-where', 'd-street', 'd-hours-saturday', 'd-price-checkup', 'd-hours-weekend'];
/** What was asked so long before the window's end ought to have been answered in it. */
const REPLY_MS = 2000;

/** They come `perSecond`, and talk as long as `talkMs` says for each. */
function planOf(count: number, talkMs: (index: number) => number, perSecond: number): SoakPlan {
  const calls = Array.from({ length: count }, (_, call): PlannedCall => ({
    call,
    extension: '510001',
    voice: CALLER_VOICES[call % CALLER_VOICES.length] ?? '',
    says: Array.from({ length: 20 }, (_, turn) => QUESTIONS[(call + turn) % QUESTIONS.length] ?? ''),
    interrupts: false,
    talkMs: talkMs(call),
  }));
  const none = { warmUp: [], warmUpFaults: [], faults: [] };
  return { ...none, seed: 1, timed: true, atOnce: count, calls, perSecond };
}

class Bench {
  readonly #lab: RunningAgent;
  readonly #cloud: SoakCloud;
  readonly #folder: string;
  #runs = 0;

  constructor(lab: RunningAgent, cloud: SoakCloud, folder: string) {
    this.#lab = lab;
    this.#cloud = cloud;
    this.#folder = folder;
  }

  /** Makes the calls of a plan, and what `meanwhile` does beside. */
  async calls(plan: SoakPlan, meanwhile?: () => Promise<void>): Promise<SeenCall[]> {
    const callers = await Callers.start(this.#lab.asterisk, plan, join(this.#folder, String(this.#runs++)));
    try {
      const [{ seen }] = await Promise.all([callers.make(plan.calls, plan), meanwhile?.()]);
      return seen;
    } finally {
      await callers.stop();
    }
  }

  async grown(calls: number): Promise<GrowthRow> {
    const rampMs = (1000 * calls) / PER_SECOND;
    const windowMs = calls <= FEW ? FEW_WINDOW_MS : 1000 * Number(DURATION_S);
    const wholeMs = rampMs + SETTLE_MS + windowMs;
    const plan = planOf(calls, (index) => wholeMs + 1000 - (1000 * index) / PER_SECOND, PER_SECOND);
    let [from, until] = [0, 0];
    let before: Spent | undefined;
    let after: Spent | undefined;
    let rssMb = 0;
    const seen = await this.calls(plan, async () => {
      await sleep(rampMs + SETTLE_MS);
      [before, from] = [this.#spent(), Date.now()];
      await sleep(windowMs);
      [after, until] = [this.#spent(), Date.now()];
      rssMb = residentOf(this.#lab.agent.pid) / 1e6;
    });
    if (!before || !after) throw new Error('nothing was measured');
    const asked = seen
      .flatMap(({ heard }) => heard?.asked ?? [])
      .filter(({ endedAt }) => endedAt >= from && endedAt < until - REPLY_MS);
    // Where all comes late, somebody may ask while the agent still speaks: what is heard then answers nothing.
    const waits = asked.flatMap(({ endedAt, repliedAt = 0 }) =>
      repliedAt > endedAt ? [repliedAt - endedAt] : [],
    );
    return {
      kind: 'growth',
      calls,
      ...tried(seen),
      replyMs: waits,
      unanswered: asked.length - waits.length,
      packets: seen.reduce((sum, { heard }) => sum + (heard?.packets ?? 0), 0),
      lost: seen.reduce((sum, { heard }) => sum + (heard?.lost ?? 0), 0),
      cpu: shares(before, after),
      processors: cpus().length,
      rssMb,
    };
  }

  async setUp(perSecond: number): Promise<SetUpRow> {
    const count = (perSecond * SET_UP_MS) / 1000;
    let before: Spent | undefined;
    let after: Spent | undefined;
    const seen = await this.calls(
      planOf(count, () => SHORT_MS, perSecond),
      async () => {
        before = this.#spent();
        await sleep(SET_UP_MS);
        after = this.#spent();
      },
    );
    if (!before || !after) throw new Error('nothing was measured');
    return {
      kind: 'set-up',
      calls: perSecond,
      ...tried(seen),
      cpu: shares(before, after),
      processors: cpus().length,
    };
  }

  #spent(): Spent {
    const { agent, asterisk } = this.#lab;
    const cloud = this.#cloud.pid;
    const notCallers = new Set([agent.pid, cloud, asterisk.pid, ...descendants(asterisk.pid)]);
    return {
      at: performance.now(),
      machine: busyMs(),
      threads: cpuMsOfThreads(agent.pid),
      asterisk: cpuMs([asterisk.pid, ...descendants(asterisk.pid)]),
      vendors: cpuMs([cloud]),
      callers: cpuMs([process.pid, ...descendants(process.pid)].filter((pid) => !notCallers.has(pid))),
    };
  }
}

/** Processor time, ms, of who has used it since they began. */
interface Spent {
  readonly at: number;
  readonly machine: number;
  readonly threads: ReadonlyMap<string, number>;
  readonly asterisk: number;
  /** The emulated cloud. */
  readonly vendors: number;
  /** SIPp, the callers' sound, and what drives them. */
  readonly callers: number;
}

function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + processorMsOf(pid), 0);
}

/** Of all processors, as proc(5)'s stat has it: everything but idle and iowait, in ticks of 10 ms. */
function busyMs(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0] = (
    readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  )
    .split(/ +/)
    .slice(1)
    .map(Number);
  return 10 * (user + nice + system + irq + soft);
}

function shares(before: Spent, after: Spent): CpuOf {
  const elapsed = after.at - before.at;
  const agent = { main: 0, media: 0, voiceActivity: 0, others: 0 };
  for (const [name, ms] of after.threads) {
    const spent = (ms - (before.threads.get(name) ?? 0)) / elapsed;
    if (name === 'MainThread' || name === 'node') agent.main += spent;
    else if (name.startsWith('media-')) agent.media += spent;
    else if (name.startsWith('vad')) agent.voiceActivity += spent;
    else agent.others += spent;
  }
  const asterisk = (after.asterisk - before.asterisk) / elapsed;
  const vendors = (after.vendors - before.vendors) / elapsed;
  const callers = (after.callers - before.callers) / elapsed;
  const machine = (after.machine - before.machine) / elapsed;
  return { ...agent, asterisk, vendors, callers, machine };
}

function tried(seen: readonly SeenCall[]): Pick<SetUpRow, 'answeredMs' | 'greetedMs' | 'failed'> {
  const answeredMs: number[] = [];
  const greetedMs: number[] = [];
  let failed = 0;
  for (const { calledAt, answeredAt, left, heard } of seen) {
    const greetedAt = heard?.firstSpeechAt;
    if (calledAt === undefined || answeredAt === undefined || left || greetedAt === undefined) failed += 1;
    if (calledAt !== undefined && answeredAt !== undefined) answeredMs.push(answeredAt - calledAt);
    if (answeredAt !== undefined && greetedAt !== undefined) greetedMs.push(greetedAt - answeredAt);
  }
  return { answeredMs, greetedMs, failed };
}

await runMain(async (signal) => {
  const counts = CALLS.split(',').map(Number);
  const rates = RATES.split(',').map(Number);
  const folder = mkdtempSync(join(tmpdir(), 'calls-bench-'));
  const cloud = await SoakCloud.start();
  try {
    const lab = await RunningAgent.start({
      environment: {
        ...cloud.environment,
        VOICE_AGENT_RECORDINGS: 'false',
        VOICE_AGENT_MAX_CALLS: String(4 * Math.max(...counts, ...rates)),
      },
      edits: [['silenceMs: 7000', 'silenceMs: 60000']],
    });
    try {
      const bench = new Bench(lab, cloud, folder);
      // The first calls' cost (pools, compiled code) is nobody's but theirs.
      await bench.calls(planOf(10, () => SHORT_MS, PER_SECOND));
      await sleep(2000, undefined, { signal });
      const idleMb = residentOf(lab.agent.pid) / 1e6;
      const all: CallsRow[] = [];
      for (const calls of counts) {
        all.push(await bench.grown(calls));
        signal.throwIfAborted();
      }
      for (const perSecond of rates) {
        all.push(await bench.setUp(perSecond));
        signal.throwIfAborted();
      }
      const raw = rawOf({ seconds: Number(DURATION_S), idleMb: Math.round(idleMb) }, all);
      process.stdout.write(`${callsText(raw)}\n`);
      keepRaw(raw);
    } finally {
      await lab.stop();
    }
  } finally {
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
