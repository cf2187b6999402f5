/**
 * `make demo`: a real Asterisk, the agent, and two softphones that call it side by side. Shows the
 * conversations as they happen, then how fast each reply was. Exit status 0 only if both calls were
 * answered, understood and replied to.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { LabAgent } from './agent.ts';
import { transcriptOf, turnsOf } from './agent-events.ts';
import type { AgentCall } from './agent-events.ts';
import { NativeAsterisk } from './asterisk.ts';
import { PATIENCE, exchange, listen } from './conversation.ts';
import type { Exchange } from './conversation.ts';
import { DEMO_CALLS, recordingOf } from './demo-calls.ts';
import type { DemoCall, Recording } from './demo-calls.ts';
import { demoFaults } from './demo-faults.ts';
import { PROJECT } from './paths.ts';
import { openProviders, providersKind } from './providers.ts';
import { runMain } from './run-main.ts';
import { labSettings } from './settings.ts';
import type { LabSettings } from './settings.ts';
import { LATENCY_HEAD, clock, eventLine, latencyCells, table } from './show.ts';
import { CallEnded, Softphone } from './softphone.ts';
import type { SoftphoneCall } from './softphone.ts';
import { readSound, writeStereo } from './sound-file.ts';
import { UserError } from './user-error.ts';

const DEMOS = join(PROJECT, 'var/demo');
/** The agent says goodbye and hangs up; it has this long. */
const FAREWELL_MS = 15_000;

interface DemoResult {
  readonly plan: DemoCall;
  readonly call: SoftphoneCall;
  readonly recordings: readonly Recording[];
  readonly exchanges: readonly Exchange[];
  readonly agentCall: AgentCall | undefined;
  readonly faults: readonly string[];
}

await runMain(async (signal) => {
  const settings = labSettings();
  providersKind();
  sweepUnfinished();
  // It gets its name when it is complete; what an interrupted run leaves is swept by the next one.
  const unfinished = join(DEMOS, `unfinished-${process.pid}`);
  mkdirSync(unfinished, { recursive: true });
  let results: DemoResult[];
  try {
    results = await runCalls(settings, unfinished, signal);
    for (const result of results) keep(result, unfinished);
  } finally {
    if (signal.aborted) rmSync(unfinished, { recursive: true, force: true });
  }
  if (signal.aborted) return;
  const folder = join(DEMOS, new Date().toISOString().slice(0, 19).replace(/:/g, '-'));
  renameSync(unfinished, folder);
  show(results, folder);
  const faults = results.flatMap((result) => result.faults);
  if (faults.length > 0) throw new UserError(`Not as it should be:\n  ${faults.join('\n  ')}`);
  console.log('\nBoth calls were answered, understood and replied to.');
});

/** Starts everything, makes the calls, and ends everything again. */
async function runCalls(settings: LabSettings, folder: string, signal: AbortSignal): Promise<DemoResult[]> {
  const begun = Date.now();
  const parts: { stop(): Promise<void> }[] = [];
  try {
    const asterisk = await NativeAsterisk.start({
      say: console.log,
      signal,
      ...(settings.sipPort !== undefined && { sipPort: settings.sipPort }),
      ...(settings.httpPort !== undefined && { httpPort: settings.httpPort }),
    });
    parts.push(asterisk);
    console.log(`Asterisk is ready after ${since(begun)} s`);
    const providers = await openProviders(console.log);
    parts.push(providers);
    const agent = await LabAgent.start({
      asterisk,
      dataFolder: folder,
      logFile: join(folder, 'agent.log'),
      environment: {
        ...providers.environment,
        VOICE_AGENT_TRANSCRIPTS: 'true',
        VOICE_AGENT_RECORDINGS: 'true',
      },
      signal,
    });
    parts.push(agent);
    console.log(`The agent is ready after ${since(begun)} s`);
    const phones = await Promise.all(
      DEMO_CALLS.map(async ({ account }) => {
        const password = asterisk.secrets[account];
        const phone = await Softphone.start({ server: asterisk, account, password });
        parts.push(phone);
        return phone;
      }),
    );
    const numbers = DEMO_CALLS.map((one) => one.extension).join(' and ');
    console.log(`Two softphones call ${numbers} after ${since(begun)} s\n`);
    agent.events.on((agentCall, seen) => {
      const line = eventLine(agentCall, seen);
      if (line !== undefined) console.log(line);
    });
    return await Promise.all(
      DEMO_CALLS.map((plan, i) => runCall(plan, phones[i] as Softphone, agent, signal)),
    );
  } finally {
    for (const part of parts.reverse()) await part.stop();
  }
}

/** Folders of runs that were killed. */
function sweepUnfinished(): void {
  if (!existsSync(DEMOS)) return;
  for (const name of readdirSync(DEMOS)) {
    const owner = /^unfinished-(\d+)$/.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) {
      rmSync(join(DEMOS, name), { recursive: true, force: true });
    }
  }
}

async function runCall(
  plan: DemoCall,
  phone: Softphone,
  agent: LabAgent,
  signal: AbortSignal,
): Promise<DemoResult> {
  const recordings = plan.turns.map(({ name }) => recordingOf(plan.voice, name));
  const call = phone.ring(plan.extension);
  const exchanges: Exchange[] = [];
  const hangUp = (): void => void call.hangUp().catch(() => undefined);
  signal.addEventListener('abort', hangUp);
  const gone = agent.exited.then(() => {
    const inTheMiddle = call.endReason === undefined;
    hangUp();
    return inTheMiddle;
  });
  const patience = { ...PATIENCE, signal };
  const find = (): AgentCall | undefined => agent.events.find(plan.extension, undefined, call.startedAt);
  try {
    await call.answered;
    await listen(call.heard, patience, call.answeredAt);
    for (const { name, path } of recordings) {
      if (signal.aborted || call.endReason !== undefined) break;
      exchanges.push(
        await exchange(call, { name, sound: readSound(path) }, patience, { events: agent.events, find }),
      );
    }
    if (!signal.aborted) await Promise.race([call.ended, delay(FAREWELL_MS)]);
    await call.hangUp();
  } catch (error) {
    if (!(error instanceof CallEnded)) throw error;
  }
  const over = (): boolean => find()?.events.some(({ event }) => event.type === 'ended') ?? false;
  if (call.answeredAt !== undefined && !signal.aborted) await agent.events.until(over, 3000);
  const agentCall = find();
  // It is asked for what has happened already.
  const agentGone = await Promise.race([gone, Promise.resolve(false)]);
  const faults = agentGone
    ? [`${plan.extension}: the agent ended in the middle of the call (its last lines are in agent.log)`]
    : demoFaults(plan, call, exchanges, agentCall !== undefined);
  return { plan, call, recordings, exchanges, agentCall, faults };
}

/** What the softphone heard and said, and the words, as files. */
function keep({ plan, call, agentCall }: DemoResult, folder: string): void {
  if (call.answeredAt === undefined) return;
  const { said, heard } = call.recording();
  writeStereo(join(folder, `${plan.extension}.wav`), said, heard);
  const lines = agentCall ? transcriptOf(agentCall) : [];
  const text = lines.map((line) => `${clock(line.at)}  ${line.who.padEnd(6)}  ${line.text}\n`).join('');
  writeFileSync(join(folder, `${plan.extension}.txt`), text);
}

function show(results: readonly DemoResult[], folder: string): void {
  const rows = results.flatMap(({ plan, exchanges, recordings, agentCall }) => {
    const latencies = agentCall ? turnsOf(agentCall) : [];
    return exchanges.map((one, i) => {
      const text = recordings[i]?.text ?? one.name;
      const latency = latencies.find(({ at }) => at >= (one.said?.startedAt ?? Infinity))?.latency;
      const said = one.tries > 1 ? `${text} (${one.tries} times)` : text;
      return [plan.extension, said, ...latencyCells(latency), one.responseMs];
    });
  });
  console.log(`\n${table(['call', 'caller said', ...LATENCY_HEAD, 'heard after ms'], rows)}`);
  console.log(
    '(total: the caller’s last voiced packet to the first packet of the reply, in the agent;\n' +
      ' heard after: the same on the caller’s side of the wire, by the sound’s energy)\n',
  );
  for (const { plan, call } of results) {
    const { setUpMs, firstPacketMs, firstSpeechMs, packets, durationMs } = call.report();
    console.log(
      `${plan.extension}: answered after ${setUpMs ?? '–'} ms, first packet ${firstPacketMs ?? '–'} ms and greeting ` +
        `${firstSpeechMs ?? '–'} ms after the answer; ${((durationMs ?? 0) / 1000).toFixed(0)} s, packets ` +
        `${packets.sent} sent, ${packets.received} received, ${packets.lost} lost`,
    );
  }
  console.log(
    `\nRecordings (caller left, agent right), transcripts and the agent's log: ${relative(process.cwd(), folder)}/`,
  );
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function since(begun: number): string {
  return ((Date.now() - begun) / 1000).toFixed(1);
}
