/**
 * `make call EXT=510001 SAY=question.wav RECORD=heard.wav`: one call to a running lab, as a softphone
 * would make it. SAY may name several files, one turn each; JSON=1 prints the result alone, as JSON.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CODEC_NAMES, codecOf, isCodecName } from '../src/media/codec.ts';
import { latenciesOf, transcriptOf } from './agent-events.ts';
import type { AgentCall, Line, TurnLatency } from './agent-events.ts';
import { PATIENCE, exchange, listen } from './conversation.ts';
import type { AgentView, Exchange } from './conversation.ts';
import { followLog } from './follow-log.ts';
import { runMain } from './run-main.ts';
import { needRunningLab } from './running-lab.ts';
import { labSecrets, PHONE_NUMBERS } from './secrets.ts';
import { nonEmpty, refuseContainers } from './settings.ts';
import { LATENCY_HEAD, clock, eventLine, latencyCells, table } from './show.ts';
import { CallEnded, Softphone } from './softphone.ts';
import type { CallReport, SoftphoneCall } from './softphone.ts';
import { readSound, writeStereo } from './sound-file.ts';
import { UserError } from './user-error.ts';

/** Who says nothing for so long has no greeting. */
const GREETING_MS = 8000;
const ACCOUNT = 'softphone1';

interface CallResult extends CallReport {
  readonly extension: string;
  /** From the answer to the first speech heard, ms. */
  readonly greetingMs: number | undefined;
  readonly exchanges: readonly (Pick<Exchange, 'name' | 'responseMs' | 'heardAs' | 'understood'> & {
    heardReply: boolean;
  })[];
  readonly transcript: readonly Line[];
  readonly latencies: readonly TurnLatency[];
  readonly recording: string | undefined;
}

await runMain(async (signal) => {
  refuseContainers('make call');
  const { env } = process;
  const extension = nonEmpty(env['EXT']) ?? '510001';
  const json = nonEmpty(env['JSON']) !== undefined && env['JSON'] !== '0';
  const codec = nonEmpty(env['CODEC']);
  if (codec !== undefined && !isCodecName(codec)) {
    throw new UserError(`CODEC=${codec} is not known; it can be ${CODEC_NAMES.join(' or ')}.`);
  }
  const { audioRateHz: rateHz } = codecOf(codec ?? 'ulaw');
  const questions = (nonEmpty(env['SAY']) ?? '')
    .split(/[\s,]+/)
    .filter((name) => name !== '')
    .map((name) => ({ name, sound: readSound(resolve(name), rateHz) }));
  const record = nonEmpty(env['RECORD']);
  // Said before the call: afterwards, what was heard would be lost.
  if (record !== undefined && !existsSync(dirname(resolve(record)))) {
    throw new UserError(`RECORD=${record}: there is no folder ${dirname(resolve(record))}.`);
  }
  const lab = needRunningLab();
  const say = json ? (): void => undefined : console.log;

  const log = followLog(lab.agentLog);
  const phone = await Softphone.start({
    server: lab,
    account: ACCOUNT,
    password: labSecrets()[ACCOUNT],
    ...(codec !== undefined && { codec }),
  });
  try {
    log.events.on((agentCall, seen) => {
      const line = agentCall.dialled === extension ? eventLine(agentCall, seen) : undefined;
      if (line !== undefined) say(line);
    });
    say(`${clock(Date.now())}  dialling ${extension}`);
    const call = phone.ring(extension);
    signal.addEventListener('abort', () => void call.hangUp().catch(() => undefined));
    const find = (): AgentCall | undefined =>
      log.events.find(extension, PHONE_NUMBERS[ACCOUNT], call.startedAt);
    const agent = extension.startsWith('51') ? { events: log.events, find } : undefined;
    const exchanges = await talk(call, questions, agent, signal);
    await call.hangUp();
    if (call.answeredAt !== undefined && agent) {
      await log.events.until(() => find()?.events.some(({ event }) => event.type === 'ended') ?? false, 3000);
    }
    const path = record === undefined ? undefined : resolve(record);
    if (path !== undefined) {
      const { said, heard } = call.recording();
      writeStereo(path, said, heard, rateHz);
    }
    const result = resultOf(extension, call, exchanges, find(), path);
    if (json) console.log(JSON.stringify(result, null, 2));
    else show(result);
    if (!result.answered) process.exitCode = 1;
  } finally {
    log.close();
    await phone.stop();
  }
});

async function talk(
  call: SoftphoneCall,
  questions: readonly { name: string; sound: Int16Array }[],
  agent: AgentView | undefined,
  signal: AbortSignal,
): Promise<Exchange[]> {
  try {
    await call.answered;
  } catch (error) {
    if (error instanceof CallEnded) return [];
    throw error;
  }
  const patience = { ...PATIENCE, tries: 1, signal };
  await listen(call.heard, { ...patience, replyMs: GREETING_MS }, call.answeredAt);
  const exchanges: Exchange[] = [];
  for (const question of questions) {
    if (call.endReason !== undefined || signal.aborted) break;
    exchanges.push(await exchange(call, question, patience, agent));
  }
  return exchanges;
}

function resultOf(
  extension: string,
  call: SoftphoneCall,
  exchanges: readonly Exchange[],
  agentCall: AgentCall | undefined,
  recording: string | undefined,
): CallResult {
  const report = call.report();
  return {
    extension,
    ...report,
    greetingMs: report.firstSpeechMs,
    exchanges: exchanges.map(({ name, replyAt, responseMs, heardAs, understood }) => ({
      name,
      heardReply: replyAt !== undefined,
      responseMs,
      heardAs,
      understood,
    })),
    transcript: agentCall ? transcriptOf(agentCall) : [],
    latencies: agentCall ? latenciesOf(agentCall) : [],
    recording,
  };
}

function show(result: CallResult): void {
  const { packets } = result;
  if (!result.answered) {
    console.log(`\n${result.extension} did not answer: ${result.endedBy ?? 'no reason given'}`);
    return;
  }
  console.log(
    `\nanswered after ${result.setUpMs ?? 0} ms, first packet ${result.firstPacketMs ?? '–'} ms and first speech ` +
      `${result.greetingMs ?? '–'} ms after the answer\n` +
      `packets: ${packets.sent} sent, ${packets.received} received, ${packets.lost} lost; ended by: ${result.endedBy ?? '–'}`,
  );
  if (result.exchanges.length > 0) {
    const rows = result.exchanges.map((one) => [
      one.name,
      one.heardAs,
      one.heardReply ? 'yes' : 'no',
      one.responseMs,
    ]);
    console.log(`\n${table(['said', 'heard as', 'reply heard', 'after ms'], rows)}`);
  }
  if (result.latencies.length > 0) {
    const rows = result.latencies.map((latency) => [latency.turn, ...latencyCells(latency)]);
    console.log(`\n${table(['turn', ...LATENCY_HEAD], rows)}`);
  }
  if (result.recording !== undefined) {
    console.log(`\nRecording (caller left, agent right): ${result.recording}`);
  }
}
