import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Milliseconds } from '../lib/clock.ts';
import { isGoingOn } from '../lib/program-run.ts';
import type { Database } from './database.ts';
import { completeFile } from './recording-files.ts';
import { OF_CALLS } from './schema.ts';
import { count, dropEmpty, overAmong } from './tallies.ts';

const DAY_MS: Milliseconds = 86_400_000;
const DAY_FOLDER = /^\d{4}-\d{2}-\d{2}$/;
/** Deleted in one transaction. */
const CALLS_AT_ONCE = 500;

/**
 * Deletes the calls of whole days (UTC) that are older than `keepDays`, with all that is kept of them, and messages that
 * have been done for as long. Idempotent.
 */
export async function sweep(
  database: Database,
  {
    directory,
    now,
    keepDays,
  }: { readonly directory: string; readonly now: Milliseconds; readonly keepDays: number },
): Promise<void> {
  const oldest = new Date(now - keepDays * DAY_MS).toISOString().slice(0, 10);
  const before = Date.parse(oldest);
  let deleted = 0;
  for (;;) {
    const calls = await database.db
      .selectFrom('calls')
      .select('id')
      .where('began_at', '<', before)
      .orderBy('began_at')
      .limit(CALLS_AT_ONCE)
      .execute();
    if (calls.length === 0) break;
    deleted += calls.length;
    await deleteCalls(
      database,
      calls.map(({ id }) => id),
    );
  }
  const done = await database.db
    .selectFrom('messages')
    .select('id')
    .where('state', '=', 'done')
    .where('done_at', '<', before)
    .execute();
  await deleteMessages(
    database,
    done.map(({ id }) => id),
  );
  if (deleted + done.length > 0) {
    await database.search.purge(database.db);
    const detail = JSON.stringify({ calls: deleted, messages: done.length, before: oldest });
    await audit(database, { actor: 'keepDays', at: now, action: 'delete', subject: 'old records', detail });
  }
  await database.db.deleteFrom('spool_files').where('at', '<', before).execute();
  for (const day of await readdir(join(directory, 'calls')).catch(() => [])) {
    if (DAY_FOLDER.test(day) && day < oldest)
      await rm(join(directory, 'calls', day), { recursive: true, force: true });
  }
}

/** All that the database has of them. Their recordings are files. */
export async function deleteCalls({ db, search, kind }: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.transaction().execute(async (trx) => {
    const counting = { db: trx, kind };
    await count(counting, await overAmong(counting, ids), -1);
    for (const table of OF_CALLS) {
      await trx
        .deleteFrom(table as 'turns')
        .where('call_id', 'in', [...ids])
        .execute();
    }
    await trx
      .deleteFrom('calls')
      .where('id', 'in', [...ids])
      .execute();
    await search.remove(trx, ids);
    await dropEmpty(counting);
  });
}

export async function deleteMessages({ db, search }: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.transaction().execute(async (trx) => {
    await trx
      .deleteFrom('messages')
      .where('id', 'in', [...ids])
      .execute();
    await search.remove(trx, ids);
  });
}

/** Recordings during which the program ended: what is on the disk is made a whole file, and its length is noted. */
export async function completeRecordings({ db, kind }: Database, directory: string): Promise<void> {
  const running = await db
    .selectFrom('recordings')
    .innerJoin('calls', 'calls.id', 'recordings.call_id')
    .select(['call_id', 'file', 'run'])
    .where('state', '=', 'running')
    .execute();
  for (const { call_id, file, run } of running) {
    if (run !== null && isGoingOn(run)) continue;
    const whole = await completeFile(join(directory, file));
    // Another machine may have it, and be recording.
    if (!whole && kind === 'postgres') continue;
    await db
      .updateTable('recordings')
      .set(whole ? { state: 'cut', ...whole } : { state: 'failed' })
      .where('call_id', '=', call_id)
      .execute();
  }
}

/** Who does something to the records, and when. */
export interface By {
  readonly actor: string;
  readonly at: Milliseconds;
}

/** Notes who did what to the records; not to whose, for that may have to be forgotten. */
export async function audit(
  { db }: Pick<Database, 'db'>,
  entry: By & { readonly action: string; readonly subject: string; readonly detail: string },
): Promise<void> {
  await db
    .insertInto('audit')
    .values({ id: randomUUID(), ...entry })
    .execute();
}
