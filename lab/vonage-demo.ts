/**
 * `make demo GATEWAY=vonage`: the agent without any Asterisk, and an emulated Vonage cloud that places two
 * calls side by side to its numbers, in wideband. Shows the conversations as they happen, then how fast each
 * reply was. Exit status 0 only if both calls were answered, understood and replied to.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { PcmS16 } from '../src/media/audio.ts';
import { writeWav } from '../src/media/wav.ts';
import type { VonageCall } from '../test/support/vonage/call.ts';
import { widebandSound } from '../test/support/vonage/wideband-callers.ts';
import { transcriptOf, turnsOf } from './agent-events.ts';
import type { AgentCall } from './agent-events.ts';
import { PATIENCE, exchange, listen } from './conversation.ts';
import type { Exchange, LabCall } from './conversation.ts';
import { DEMO_CALLS, recordingOf } from './demo-calls.ts';
import type { DemoCall } from './demo-calls.ts';
import { demoFaults } from './demo-faults.ts';
import { PROJECT } from './paths.ts';
import { openProviders, providersKind } from './providers.ts';
import { runMain } from './run-main.ts';
import { LATENCY_HEAD, clock, eventLine, latencyCells, table } from './show.ts';
import { UserError } from './user-error.ts';
import { VONAGE_NUMBERS, startVonageLab } from './vonage-lab.ts';
import type { VonageLab } from './vonage-lab.ts';

const DEMOS = join(PROJECT, 'var/demo');
/** The agent says goodbye and hangs up; it has this long. */
const FAREWELL_MS = 15_000;
const CALLERS = { '510001': '12025550171', '510002': '12025550172' } as const;
const RATE_HZ = 16000;

interface Result {
  readonly plan: DemoCall;
  readonly call: VonageCall;
  readonly exchanges: readonly Exchange[];
  readonly agentCall: AgentCall | undefined;
  readonly faults: readonly string[];
}

await runMain(async (signal) => {
  providersKind();
  const unfinished = join(DEMOS, `unfinished-${process.pid}`);
  mkdirSync(unfinished, { recursive: true });
  let results: Result[];
  try {
    results = await runCalls(unfinished, signal);
    for (const result of results) keep(result, unfinished);
  } finally {
    if (signal.aborted) rmSync(unfinished, { recursive: true, force: true });
  }
  if (signal.aborted) return;
  const folder = join(DEMOS, `${new Date().toISOString().slice(0, 19).replace(/:/g, '-')}-vonage`);
  renameSync(unfinished, folder);
  show(results, folder);
  const faults = results.flatMap((result) => result.faults);
  if (faults.length > 0) throw new UserError(`Not as it should be:\n  ${faults.join('\n  ')}`);
  console.log('\nBoth calls were answered, understood and replied to.');
});

async function runCalls(folder: string, signal: AbortSignal): Promise<Result[]> {
  const begun = Date.now();
  const since = (): string => ((Date.now() - begun) / 1000).toFixed(1);
  const parts: { stop(): Promise<void> }[] = [];
  try {
    const providers = await openProviders(console.log);
    parts.push(providers);
    const lab = await startVonageLab({
      folder,
      signal,
      environment: {
        ...providers.environment,
        VOICE_AGENT_TRANSCRIPTS: 'true',
        VOICE_AGENT_RECORDINGS: 'true',
      },
    });
    parts.push(lab);
    console.log(`The agent is ready after ${since()} s, without any Asterisk; Vonage is emulated`);
    const numbers = DEMO_CALLS.map(({ extension }) => `+${numberOf(extension)}`).join(' and ');
    console.log(`Two telephones call ${numbers} after ${since()} s\n`);
    lab.agent.events.on((agentCall, seen) => {
      const line = eventLine(agentCall, seen);
      if (line !== undefined) console.log(line);
    });
    return await Promise.all(DEMO_CALLS.map((plan) => runCall(plan, lab, signal)));
  } finally {
    for (const part of parts.reverse()) await part.stop();
  }
}

async function runCall(plan: DemoCall, lab: VonageLab, signal: AbortSignal): Promise<Result> {
  const extension = plan.extension as keyof typeof CALLERS;
  const call = lab.cloud.call({ to: numberOf(extension), from: CALLERS[extension] });
  const exchanges: Exchange[] = [];
  const hangUp = (): void => void call.hangUp();
  signal.addEventListener('abort', hangUp);
  const find = (): AgentCall | undefined => lab.agent.events.calls.get(`vonage/${call.uuid}`);
  const patience = { ...PATIENCE, signal };
  const answered = await call.answered.then(
    () => true,
    () => false,
  );
  if (answered) {
    await listen(call.heard, patience, call.answeredAt);
    for (const { name } of plan.turns) {
      if (signal.aborted || call.endReason !== undefined) break;
      const sound = widebandSound(plan.voice, name);
      exchanges.push(
        await exchange(wideband(call), { name, sound }, patience, { events: lab.agent.events, find }),
      );
    }
    if (!signal.aborted) {
      await Promise.race([call.ended, new Promise((resolve) => setTimeout(resolve, FAREWELL_MS).unref())]);
    }
    await call.hangUp();
    const over = (): boolean => find()?.events.some(({ event }) => event.type === 'ended') ?? false;
    await lab.agent.events.until(over, 3000);
  }
  const faults = demoFaults(plan, call, exchanges, find() !== undefined);
  return { plan, call, exchanges, agentCall: find(), faults };
}

/** The call, into which is spoken in 16,000 Hz. */
function wideband(call: VonageCall): LabCall {
  return {
    get heard() {
      return call.heard;
    },
    get endReason() {
      return call.endReason;
    },
    ended: call.ended,
    say: (sound) => call.say(sound, RATE_HZ),
  };
}

/** What the caller said and heard, and the words, as files. */
function keep({ plan, call, agentCall }: Result, folder: string): void {
  if (call.answeredAt === undefined) return;
  const [said, heard] = [call.said, call.heard].map((sound): PcmS16 => ({
    encoding: 'pcm_s16',
    rateHz: RATE_HZ,
    samples: sound.samples(),
  }));
  if (said) writeFileSync(join(folder, `${plan.extension}.wav`), writeWav(said, heard));
  const lines = agentCall ? transcriptOf(agentCall) : [];
  const text = lines.map((line) => `${clock(line.at)}  ${line.who.padEnd(6)}  ${line.text}\n`).join('');
  writeFileSync(join(folder, `${plan.extension}.txt`), text);
}

function show(results: readonly Result[], folder: string): void {
  const rows = results.flatMap(({ plan, exchanges, agentCall }) => {
    const latencies = agentCall ? turnsOf(agentCall) : [];
    return exchanges.map((one) => {
      const { text } = recordingOf(plan.voice, one.name);
      const latency = latencies.find(({ at }) => at >= (one.said?.startedAt ?? Infinity))?.latency;
      const said = one.tries > 1 ? `${text} (${one.tries} times)` : text;
      return [plan.extension, said, ...latencyCells(latency), one.responseMs];
    });
  });
  console.log(`\n${table(['call', 'caller said', ...LATENCY_HEAD, 'heard after ms'], rows)}`);
  console.log(
    '(total: the caller’s last voiced frame to the first frame of the reply, in the agent;\n' +
      ' heard after: the same at the caller’s ear, behind Vonage’s playout buffer)\n',
  );
  for (const { plan, call } of results) {
    if (call.answeredAt === undefined) continue;
    const { playout, controls } = call.leg;
    const count = (action: string): number => controls.filter((one) => one.action === action).length;
    const firstMs = call.heard.firstSpeechAt === undefined ? '–' : call.heard.firstSpeechAt - call.answeredAt;
    console.log(
      `${plan.extension}: media after ${call.answeredAt - call.startedAt} ms, greeting ${firstMs} ms later; ` +
        `${(call.heard.durationMs / 1000).toFixed(0)} s in ${RATE_HZ / 1000} kHz; buffer at most ` +
        `${playout.deepest * 20} ms deep, ${count('notify')} notify, ${count('clear')} clear; ` +
        `ended: ${call.endReason ?? '–'}`,
    );
  }
  console.log(
    `\nRecordings (caller left, agent right), transcripts and the agent's log: ${relative(process.cwd(), folder)}/`,
  );
}

function numberOf(extension: string): string {
  return VONAGE_NUMBERS[extension as keyof typeof VONAGE_NUMBERS];
}
