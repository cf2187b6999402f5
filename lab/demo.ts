/**
 * `make demo`: a real Asterisk, the agent, and two softphones that call it side by side. Shows the
 * conversations as they happen, then how fast each reply was. Exit status 0 only if both calls were
 * answered, understood and replied to.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { LabAgent } from './agent.ts';
import type { AgentCall } from './agent-events.ts';
import { NativeAsterisk } from './asterisk.ts';
import { consoleAddress, consoleEnvironment } from './console.ts';
import { PATIENCE, exchange, listen } from './conversation.ts';
import type { Exchange } from './conversation.ts';
import { DEMO_CALLS, recordingOf } from './demo-calls.ts';
import type { DemoCall } from './demo-calls.ts';
import { demoFaults } from './demo-faults.ts';
import { demonstrate } from './demo-report.ts';
import type { DemoResult } from './demo-report.ts';
import { modelKind, openProviders } from './providers.ts';
import { runMain } from './run-main.ts';
import { PHONE_NUMBERS } from './secrets.ts';
import { labSettings } from './settings.ts';
import type { LabSettings } from './settings.ts';
import { clock, eventLine } from './show.ts';
import { CallEnded, Softphone } from './softphone.ts';
import type { SoftphoneCall } from './softphone.ts';
import { readSound, writeStereo } from './sound-file.ts';

/** The agent says goodbye and hangs up; it has this long. */
const FAREWELL_MS = 15_000;

interface PhoneResult extends DemoResult {
  readonly call: SoftphoneCall;
}

await runMain(async (signal) => {
  const settings = labSettings();
  modelKind();
  await demonstrate(
    {
      run: (folder, over) => runCalls(settings, folder, signal, over),
      keep({ plan, call }, folder) {
        if (call.answeredAt === undefined) return;
        const { said, heard } = call.recording();
        writeStereo(join(folder, `${plan.extension}.wav`), said, heard);
      },
      show,
      heard:
        '(total: the caller’s last voiced packet to the first packet of the reply, in the agent;\n' +
        ' heard after: the same on the caller’s side of the wire, by the sound’s energy)',
    },
    signal,
  );
});

/** Starts everything, makes the calls, and ends everything again. */
async function runCalls(
  settings: LabSettings,
  folder: string,
  signal: AbortSignal,
  over: (results: readonly PhoneResult[]) => void,
): Promise<void> {
  const begun = Date.now();
  const parts: { stop(): Promise<void> }[] = [];
  // Who looks on may want to look closer; a script doesn't.
  const stays = process.stdin.isTTY && process.stdout.isTTY;
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
        ...(stays && (await consoleEnvironment(asterisk))),
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
    over(
      await Promise.all(DEMO_CALLS.map((plan, i) => runCall(plan, phones[i] as Softphone, agent, signal))),
    );
    if (!stays || signal.aborted) return;
    console.log(
      `\nThe console has both calls, and a telephone to call yourself:\n\n    ${consoleAddress(agent, asterisk)}\n\n` +
        'Ctrl-C ends it.',
    );
    await Promise.race([once(signal, 'abort'), agent.exited]);
  } finally {
    for (const part of parts.reverse()) await part.stop();
  }
}

async function runCall(
  plan: DemoCall,
  phone: Softphone,
  agent: LabAgent,
  signal: AbortSignal,
): Promise<PhoneResult> {
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
  const find = (): AgentCall | undefined =>
    agent.events.find(plan.extension, PHONE_NUMBERS[plan.account], call.startedAt);
  try {
    await call.answered;
    await listen(call.heard, patience, call.answeredAt);
    for (const [turn, { name, path }] of recordings.entries()) {
      if (signal.aborted || call.endReason !== undefined) break;
      const question = { name, sound: readSound(path), reply: plan.turns[turn]?.reply ?? /./ };
      exchanges.push(await exchange(call, question, patience, { events: agent.events, find }));
    }
    if (!signal.aborted) await Promise.race([call.ended, delay(FAREWELL_MS)]);
    await call.hangUp();
  } catch (error) {
    if (!(error instanceof CallEnded)) throw error;
    console.log(`${clock(Date.now())}  ${plan.extension}  not answered: ${error.reason}`);
  }
  const over = (): boolean => find()?.events.some(({ event }) => event.type === 'ended') ?? false;
  if (call.answeredAt !== undefined && !signal.aborted) await agent.events.until(over, 3000);
  const agentCall = find();
  // It is asked for what has happened already.
  const agentGone = await Promise.race([gone, Promise.resolve(false)]);
  const faults = agentGone
    ? [`${plan.extension}: the agent ended in the middle of the call (its last lines are in agent.log)`]
    : demoFaults(plan, call, exchanges, agentCall !== undefined);
  return { plan, call, exchanges, agentCall, faults };
}

function show(results: readonly PhoneResult[]): void {
  for (const { plan, call } of results) {
    const { setUpMs, firstPacketMs, firstSpeechMs, packets, durationMs } = call.report();
    console.log(
      `${plan.extension}: answered after ${setUpMs ?? '–'} ms, first packet ${firstPacketMs ?? '–'} ms and greeting ` +
        `${firstSpeechMs ?? '–'} ms after the answer; ${((durationMs ?? 0) / 1000).toFixed(0)} s, packets ` +
        `${packets.sent} sent, ${packets.received} received, ${packets.lost} lost`,
    );
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function since(begun: number): string {
  return ((Date.now() - begun) / 1000).toFixed(1);
}
