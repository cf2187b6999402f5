/**
 * Lists and shows call records, and the messages that callers left:
 *
 *     npm run calls                     the newest calls
 *     npm run calls -- show NAME        one of them, with what was said (if texts are kept)
 *     npm run calls -- messages         the newest messages
 *     … --json   --limit 100   --data DIRECTORY
 *
 * Times are this machine's; those of --json are in UTC.
 */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { CallRecord } from '../dialog/call/call-record.ts';
import { describeRecord, withoutEnd } from './describe-record.ts';
import { systemClock } from '../lib/clock.ts';
import { isGoingOn } from '../lib/program-run.ts';
import { CallRecords } from './call-records.ts';
import { localTime } from './local-time.ts';
import { describeMessage, MESSAGE_FILE, readMessages } from './message-file.ts';

const USAGE = 'usage: npm run calls -- [list | show NAME | messages] [--json] [--limit N] [--data DIRECTORY]';

const HEAD = ['began', 'caller', 'dialled, agent', 'length', 'turns', 'mean', 'ended by', 'name'];

/** Runs the command; returns the exit status. `complain`: what isn't the answer. */
export async function callRecordsCommand(
  args: readonly string[],
  print: (line: string) => void,
  complain: (line: string) => void = print,
): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        limit: { type: 'string', default: '50' },
        data: { type: 'string', default: dataFolder() },
      },
    });
  } catch {
    complain(USAGE);
    return 2;
  }
  const { values, positionals } = parsed;
  const limit = Number(values.limit) || 50;
  const [command = 'list', name] = positionals;
  if (command === 'messages') {
    const path = join(values.data, MESSAGE_FILE);
    const messages = (await readMessages(path, complain)).slice(0, limit);
    if (values.json) print(JSON.stringify(messages, undefined, 2));
    else if (messages.length === 0) print(`no messages in ${path}`);
    else for (const line of messages.flatMap(describeMessage)) print(line);
    return 0;
  }
  const records = new CallRecords({
    directory: values.data,
    clock: systemClock,
    texts: true,
    keepDays: Infinity,
    onTrouble: complain,
  });
  if (command === 'list') {
    const list = await records.list(limit);
    if (values.json) print(JSON.stringify(list, undefined, 2));
    else if (list.length === 0) print(`no calls in ${values.data}/calls`);
    else for (const line of [columns(HEAD), ...list.map(summary)]) print(line);
    return 0;
  }
  if (command !== 'show' || name === undefined) {
    complain(USAGE);
    return 2;
  }
  const record = await records.find(name);
  if (!record) {
    complain(`there is no call "${name}", or there are several; npm run calls lists them`);
    return 1;
  }
  if (values.json) print(JSON.stringify(record, undefined, 2));
  else {
    const began = localTime(record.startedAt);
    for (const line of describeRecord(record, programRuns(record), began)) print(line);
  }
  return 0;
}

/** As `npm start` finds it; an empty variable counts as not set. */
function dataFolder(): string {
  const given = process.env['VOICE_AGENT_DATA_DIR'] ?? '';
  return given === '' ? 'var' : given;
}

function programRuns({ run }: CallRecord): boolean {
  return run !== undefined && isGoingOn(run);
}

function summary(record: CallRecord): string {
  const { info, ended } = record;
  const totals = record.latencies.map(({ stages }) => stages.total).filter((ms) => ms !== undefined);
  const mean =
    totals.length === 0 ? '–' : `${Math.round(totals.reduce((a, b) => a + b, 0) / totals.length)} ms`;
  const length = ended ? `${(ended.durationMs / 1000).toFixed(1)} s` : '–';
  return columns([
    localTime(record.startedAt),
    info.caller.number || 'unknown',
    `${info.dialled} ${record.agent}`,
    length,
    String(totals.length),
    mean,
    ended?.reason ?? withoutEnd(programRuns(record)),
    record.call,
  ]);
}

function columns([
  began = '',
  caller = '',
  dialled = '',
  length = '',
  turns = '',
  mean = '',
  why = '',
  name = '',
]: readonly string[]): string {
  return [
    began.padEnd(19),
    caller.padEnd(14),
    dialled.padEnd(18),
    length.padStart(8),
    turns.padStart(5),
    mean.padStart(8),
    why.padEnd(16),
    name,
  ].join('  ');
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await callRecordsCommand(
    process.argv.slice(2),
    (line) => void process.stdout.write(`${line}\n`),
    (line) => void process.stderr.write(`${line}\n`),
  );
}
