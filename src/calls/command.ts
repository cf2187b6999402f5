/**
 * Reads the records of calls, and the messages that callers left:
 *
 *     npm run calls                       the newest calls
 *     npm run calls -- show NAME          one of them, with what was said (if texts are kept)
 *     npm run calls -- search WORDS       calls and messages with all these words, or their beginnings
 *     npm run calls -- messages           the newest messages
 *     npm run calls -- done ID            a message is dealt with
 *     npm run calls -- export [NAME]      all calls, or one: --format json, csv or vtt (one call's subtitles)
 *     npm run calls -- caller NUMBER      all that is kept of a caller, as JSON
 *     npm run calls -- forget NUMBER      deletes that: --yes
 *     npm run calls -- backup FILE        a copy of the embedded database, while the agent runs
 *     npm run calls -- audit              who exported, deleted or backed up what
 *     … --json   --limit 100   --data DIRECTORY
 *
 * Times are this machine's; those of --json are in UTC.
 */
import { existsSync, realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '../lib/clock.ts';
import { messageOf as errorText, VoiceAgentError } from '../lib/errors.ts';
import { describeRecord } from '../observability/describe-record.ts';
import { backUp, callerData, forgetCaller, isNumber, messageDone } from '../store/caller-data.ts';
import { callRecording } from '../store/call-list.ts';
import { callId } from '../store/call-rows.ts';
import { placeText } from '../store/database-place.ts';
import type { Database } from '../store/database.ts';
import { findCall, listAudit, listCalls, listMessages, searchAll } from '../store/reader.ts';
import { OLD_MESSAGES, TAKEN_OVER } from '../store/take-over.ts';
import { audit } from '../store/upkeep.ts';
import {
  auditEntryOf,
  describeAuditEntry,
  describeList,
  describeMessage,
  messageOf,
  programRuns,
} from './describe-list.ts';
import { csv, webVtt } from './export-calls.ts';
import { localTime } from './local-time.ts';
import { dataFolder, openRecords, placeOfRecords } from './open-records.ts';
import { json, printable } from '../lib/printed.ts';

const USAGE =
  '[list | show NAME | search WORDS | messages | done ID | export [NAME] [--format json|csv|vtt] |' +
  ' caller NUMBER | forget NUMBER [--yes] | backup FILE | audit] [--json] [--limit N] [--data DIRECTORY]';

type Print = (line: string) => void;

interface Asked {
  readonly database: Database;
  readonly place: string;
  /** What stands behind the command's name. */
  readonly words: readonly string[];
  readonly json: boolean;
  readonly limit: number;
  readonly format: string | undefined;
  readonly yes: boolean;
  readonly folder: string;
  /** How it was called, for what it says of itself. */
  readonly program: string;
  readonly print: Print;
  readonly complain: Print;
}

interface Command {
  /** How many words it takes. */
  readonly words: readonly [least: number, most: number];
  run(asked: Asked): Promise<number>;
  /** Its answer where no call was ever kept; returns the exit status. Without it: that there is nothing, and status 1. */
  empty?(asked: Pick<Asked, 'json' | 'format' | 'place' | 'print'>): number;
}

function nothing(place: string, complain: Print): number {
  complain(`no calls in ${place}`);
  return 1;
}

/** A list of nothing. */
function emptyList(what: string, emptyJson: unknown = []): NonNullable<Command['empty']> {
  return ({ json: asJson, place, print }) => {
    print(asJson ? json(emptyJson) : `no ${what} in ${place}`);
    return 0;
  };
}

const NONE: Command['words'] = [0, 0];
const ONE: Command['words'] = [1, 1];

const COMMANDS: Readonly<Record<string, Command>> = {
  list: {
    words: NONE,
    empty: emptyList('calls'),
    async run({ database, limit, ...asked }) {
      const records = await listCalls(database, limit);
      if (asked.json) asked.print(json(records));
      else if (records.length === 0) asked.print(`no calls in ${asked.place}`);
      else describeList(records).forEach(asked.print);
      return 0;
    },
  },
  show: {
    words: ONE,
    async run(asked) {
      const record = await oneCall(asked);
      if (!record) return 1;
      if (asked.json) {
        asked.print(json(record));
        return 0;
      }
      const recording = await callRecording(asked.database, callId(record));
      const found = { ...record, ...(recording && { recording: join(asked.folder, recording.file) }) };
      const lines = describeRecord(found, programRuns(record), localTime(record.startedAt));
      lines.map(printable).forEach(asked.print);
      return 0;
    },
  },
  search: {
    words: [1, Infinity],
    empty: emptyList('calls', { calls: [], messages: [] }),
    async run({ database, words, limit, ...asked }) {
      const { calls, messages } = await searchAll(database, words.join(' '), limit);
      if (asked.json) asked.print(json({ calls, messages: messages.map(messageOf) }));
      else if (calls.length + messages.length === 0)
        asked.print(`nothing with these words in ${asked.place}`);
      else {
        if (calls.length > 0) describeList(calls).forEach(asked.print);
        messages.flatMap(describeMessage).forEach(asked.print);
      }
      return 0;
    },
  },
  messages: {
    words: NONE,
    empty: emptyList('messages'),
    async run({ database, limit, ...asked }) {
      const messages = await listMessages(database, limit);
      if (asked.json) asked.print(json(messages.map(messageOf)));
      else if (messages.length === 0) asked.print(`no messages in ${asked.place}`);
      else messages.flatMap(describeMessage).forEach(asked.print);
      return 0;
    },
  },
  done: {
    words: ONE,
    async run({ database, words: [id = ''], program, complain }) {
      if (await messageDone(database, id, by())) return 0;
      complain(`there is no message "${id}"; ${program} messages lists them`);
      return 1;
    },
  },
  export: {
    words: [0, 1],
    empty({ format = 'json', print }) {
      (format === 'csv' ? csv([]) : format === 'json' ? ['[]'] : []).forEach(print);
      return 0;
    },
    async run(asked) {
      const format = asked.format ?? 'json';
      const record = asked.words.length === 1 ? await oneCall(asked) : undefined;
      if (asked.words.length === 1 && !record) return 1;
      if (format === 'vtt' && !record) {
        asked.complain(`subtitles are those of one call: ${asked.program} export NAME --format vtt`);
        return 2;
      }
      const records = record ? [record] : await listCalls(asked.database, asked.limit);
      const detail = JSON.stringify({ calls: records.length, format });
      await audit(asked.database, { ...by(), action: 'export', subject: record?.call ?? 'calls', detail });
      const lines =
        format === 'csv' ? csv(records) : format === 'vtt' ? records.flatMap(webVtt) : [json(records)];
      lines.forEach(asked.print);
      return 0;
    },
  },
  caller: {
    words: ONE,
    async run({ database, words: [number = ''], print, complain }) {
      if (!isNumber(number)) return everybody(complain);
      const { calls, messages, recordings } = await callerData(database, number, by());
      print(json({ number, calls, messages: messages.map(messageOf), recordings }));
      return 0;
    },
  },
  forget: {
    words: ONE,
    async run({ database, words: [number = ''], yes, folder, json: asJson, print, complain }) {
      if (!isNumber(number)) return everybody(complain);
      const { calls, messages, running } = await forgetCaller(database, number, {
        ...by(),
        folder,
        really: yes,
      });
      const what = `${calls} calls and ${messages} messages of ${printable(number)}`;
      if (running > 0) complain(`${running} calls are going on, and stay: ask again when they are over`);
      const old = join(folder, `${OLD_MESSAGES}${TAKEN_OVER}`);
      if (existsSync(old))
        complain(`${old} may hold messages of theirs, too: delete it if you don't need it`);
      if (asJson) print(json({ number, calls, messages, running, deleted: yes }));
      else if (yes) print(`deleted: ${what}`);
      else complain(`to be deleted: ${what}, with their recordings; add --yes`);
      return yes ? 0 : 2;
    },
  },
  backup: {
    words: ONE,
    async run({ database, words: [file = ''], complain }) {
      try {
        if (await backUp(database, file, by())) return 0;
      } catch (error) {
        complain(`${file} can't be written: ${errorText(error)}`);
        return 1;
      }
      complain('a PostgreSQL server has tools of its own for that: pg_dump');
      return 2;
    },
  },
  audit: {
    words: NONE,
    async run({ database, limit, ...asked }) {
      const entries = (await listAudit(database, limit)).map(auditEntryOf);
      if (asked.json) asked.print(json(entries));
      else if (entries.length === 0) asked.print(`nothing was exported or deleted in ${asked.place}`);
      else entries.map(describeAuditEntry).forEach(asked.print);
      return 0;
    },
  },
};

/** What a script asks for whose variable is empty. */
function everybody(complain: Print): number {
  complain('no number stands there: that would be all whose number is withheld');
  return 2;
}

/** Who asks, for the audit trail. */
function by() {
  return { actor: userInfo().username, at: systemClock.wallClock() };
}

async function oneCall({ database, words: [name = ''], program, complain }: Asked) {
  const record = await findCall(database, name);
  if (!record) complain(`there is no call "${name}", or there are several; ${program} list shows all names`);
  return record;
}

/**
 * Runs the command; returns the exit status. `complain`: what isn't the answer. `program`: how it was called; `usage`: what is
 * said when that was wrong.
 */
export async function callsCommand(
  args: readonly string[],
  print: Print,
  complain: Print = print,
  program = 'npm run calls --',
  usage = `usage: ${program} ${USAGE}`,
): Promise<number> {
  const refused = (why: string): number => {
    complain(why);
    complain(usage);
    return 2;
  };
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        limit: { type: 'string' },
        format: { type: 'string' },
        yes: { type: 'boolean', default: false },
        data: { type: 'string', default: dataFolder() },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    // Its first sentence says which.
    const [why = ''] = errorText(error).split(/\. |\n/);
    return refused(why.replace(/argument is ambiguous\.?$/, 'needs a value, and none begins with a dash'));
  }
  const { values, positionals } = parsed;
  const [name = 'list', ...words] = positionals;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const { format, help, limit: most = name === 'export' ? '1000000' : '50' } = values;
  if (help) {
    print(usage);
    return 0;
  }
  if (!command) return refused(`there is no command ${name}`);
  if (words.length < command.words[0] || words.length > command.words[1])
    return refused(`${name} takes ${words.length < command.words[0] ? 'more' : 'fewer'} words than that`);
  if (!/^0*[1-9]\d{0,6}$/.test(most)) return refused(`--limit ${most}: a whole number from 1 to 9999999`);
  if (format !== undefined && !['json', 'csv', 'vtt'].includes(format))
    return refused(`--format ${format}: json, csv or vtt`);
  const limit = Number(most);
  let database: Database | undefined;
  try {
    const records = placeOfRecords(values.data);
    const place = placeText(records);
    database = await openRecords(records, values.data, { program, onWarning: complain });
    if (!database)
      return command.empty?.({ json: values.json, format, place, print }) ?? nothing(place, complain);
    const { json: asJson, yes, data: folder } = values;
    return await command.run({
      database,
      place,
      words,
      json: asJson,
      limit,
      format,
      yes,
      folder,
      program,
      print,
      complain,
    });
  } catch (error) {
    if (!(error instanceof VoiceAgentError)) throw error;
    complain(`${error.message} (${error.code}, see docs/errors.md)`);
    return 1;
  } finally {
    await database?.close();
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // Whoever reads may have had enough: `npm run calls | head`.
  process.stdout.on('error', () => process.exit(0));
  process.exitCode = await callsCommand(
    process.argv.slice(2),
    (line) => void process.stdout.write(`${line}\n`),
    (line) => void process.stderr.write(`${line}\n`),
  );
}
