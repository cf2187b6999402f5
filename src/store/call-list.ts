import { sql } from 'kysely';
import { FAILURE_REASONS } from '../dialog/contract/end-reason.ts';
import type { Milliseconds } from '../lib/clock.ts';
import type { Database } from './database.ts';
import type { Row } from './schema.ts';
import { questionOf } from './search-words.ts';

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

/** Calls that began before `after`'s, newest first, without what is in them: one look into an index however many there are. */
export async function callPage(
  database: Database,
  { words = '', agent, reason, failed, slowerThanMs, since, until }: CallFilter,
  limit: number,
  after?: CallCursor,
): Promise<Row<'calls'>[]> {
  const question = questionOf(words);
  let query = database.db.selectFrom('calls').selectAll();
  if (question.length > 0) {
    const found = sql<{ id: string }>`select id from search where n in (${database.search.among(question)})`;
    query = query.where(sql<boolean>`id in (${found})`);
  } else if (words.trim() !== '') return [];
  if (agent !== undefined) query = query.where('agent', '=', agent);
  if (reason !== undefined) query = query.where('reason', '=', reason);
  if (failed === true) query = query.where('reason', 'in', [...FAILURE_REASONS]);
  if (slowerThanMs !== undefined) query = query.where('worst_ms', '>', slowerThanMs);
  if (since !== undefined) query = query.where('began_at', '>=', since);
  if (until !== undefined) query = query.where('began_at', '<', until);
  if (after) {
    const { beganAt, id } = after;
    query = query.where((where) =>
      where.or([
        where('began_at', '<', beganAt),
        where.and([where('began_at', '=', beganAt), where('id', '<', id)]),
      ]),
    );
  }
  return query.orderBy('began_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

/** A call's packets over time, and its recording's file below the data directory. */
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
  const recording = await db
    .selectFrom('recordings')
    .selectAll()
    .where('call_id', '=', id)
    .executeTakeFirst();
  return { packets, recording };
}
