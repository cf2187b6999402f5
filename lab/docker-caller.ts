/**
 * The softphone's container (profile `demo` of docker/compose.yaml): calls the agents as `make demo` does, speaks
 * recorded questions and listens. What the agent understood is read in its records of the calls, where it can be.
 * Exit status 0 only if all calls were answered, understood and replied to.
 *
 *   SIP_SERVER        where Asterisk is: host:port
 *   PASSWORDS         folder with a file for each account
 *   EXTENSIONS        which of the demonstration's calls (default: all)
 *   QUESTIONS         how many of a call's questions (default: all, and a goodbye)
 *   CALL_RECORDS      the agent's folder of records, if it can be read
 *   RECORDINGS        folder for what was said and heard, if it shall be kept
 */
import { lookup } from 'node:dns/promises';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

import { PATIENCE, exchange, listen } from './conversation.ts';
import type { Exchange } from './conversation.ts';
import { DEMO_CALLS, recordingOf } from './demo-calls.ts';
import type { DemoCall } from './demo-calls.ts';
import { awaitRecord, type RecordSeen } from './docker-record.ts';
import { runMain } from './run-main.ts';
import { nonEmpty } from './settings.ts';
import { clock, table } from './show.ts';
import { CallEnded, Softphone } from './softphone.ts';
import type { SoftphoneCall } from './softphone.ts';
import { readSound, writeStereo } from './sound-file.ts';
import { UserError } from './user-error.ts';

const FAREWELL_MS = 15_000;

interface CallerSettings {
  readonly server: { readonly host: string; readonly sipPort: number };
  readonly address: string;
  readonly passwords: string;
  readonly records: string | undefined;
  readonly recordings: string | undefined;
}

interface Result {
  readonly plan: DemoCall;
  readonly call: SoftphoneCall;
  readonly exchanges: readonly Exchange[];
  readonly record: RecordSeen | undefined;
  readonly faults: readonly string[];
}

await runMain(async (signal) => {
  const settings = await callerSettings();
  const wanted = (nonEmpty(process.env['EXTENSIONS']) ?? '').split(/[\s,]+/).filter((one) => one !== '');
  const plans = DEMO_CALLS.filter(({ extension }) => wanted.length === 0 || wanted.includes(extension));
  const questions = Number(nonEmpty(process.env['QUESTIONS']) ?? Infinity);
  const asked = plans.map((plan) => ({ ...plan, turns: plan.turns.slice(0, questions) }));
  const results = await Promise.all(asked.map((plan) => place(plan, settings, signal)));
  if (signal.aborted) return;
  for (const result of results) show(result);
  const faults = results.flatMap((result) => result.faults);
  if (faults.length > 0) throw new UserError(`Not as it should be:\n  ${faults.join('\n  ')}`);
  const all = plans.length === 1 ? 'The call was' : 'The calls were';
  const understood = results.every(({ record }) => record) ? 'answered, understood and' : 'answered and';
  console.log(`\n${all} ${understood} replied to.`);
});

async function callerSettings(): Promise<CallerSettings> {
  const [name = '127.0.0.1', port = '5060'] = (nonEmpty(process.env['SIP_SERVER']) ?? '').split(':');
  const { address: host } = await lookup(name === '' ? '127.0.0.1' : name, { family: 4 });
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  return {
    server: { host, sipPort: Number(port) },
    address: host.startsWith('127.') ? host : (own ?? host),
    passwords: nonEmpty(process.env['PASSWORDS']) ?? '/run/lab-passwords',
    records: nonEmpty(process.env['CALL_RECORDS']),
    recordings: nonEmpty(process.env['RECORDINGS']),
  };
}

async function place(plan: DemoCall, settings: CallerSettings, signal: AbortSignal): Promise<Result> {
  const { server, address } = settings;
  const password = readFileSync(join(settings.passwords, plan.account), 'utf8').trim();
  // Loopback alone; elsewhere the interface isn't known.
  const at = { address, networkInterface: address.startsWith('127.') ? 'lo' : 'any' };
  const phone = await Softphone.start({ server, at, account: plan.account, password });
  try {
    const call = phone.ring(plan.extension);
    const exchanges = await talk(plan, call, signal);
    const record =
      settings.records !== undefined && call.answeredAt !== undefined && !signal.aborted
        ? await awaitRecord(settings.records, plan.extension, call.startedAt)
        : undefined;
    if (settings.recordings !== undefined && call.answeredAt !== undefined) {
      mkdirSync(settings.recordings, { recursive: true });
      const { said, heard } = call.recording();
      writeStereo(join(settings.recordings, `${plan.extension}.wav`), said, heard);
    }
    const recordKept = settings.records !== undefined && existsSync(settings.records);
    return { plan, call, exchanges, record, faults: faultsOf(plan, call, exchanges, record, recordKept) };
  } finally {
    await phone.stop();
  }
}

async function talk(plan: DemoCall, call: SoftphoneCall, signal: AbortSignal): Promise<Exchange[]> {
  const patience = { ...PATIENCE, quietMs: 1200, signal };
  const tell = (text: string): void => {
    console.log(`${clock(Date.now())}  ${plan.extension}  ${text}`);
  };
  const exchanges: Exchange[] = [];
  signal.addEventListener('abort', () => void call.hangUp().catch(() => undefined));
  tell(`${plan.account} calls`);
  try {
    await call.answered;
    tell('answered');
    if (await listen(call.heard, patience, call.answeredAt)) tell('the greeting is heard');
    for (const { name } of plan.turns) {
      if (signal.aborted || call.endReason !== undefined) break;
      const { path, text } = recordingOf(plan.voice, name);
      tell(`caller: ${text}`);
      const one = await exchange(call, { name, sound: readSound(path) }, patience);
      tell(one.responseMs === undefined ? 'no reply' : `a reply is heard after ${one.responseMs} ms`);
      exchanges.push(one);
    }
    const farewell = plan.turns.at(-1)?.reply.test('goodbye') ?? false;
    if (farewell)
      await Promise.race([call.ended, new Promise((resolve) => setTimeout(resolve, FAREWELL_MS).unref())]);
    await call.hangUp();
  } catch (error) {
    if (!(error instanceof CallEnded)) throw error;
  }
  tell(`ended: ${call.endReason ?? 'no reason given'}`);
  return exchanges;
}

function faultsOf(
  plan: DemoCall,
  call: SoftphoneCall,
  exchanges: readonly Exchange[],
  record: RecordSeen | undefined,
  recordKept: boolean,
): string[] {
  const faults: string[] = [];
  const fault = (text: string): void => void faults.push(`${plan.extension}: ${text}`);
  if (call.answeredAt === undefined) {
    fault(`was not answered (${call.endReason ?? 'no reason given'})`);
    return faults;
  }
  if (call.heard.firstSpeechAt === undefined) fault('nothing was heard');
  plan.turns.forEach(({ name }, i) => {
    if (exchanges[i]?.replyAt === undefined) fault(`"${recordingOf(plan.voice, name).text}" got no reply`);
  });
  if (!record) {
    if (recordKept) fault('the agent has no record of this call');
    return faults;
  }
  const understood = record.said.filter((one) => one.who === 'caller' && one.understood);
  if (understood.length < plan.turns.length) {
    fault(`of ${plan.turns.length} sentences ${understood.length} were understood`);
  }
  const replies = record.said.flatMap(({ who, text }) => (who === 'agent' && text ? [text] : []));
  if (replies.length === 0) return faults; // the agent isn't to keep texts
  for (const { name, reply } of plan.turns) {
    if (replies.some((text) => reply.test(text))) continue;
    fault(`"${recordingOf(plan.voice, name).text}" wasn't answered by what config/agents.yaml says`);
  }
  return faults;
}

function show({ plan, call, record }: Result): void {
  const { setUpMs, firstSpeechMs, durationMs, packets } = call.report();
  console.log(
    `\n${plan.extension}: answered after ${setUpMs ?? '–'} ms, greeting ${firstSpeechMs ?? '–'} ms after the answer; ` +
      `${((durationMs ?? 0) / 1000).toFixed(0)} s, packets ${packets.sent} sent, ${packets.received} received, ` +
      `${packets.lost} lost`,
  );
  if (!record) return;
  for (const { who, text, words } of record.said)
    console.log(`  ${who.padEnd(6)}  ${text ?? `(${words} words)`}`);
  const rows = record.latencies.map(({ turn, stages }) =>
    [turn, stages.stt, stages.llm, stages.tts, stages.send, stages.total].map((ms) =>
      ms === undefined ? undefined : Math.round(ms),
    ),
  );
  console.log(table(['turn', 'STT ms', 'LLM ms', 'TTS ms', 'send ms', 'total ms'], rows));
}
