import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { callName } from '../dialog/call/admitted-call.ts';
import type { CallRecord } from '../dialog/call/call-record.ts';
import type { TakenMessage } from '../dialog/contract/conversation.ts';
import { messageOf } from '../lib/errors.ts';
import { callId, KEEP_ALL, rowsOf } from './call-rows.ts';
import type { Database } from './database.ts';
import { completeFile } from './recording-files.ts';
import type { Write } from './schema.ts';
import { writeRows } from './write-rows.ts';

/** Files of one transaction. */
const FILES = 200;
/** Messages in versions before the database. */
export const OLD_MESSAGES = 'messages.jsonl';
/** Stands behind the name of a file that was taken over. */
export const TAKEN_OVER = '.taken-over';

/** A message as it stood in `messages.jsonl`; `takenAt`: ISO 8601, UTC. */
type FiledMessage = Omit<TakenMessage, 'takenAt'> & { readonly takenAt: string };

interface Told {
  readonly onTrouble: (message: string) => void;
  readonly onNews: (message: string) => void;
}

/**
 * Takes over what versions before the database have left in files: `calls/DAY/*.json` and `messages.jsonl`. No file is
 * deleted: once it is in the database, its name gets TAKEN_OVER at its end. A record that can't be read keeps its name,
 * and is reported, as is a line that is not a message.
 */
export async function takeOver(database: Database, directory: string, told: Told): Promise<void> {
  const calls = await takeOverCalls(database, directory, told);
  const messages = await takeOverMessages(database, directory, told);
  if (calls + messages > 0)
    told.onNews(
      `${calls} records and ${messages} messages were taken over from files of an earlier version;` +
        ` the files are called *${TAKEN_OVER} now, and may be deleted`,
    );
}

async function takeOverCalls(database: Database, directory: string, told: Told): Promise<number> {
  const folder = join(directory, 'calls');
  const files = (await readdir(folder, { recursive: true }).catch(() => []))
    .filter((file) => /^\d{4}-\d{2}-\d{2}\/[^/]+\.json$/.test(file))
    .sort();
  let taken = 0;
  for (let from = 0; from < files.length; from += FILES) {
    const read: { readonly path: string; readonly writes: readonly Write[] }[] = [];
    for (const file of files.slice(from, from + FILES)) {
      const path = join(folder, file);
      try {
        read.push({ path, writes: await rowsOfFile(path, directory) });
      } catch (error) {
        told.onTrouble(`${path} is no record of a call, and is left as it is: ${messageOf(error)}`);
      }
    }
    await write(
      database,
      read.flatMap(({ writes }) => writes),
    );
    for (const { path } of read) await setAside(path);
    taken += read.length;
  }
  return taken;
}

async function rowsOfFile(path: string, directory: string): Promise<readonly Write[]> {
  const record = JSON.parse(await readFile(path, 'utf8')) as CallRecord;
  const writes = rowsOf(record, KEEP_ALL);
  if (record.recording === undefined) return writes;
  const call_id = callId(record);
  const file = `calls/${call_id.split('/')[0] ?? ''}/${record.recording}`;
  const whole = await completeFile(join(directory, file));
  const state = !whole ? 'failed' : record.ended ? 'complete' : 'cut';
  const row = { call_id, file, duration_ms: null, bytes: null, ...(whole ?? {}), state } as const;
  return [...writes, { table: 'recordings', row }];
}

async function takeOverMessages(database: Database, directory: string, told: Told): Promise<number> {
  const path = join(directory, OLD_MESSAGES);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return 0;
  const writes: Write[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      writes.push(messageWrite(line, index));
    } catch {
      told.onTrouble(`${path}:${index + 1} is not a message`);
    }
  }
  await write(database, writes);
  await setAside(path);
  return writes.length;
}

function messageWrite(line: string, index: number): Write {
  const { takenAt, call, agent, name, number, text } = JSON.parse(line) as FiledMessage;
  const taken_at = Date.parse(takenAt);
  if (Number.isNaN(taken_at)) throw new TypeError('no time');
  callName(call); // a message names its call
  return {
    table: 'messages',
    row: {
      // The same again, if the program dies before the file is renamed.
      id: createHash('sha256').update(`${index} ${line}`).digest('hex').slice(0, 32),
      call_id: null,
      taken_at,
      agent,
      name,
      number,
      text,
      info: JSON.stringify(call),
      state: 'new',
      done_at: null,
    },
  };
}

/** Under a name that is free: an earlier version may have run again in between. */
async function setAside(path: string): Promise<void> {
  let aside = `${path}${TAKEN_OVER}`;
  for (let n = 2; existsSync(aside); n += 1) aside = `${path}${TAKEN_OVER}-${n}`;
  await rename(path, aside);
}

async function write(database: Database, writes: readonly Write[]): Promise<void> {
  if (writes.length === 0) return;
  await database.db.transaction().execute((trx) => writeRows({ ...database, db: trx }, writes));
}
