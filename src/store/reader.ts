import { sql } from 'kysely';
import type { CallRecord } from '../dialog/call/call-record.ts';
import { recordOf, type CallRows } from './call-rows.ts';
import type { Database } from './database.ts';
import { padded } from './few-statements.ts';
import { KEYS, type Row } from './schema.ts';
import { find, questionOf } from './search-words.ts';

/** Where the lists of a record are. */
const RECORD_TABLES = [
  'turns',
  'latencies',
  'events',
  'troubles',
  'tool_calls',
  'usage',
  'recordings',
] as const satisfies readonly (keyof CallRows)[];

/** More calls than one program can have had at a time. */
const MOST_UNENDED = 1000;

/** Statements have room for some hundred names. */
const CALLS_AT_ONCE = 500;

/** Records, newest first. */
export async function listCalls({ db }: Database, limit: number): Promise<CallRecord[]> {
  const calls = await db
    .selectFrom('calls')
    .selectAll()
    .orderBy('began_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return records({ db }, calls);
}

/** The record of a call by its name (the newest, if a channel came back), or by a part of it that only one has. */
export async function findCall({ db }: Database, name: string): Promise<CallRecord | undefined> {
  const named = (part: 'exactly' | 'somewhere') =>
    db
      .selectFrom('calls')
      .selectAll()
      .where((where) =>
        part === 'exactly'
          ? where.or([where('call', '=', name), where('id', '=', name)])
          : sql<boolean>`lower(call) like ${`%${name.toLowerCase().replace(/[!%_]/g, '!$&')}%`} escape '!'`,
      )
      .orderBy('began_at', 'desc')
      .limit(2)
      .execute();
  const [exact] = await named('exactly');
  const alike = exact ? [exact] : await named('somewhere');
  return alike.length === 1 ? (await records({ db }, alike))[0] : undefined;
}

/** Calls and messages in which all the words occur, newest first. */
export async function searchAll(
  database: Database,
  words: string,
  limit: number,
): Promise<{ readonly calls: readonly CallRecord[]; readonly messages: readonly Row<'messages'>[] }> {
  const question = questionOf(words);
  if (question.length === 0) return { calls: [], messages: [] };
  const found = await find(database, question, limit);
  const ids = (kind: 'call' | 'message') => found.filter((one) => one.kind === kind).map(({ id }) => id);
  return {
    calls: await callsOf(database, ids('call')),
    messages: await messagesOf(database, ids('message')),
  };
}

/** Of calls that other runs have begun since then and not ended, newest first. */
export async function unendedCalls({ db }: Database, since: number, run: string): Promise<CallRecord[]> {
  const calls = await db
    .selectFrom('calls')
    .selectAll()
    .where('began_at', '>', since)
    .where('ended_at', 'is', null)
    .where('run', '<>', run)
    .orderBy('began_at', 'desc')
    .limit(MOST_UNENDED)
    .execute();
  return records({ db }, calls);
}

/**
 * Of one call that another run has begun since `since`, and not ended, or not before `recently`: who was cut off from their
 * Asterisk has given their calls up. Newest first.
 */
export async function leftCall(
  { db }: Database,
  call: string,
  { since, recently, run }: { readonly since: number; readonly recently: number; readonly run: string },
): Promise<CallRecord[]> {
  const calls = await db
    .selectFrom('calls')
    .selectAll()
    .where('call', '=', call)
    .where('began_at', '>', since)
    .where('run', '<>', run)
    .where((where) => where.or([where('ended_at', 'is', null), where('ended_at', '>', recently)]))
    .orderBy('began_at', 'desc')
    .execute();
  return records({ db }, calls);
}

/** Those of these identifiers, newest first. */
export async function callsOf({ db }: Database, ids: readonly string[]): Promise<CallRecord[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('calls')
    .selectAll()
    .where('id', 'in', padded(ids))
    .orderBy('began_at', 'desc')
    .execute();
  return records({ db }, rows);
}

async function messagesOf({ db }: Database, ids: readonly string[]): Promise<Row<'messages'>[]> {
  if (ids.length === 0) return [];
  return db
    .selectFrom('messages')
    .selectAll()
    .where('id', 'in', padded(ids))
    .orderBy('taken_at', 'desc')
    .execute();
}

/** Messages, newest first. Of more than `limit` those stay that nobody has dealt with: an old one of them is the last to be left out. */
export async function listMessages({ db }: Database, limit: number): Promise<Row<'messages'>[]> {
  const messages = await db
    .selectFrom('messages')
    .selectAll()
    .orderBy((row) => row.case().when('state', '=', 'done').then(1).else(0).end())
    .orderBy('taken_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return messages.toSorted((a, b) => b.taken_at - a.taken_at);
}

/** Who did what to the records, newest first. */
export function listAudit({ db }: Database, limit: number): Promise<Row<'audit'>[]> {
  return db.selectFrom('audit').selectAll().orderBy('at', 'desc').limit(limit).execute();
}

async function records({ db }: Pick<Database, 'db'>, calls: readonly Row<'calls'>[]): Promise<CallRecord[]> {
  const all: CallRecord[] = [];
  for (let from = 0; from < calls.length; from += CALLS_AT_ONCE)
    all.push(...(await someRecords({ db }, calls.slice(from, from + CALLS_AT_ONCE))));
  return all;
}

async function someRecords(
  { db }: Pick<Database, 'db'>,
  calls: readonly Row<'calls'>[],
): Promise<CallRecord[]> {
  const ids = calls.map(({ id }) => id);
  const lists = new Map<string, Map<string, unknown[]>>();
  for (const table of RECORD_TABLES) {
    const rows = await db
      .selectFrom(table as 'turns')
      .selectAll()
      .where('call_id', 'in', padded(ids))
      .orderBy('call_id')
      .orderBy((KEYS[table].at(-1) ?? 'call_id') as 'n')
      .execute();
    lists.set(
      table,
      Map.groupBy(rows, ({ call_id }) => call_id),
    );
  }
  const rowsOf = (id: string) => RECORD_TABLES.map((table) => [table, lists.get(table)?.get(id) ?? []]);
  return calls.map((call) => recordOf(call, Object.fromEntries(rowsOf(call.id)) as CallRows));
}
