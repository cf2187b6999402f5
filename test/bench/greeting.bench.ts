/**
 * Greeting and barge-in, as callers hear them: softphones call through a real Asterisk, are greeted, and talk into the greeting.
 *
 *     make bench PART=greeting [TIMES=12]
 *
 * Measured on the packets of the phones, by the kernel's time stamps. *answered*: from dialling to SIP's 200. *greeted*: from
 * there to the first packet of speech. *silent*: from the caller's first packet of speech to the agent's last. The agent pauses
 * by itself after 80 ms of speech. The cloud is emulated; a greeting is kept on disk, and asks no cloud.
 */
import { runMain } from '../../lab/run-main.ts';
import { SoakCloud } from '../soak/cloud.ts';
import { callerAudio } from '../support/caller-audio.ts';
import { heardFor, RunningAgent } from '../support/running-agent.ts';
import { greetingText, type GreetingRow } from './greeting-table.ts';
import { keepRaw, rawOf } from './raw.ts';

/** One after another, so that none finds another’s work on the machine. */
const calls = Number(process.env['TIMES'] ?? '12');
/** So much of the greeting is heard before the caller begins: a tenth of a second more for each of ten calls. */
const HEARD_MS = 600;

await runMain(async (signal) => {
  const cloud = await SoakCloud.start();
  try {
    const lab = await RunningAgent.start({
      environment: { ...cloud.environment, VOICE_AGENT_RECORDINGS: 'false' },
    });
    try {
      const phone = await lab.phone('softphone1', { codec: 'ulaw' });
      const all: GreetingRow[] = [];
      // The first is for what is done once only.
      for (let call = -1; call < calls; call += 1) {
        signal.throwIfAborted();
        const row = await interrupted(phone, call);
        if (call >= 0) all.push(row);
      }
      const raw = rawOf({ calls }, all);
      process.stdout.write(`${greetingText(raw)}\n`);
      keepRaw(raw);
    } finally {
      await lab.stop();
    }
  } finally {
    await cloud.stop();
  }
});

async function interrupted(
  phone: Awaited<ReturnType<RunningAgent['phone']>>,
  index: number,
): Promise<GreetingRow> {
  const dialledAt = Date.now();
  const call = await phone.dial('510001');
  const answeredAt = call.answeredAt ?? NaN;
  await heardFor(call, HEARD_MS + 100 * ((index + 10) % 10));
  const said = call.say(callerAudio('ked', 'd-hours-saturday'));
  const isQuiet = await call.heard.quiet({ timeoutMs: 10_000, quietMs: 500 });
  const begunAt = call.said.speechStartedAt ?? NaN;
  const silentAt = call.heard.lastVoicedAt ?? NaN;
  await said;
  await call.hangUp();
  return {
    answeredMs: answeredAt - dialledAt,
    greetedMs: (call.heard.firstSpeechAt ?? NaN) - answeredAt,
    ...(isQuiet && { silentMs: silentAt - begunAt }),
  };
}
