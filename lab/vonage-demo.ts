/**
 * `make demo GATEWAY=vonage`: the agent without any Asterisk, and an emulated Vonage cloud that places two
 * calls side by side to its numbers, in wideband. Shows the conversations as they happen, then how fast each
 * reply was. Exit status 0 only if both calls were answered, understood and replied to.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PcmS16 } from '../src/media/audio.ts';
import { writeWav } from '../src/media/wav.ts';
import type { VonageCall } from '../test/support/vonage/call.ts';
import { widebandSound } from '../test/support/vonage/wideband-callers.ts';
import type { AgentCall } from './agent-events.ts';
import { PATIENCE, exchange, listen } from './conversation.ts';
import type { Exchange, LabCall } from './conversation.ts';
import { DEMO_CALLS } from './demo-calls.ts';
import type { DemoCall } from './demo-calls.ts';
import { demoFaults } from './demo-faults.ts';
import { demonstrate } from './demo-report.ts';
import type { DemoResult } from './demo-report.ts';
import { modelKind, openProviders } from './providers.ts';
import { runMain } from './run-main.ts';
import { eventLine } from './show.ts';
import { VONAGE_NUMBERS, startVonageLab } from './vonage-lab.ts';
import type { VonageLab } from './vonage-lab.ts';

/** The agent says goodbye and hangs up; it has this long. */
const FAREWELL_MS = 15_000;
const CALLERS = { '510001': '12025550171', '510002': '12025550172' } as const;
const RATE_HZ = 16000;

interface CloudResult extends DemoResult {
  readonly call: VonageCall;
}

await runMain(async (signal) => {
  modelKind();
  await demonstrate(
    {
      suffix: '-vonage',
      run: async (folder, over) => {
        over(await runCalls(folder, signal));
      },
      keep({ plan, call }, folder) {
        if (call.answeredAt === undefined) return;
        const [said, heard] = [call.said, call.heard].map((sound): PcmS16 => ({
          encoding: 'pcm_s16',
          rateHz: RATE_HZ,
          samples: sound.samples(),
        }));
        if (said) writeFileSync(join(folder, `${plan.extension}.wav`), writeWav(said, heard));
      },
      show,
      heard:
        '(total: the caller’s last voiced frame to the first frame of the reply, in the agent;\n' +
        ' heard after: the same at the caller’s ear, behind Vonage’s playout buffer)',
    },
    signal,
  );
});

async function runCalls(folder: string, signal: AbortSignal): Promise<CloudResult[]> {
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

async function runCall(plan: DemoCall, lab: VonageLab, signal: AbortSignal): Promise<CloudResult> {
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
    for (const { name, reply } of plan.turns) {
      if (signal.aborted || call.endReason !== undefined) break;
      const sound = widebandSound(plan.voice, name);
      exchanges.push(
        await exchange(wideband(call), { name, sound, reply }, patience, { events: lab.agent.events, find }),
      );
    }
    if (!signal.aborted) {
      await Promise.race([call.ended, new Promise((resolve) => setTimeout(resolve, FAREWELL_MS).unref())]);
    }
    await call.hangUp();
    const over = (): boolean => find()?.events.some(({ event }) => event.type === 'ended') ?? false;
    await lab.agent.events.until(over, 3000);
  }
  const agentCall = find();
  const faults = demoFaults(plan, call, exchanges, agentCall !== undefined);
  return { plan, call, exchanges, agentCall, faults };
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

function show(results: readonly CloudResult[]): void {
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
}

function numberOf(extension: string): string {
  return VONAGE_NUMBERS[extension as keyof typeof VONAGE_NUMBERS];
}
