import { setTimeout as sleep } from 'node:timers/promises';
import { recordingOf } from '../../lab/demo-calls.ts';
import type { SoftphoneCall } from '../../lab/softphone.ts';
import { readSound } from '../../lab/sound-file.ts';
import { startEmulatedCloud } from './provider-servers/emulated-cloud.ts';
import { FaultQueue } from './provider-servers/fault-plan.ts';
import { startGroqServer } from './provider-servers/groq-server.ts';
import { receptionistMind } from './provider-servers/receptionist-mind.ts';
import { UNTRUSTED } from './provider-servers/untrusted-identity.ts';
import { RunningAgent, type CallView } from './running-agent.ts';
import { shippedConfig } from './shipped-config.ts';
import { heal, type TroubleCase, type TroubledCloud } from './trouble-cases.ts';

/** What a caller got. Measured on the packets that their phone sent and received. */
export interface Got {
  /** From the caller's last voiced packet to the next sound of the agent. */
  readonly responseMs: number | undefined;
  /** The call was still there after it. */
  readonly stayed: boolean;
  /** What the agent said, as it tells itself. */
  readonly heard: string;
  /** Providers' failures and what was done, in order, as the call's record has them. */
  readonly troubles: readonly string[];
  /** What the recogniser made of the question. */
  readonly understood: boolean;
}

export interface TroubleRow {
  readonly trouble: TroubleCase;
  readonly first: Got;
  /** The call after it, while the trouble goes on. */
  readonly next: Got;
}

export const QUESTION = 'd-price-checkup';
export const ANSWER = /forty five dollars/;
const VOICE = 'kay';
/** In the middle of the question. */
const MIDDLE_MS = 700;
const REPLY_MS = 12_000;

/** Texts of the agents that make calls shorter; nothing else is changed. */
export const SHORT_GREETING = [
  'greeting: Riverside Dental Clinic, this is Alice. How can I help you?',
  'greeting: Riverside Dental Clinic.',
] as const;

/** The cloud with its usual delays, always the same; its recogniser knows the question by heart, and costs nothing. */
export async function startCalmCloud(): Promise<TroubledCloud> {
  const localFaults = new FaultQueue();
  const think = receptionistMind(shippedConfig().agents);
  const [cloud, local, untrusted] = await Promise.all([
    startEmulatedCloud({
      assumed: { sigma: 0, takenBack: 0 },
      stt: { transcribe: () => 'how much is a check up' },
    }),
    startGroqServer({ flavour: 'plain', think, faults: localFaults }),
    startGroqServer({ tls: UNTRUSTED }),
  ]);
  return {
    ...cloud,
    local,
    localFaults,
    untrustedUrl: untrusted.url,
    async close() {
      await Promise.all([cloud.close(), local.close(), untrusted.close()]);
    },
  };
}

/** An agent at the emulated cloud; `trouble` may need it to be set up wrongly. */
export async function startTroubled(cloud: TroubledCloud, trouble?: TroubleCase): Promise<RunningAgent> {
  await trouble?.atStart?.(cloud);
  return RunningAgent.start({
    edits: [SHORT_GREETING, ...(trouble?.edits ?? [])],
    environment: { ...cloud.environment, ...trouble?.environment?.(cloud) },
  });
}

/** Two calls, one after the other, while the trouble lasts. */
export async function runTrouble(
  lab: RunningAgent,
  cloud: TroubledCloud,
  trouble: TroubleCase,
): Promise<TroubleRow> {
  try {
    const first = await callInTrouble(lab, cloud, trouble);
    return { trouble, first, next: await callInTrouble(lab, cloud, trouble) };
  } finally {
    await heal(cloud);
  }
}

/** One call while the trouble lasts. */
export async function callInTrouble(
  lab: RunningAgent,
  cloud: TroubledCloud,
  trouble: TroubleCase,
): Promise<Got> {
  await trouble.before?.(cloud);
  const phone = await lab.phone('softphone1');
  try {
    const call = await phone.dial('510001');
    const view = lab.view(call, '510001', 'softphone1');
    await call.heard.utterance({ timeoutMs: 20_000, after: call.answeredAt ?? 0, quietMs: 400 });
    await trouble.listening?.(cloud);
    return await ask(lab, call, view, () => trouble.talking?.(cloud));
  } finally {
    await lab.stopPhones();
  }
}

async function ask(
  lab: RunningAgent,
  call: SoftphoneCall,
  view: CallView,
  middle: () => unknown,
): Promise<Got> {
  const saying = call.say(readSound(recordingOf(VOICE, QUESTION).path));
  await sleep(MIDDLE_MS);
  await middle();
  const said = await saying;
  if (said === false) throw new Error(`The question could not be said: ${call.endReason ?? 'interrupted'}`);
  const came = await call.heard.speech({ timeoutMs: REPLY_MS, after: said.endedAt });
  const responseMs = came ? Math.round((call.heard.speechStartedAt ?? NaN) - said.endedAt) : undefined;
  // To the end of the reply, which may come behind a filler.
  const replied = (): boolean =>
    view.of('agent-said').some(({ turn, text }) => turn > 0 && !FILLER.test(text));
  await lab.agent.events.until(replied, REPLY_MS);
  const stayed = call.endReason === undefined;
  await call.hangUp();
  const record = await lab.record(view);
  return {
    responseMs,
    stayed,
    heard: view
      .of('agent-said')
      .slice(1)
      .map(({ text }) => text)
      .join(' '),
    troubles: record.troubles.map(({ part, provider, kind, outcome, next }) =>
      [part, provider, kind, outcome, next].filter(Boolean).join(' '),
    ),
    understood: view.of('caller-said').some(({ understood }) => understood),
  };
}

const FILLER = /^One moment, please\.$/;
