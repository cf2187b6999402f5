import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sql, type RawBuilder } from 'kysely';
import type { CallRecord } from '../dialog/call/call-record.ts';
import { isGoingOn } from '../lib/program-run.ts';
import type { Database } from './database.ts';
import { callsOf } from './reader.ts';
import type { Row } from './schema.ts';
import { TAKEN_OVER } from './take-over.ts';
import { audit, deleteCalls, deleteMessages, type By } from './upkeep.ts';

/** All that is kept of whoever calls, or is called back, at this number. `recordings`: below the data directory. */
export async function callerData(
  database: Database,
  number: string,
  by: By,
): Promise<{
  readonly calls: readonly CallRecord[];
  readonly messages: readonly Row<'messages'>[];
  readonly recordings: readonly string[];
}> {
  const { ids, messages } = await ofCaller(database, number);
  await audit(database, { ...by, action: 'export', subject: 'a caller', detail: '' });
  return { calls: await callsOf(database, ids), messages, recordings: await recordingsOf(database, ids) };
}

/**
 * Deletes all that, with the recordings and old record files below `folder`, if it is `really` wanted. Calls that are going on stay. Returns
 * how much it is.
 */
export async function forgetCaller(
  database: Database,
  number: string,
  { folder, really, ...by }: By & { readonly folder: string; readonly really: boolean },
): Promise<{ readonly calls: number; readonly messages: number; readonly running: number }> {
  const { ids, messages, running } = await ofCaller(database, number);
  const over = ids.filter((id) => !running.includes(id));
  const found = { calls: over.length, messages: messages.length, running: running.length };
  if (!really) return found;
  for (const file of await recordingsOf(database, over)) await rm(join(folder, file), { force: true });
  for (const id of over) await rm(join(folder, 'calls', `${id}.json${TAKEN_OVER}`), { force: true });
  await deleteCalls(database, over);
  await deleteMessages(
    database,
    messages.map(({ id }) => id),
  );
  await database.search.purge(database.db);
  await audit(database, { ...by, action: 'forget', subject: 'a caller', detail: JSON.stringify(found) });
  return found;
}

/** False: there is no such message. */
export async function messageDone(database: Database, id: string, by: By): Promise<boolean> {
  const { numUpdatedRows } = await database.db
    .updateTable('messages')
    .set({ state: 'done', done_at: by.at })
    .where('id', '=', id)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await audit(database, { ...by, action: 'done', subject: `message ${id}`, detail: '' });
  return true;
}

/** A copy of the embedded database, whole though it is being written. False: it isn't embedded. */
export async function backUp({ db, kind }: Database, file: string, by: By): Promise<boolean> {
  if (kind !== 'sqlite') return false;
  // It is everything that callers have said: for its owner alone, and never in the place of something else.
  await (await open(file, 'wx', 0o600)).close();
  await sql`vacuum into ${file}`.execute(db);
  await audit({ db }, { ...by, action: 'back up', subject: 'the database', detail: file });
  return true;
}

async function ofCaller(
  { db }: Database,
  number: string,
): Promise<{ ids: string[]; running: string[]; messages: Row<'messages'>[] }> {
  const wanted = withoutSigns(number);
  const has = `%${JSON.stringify({ number: wanted }).slice(1, -1).replace(/[!%_]/g, '!$&')}%`;
  const calls = await db
    .selectFrom('calls')
    .select(['id', 'run', 'ended_at'])
    .where((where) =>
      where.or([
        where(plainNumber('caller_number'), '=', wanted),
        where(
          'id',
          'in',
          where
            .selectFrom('events')
            .select('call_id')
            .where('kind', '=', 'caller-changed')
            .where(sql<boolean>`${plainNumber('data')} like ${has} escape '!'`),
        ),
      ]),
    )
    .execute();
  const messages = await db
    .selectFrom('messages')
    .selectAll()
    .where((where) =>
      where.or([
        where(plainNumber('number'), '=', wanted),
        sql<boolean>`${plainNumber('info')} like ${has} escape '!'`,
      ]),
    )
    .execute();
  const running = calls.filter(({ run, ended_at }) => ended_at === null && run !== null && isGoingOn(run));
  return { ids: calls.map(({ id }) => id), running: running.map(({ id }) => id), messages };
}

/** What people write between the figures of a number. */
const SIGNS = [' ', '-', '/', '(', ')', '.'];

/** False: nothing, or signs alone. */
export function isNumber(number: string): boolean {
  return withoutSigns(number) !== '';
}

function withoutSigns(number: string): string {
  return SIGNS.reduce((rest, sign) => rest.replaceAll(sign, ''), number);
}

/** The same in the database. */
function plainNumber(column: string): RawBuilder<string> {
  return SIGNS.reduce(
    (rest, sign) => sql<string>`replace(${rest}, ${sql.lit(sign)}, '')`,
    sql<string>`${sql.ref(column)}`,
  );
}

async function recordingsOf({ db }: Database, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('recordings')
    .select('file')
    .where('call_id', 'in', [...ids])
    .execute();
  return rows.map(({ file }) => file);
}
