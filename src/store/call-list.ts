import { sql } from 'kysely';
import { FAILURE_REASONS } from '../dialog/contract/end-reason.ts';
import type { Milliseconds } from '../lib/clock.ts';
import type { Database } from './database.ts';
import { padded } from './few-statements.ts';
import type { Row } from './schema.ts';
import { find, questionOf } from './search-words.ts';

/** Which calls are wanted; what isn't given doesn't matter. */
export interface CallFilter {
  /** All of them occur in what was said, or in a name or number. */
  readonly words?: string;
  readonly agent?: string;
  readonly reason?: string;
  /** They ended otherwise than they should have. */
  readonly failed?: boolean;
  /** A caller waited longer than this for an answer. */
  readonly slowerThanMs?: Milliseconds;
  /** Began at or after, and before: milliseconds since the epoch. */
  readonly since?: number;
  readonly until?: number;
}

/** Where the next page begins: behind this call. */
export interface CallCursor {
  readonly beganAt: number;
  readonly id: string;
}

/** Calls that are looked at for the other conditions: of those in which the words occur so many at first, and then more. */
const WINDOW = { first: 500, most: 8000, growth: 4 };

/**
 * Calls before `after`'s, newest first, without what is in them: one look into an index however many there are. Where words
 * are looked for, in the order in which they were taken up for that.
 */
export async function callPage(
  database: Database,
  filter: CallFilter,
  limit: number,
  after?: CallCursor,
): Promise<Row<'calls'>[]> {
  const { words = '' } = filter;
  const question = questionOf(words);
  if (question.length > 0) return callsWith(database, question, filter, limit, after);
  if (words.trim() !== '') return [];
  let query = matching(database, filter);
  if (after) query = query.where(sql<boolean>`(began_at, id) < (${after.beganAt}, ${after.id})`);
  return query.orderBy('began_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

async function callsWith(
  database: Database,
  question: readonly (readonly string[])[],
  filter: CallFilter,
  limit: number,
  after?: CallCursor,
): Promise<Row<'calls'>[]> {
  const { db } = database;
  const cursor =
    after && (await db.selectFrom('search').select('n').where('id', '=', after.id).executeTakeFirst());
  const rows: Row<'calls'>[] = [];
  let before = cursor?.n;
  for (let window = WINDOW.first; ; window = Math.min(WINDOW.most, window * WINDOW.growth)) {
    const found = await find(database, question, window, before);
    const places = new Map(found.flatMap(({ id, kind, n }) => (kind === 'call' ? [[id, n]] : [])));
    if (places.size > 0) {
      const calls = await matching(database, filter)
        .where('id', 'in', padded([...places.keys()]))
        .execute();
      rows.push(...calls.toSorted((a, b) => (places.get(b.id) ?? 0) - (places.get(a.id) ?? 0)));
    }
    if (rows.length >= limit || found.length < window) return rows.slice(0, limit);
    before = found.at(-1)?.n;
  }
}

/** All but the words. */
function matching({ db }: Database, { agent, reason, failed, slowerThanMs, since, until }: CallFilter) {
  let query = db.selectFrom('calls').selectAll();
  if (agent !== undefined) query = query.where('agent', '=', agent);
  if (reason !== undefined) query = query.where('reason', '=', reason);
  if (failed === true) query = query.where('reason', 'in', [...FAILURE_REASONS]);
  if (slowerThanMs !== undefined) query = query.where('worst_ms', '>', slowerThanMs);
  if (since !== undefined) query = query.where('began_at', '>=', since);
  if (until !== undefined) query = query.where('began_at', '<', until);
  return query;
}

/** A call's packets over time, and its recording. */
export async function callMedia(
  { db }: Database,
  id: string,
): Promise<{ readonly packets: readonly Row<'media'>[]; readonly recording: Row<'recordings'> | undefined }> {
  const packets = await db
    .selectFrom('media')
    .selectAll()
    .where('call_id', '=', id)
    .orderBy('at_ms')
    .execute();
  return { packets, recording: await callRecording({ db }, id) };
}

/** A call's recording, its file below the data directory. */
export function callRecording(
  { db }: Pick<Database, 'db'>,
  id: string,
): Promise<Row<'recordings'> | undefined> {
  return db.selectFrom('recordings').selectAll().where('call_id', '=', id).executeTakeFirst();
}
