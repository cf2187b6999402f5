import { sql, type RawBuilder } from 'kysely';
import type { Database } from './database.ts';
import { padded } from './few-statements.ts';

/*
 * Figures that add up, for each hour in which calls began: so thirty days are some thousand rows, however many calls there
 * were. A call is counted once it is over, in the transaction that writes it, and taken out again in the one that changes
 * or deletes it.
 */

type Counting = Pick<Database, 'db' | 'kind'>;
type Sql = RawBuilder<unknown>;

/** Parts of an answer's latency. */
export const STAGES = ['total', 'pause', 'stt', 'llm', 'tts', 'send'] as const;

/** What else is counted; `jitter` in microseconds, of the calls that `measured` has. */
export const COUNTED = [
  'call',
  'received',
  'lost',
  'jitter',
  'measured',
  'sound',
  'trouble',
  'stood-in',
] as const;

export const HOUR_MS = 3_600_000;

/** A latency as it is counted: to the millisecond below 50 ms, to 10 ms below 2 s, and then more coarsely. */
const STEPS = sql`case when ms < 50 then 1 when ms < 2000 then 10 when ms < 10000 then 50 else 500 end`;

/** Of those calls, ended or not: rows of `tallies`. `calls`: a condition on the table `calls`. */
export function tallied({ kind }: Pick<Counting, 'kind'>, calls: Sql): Sql {
  const number = (column: Sql, key: string): Sql =>
    kind === 'sqlite'
      ? sql`json_extract(${column}, ${sql.lit(`$.${key}`)})`
      : sql`cast(cast(${column} as json) ->> ${sql.lit(key)} as double precision)`;
  const packets = (key: string): Sql => number(sql`packets`, key);
  const counted = (what: (typeof COUNTED)[number], key: Sql, n: Sql, from: Sql): Sql =>
    sql`select ${sql.lit(what)} as what, hour, agent, ${key} as key, 0 as ms, ${n} as n from ${from}`;
  const none = sql`''`;
  // Cross joins: SQLite goes through the calls then, and not through all the rows that there are of any.
  const troubles = sql`over_calls cross join troubles where call_id = id`;
  const trouble = sql`part || '/' || coalesce(provider, '') || '/' || coalesce(kind, '')`;
  const sounds = sql`over_calls cross join events where call_id = id and kind = 'sound'`;
  const judgement = sql`case when data like '%"judgement":"interruption"%' then 'interruption'
    when data like '%"judgement":"no-interruption"%' then 'no-interruption' else '' end`;
  const all = [
    counted('call', sql`coalesce(reason, '')`, sql`1`, sql`over_calls`),
    counted('received', none, packets('packetsReceived'), sql`over_calls`),
    counted('lost', none, packets('packetsLost'), sql`over_calls`),
    counted('jitter', none, sql`round(1000 * ${packets('jitterMs')})`, sql`over_calls`),
    counted(
      'measured',
      none,
      sql`case when ${packets('jitterMs')} is null then 0 else 1 end`,
      sql`over_calls`,
    ),
    counted('sound', judgement, sql`1`, sounds),
    counted('trouble', trouble, sql`1`, troubles),
    counted(
      'stood-in',
      trouble,
      sql`case when outcome in ('fell-back', 'skipped', 'spared') then 1 else 0 end`,
      troubles,
    ),
    sql`select what, hour, agent, '' as key, cast(round(1.0 * ms / step) as integer) * step as ms, 1 as n
      from (select what, hour, agent, ms, ${STEPS} as step from (${sql.join(
        STAGES.map(
          (stage) => sql`select ${sql.lit(stage)} as what, hour, agent, ${sql.ref(stage)} as ms from parts`,
        ),
        sql` union all `,
      )}) as stages where ms is not null) as steps`,
  ];
  return sql`select what, hour, agent, key, ms, cast(sum(n) as bigint) as n from (
      with over_calls as materialized (
        select id, began_at / ${sql.lit(HOUR_MS)} as hour, agent, reason, packets from calls where ${calls}
      ), parts as materialized (
        select hour, agent, ${sql.join(
          STAGES.map((stage) => sql`${number(sql`stages`, stage)} as ${sql.ref(stage)}`),
        )} from over_calls cross join latencies where call_id = id and total_ms is not null
      ) ${sql.join(all, sql` union all `)}
    ) as counted group by what, hour, agent, key, ms having sum(n) <> 0`;
}

/** Of these calls, those that are over. */
export async function overAmong({ db }: Pick<Counting, 'db'>, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const calls = await db
    .selectFrom('calls')
    .select('id')
    .where('id', 'in', padded(ids))
    .where('ended_at', 'is not', null)
    .execute();
  return calls.map(({ id }) => id);
}

/** Counts calls in (1), or out again (-1), as they stand in the database now: in the transaction that changes them. */
export async function count(database: Counting, ids: readonly string[], sign: 1 | -1): Promise<void> {
  if (ids.length > 0) await add(database, sql`id in (${sql.join(padded(ids))})`, sign);
}

async function add(database: Counting, calls: Sql, sign: 1 | -1): Promise<void> {
  // In order: two programs that wait for each other's rows would be a deadlock.
  await sql`insert into tallies (what, hour, agent, key, ms, n)
    select what, hour, agent, key, ms, ${sql.lit(sign)} * n from (${tallied(database, calls)}) as tallied
    order by what, hour, agent, key, ms
    on conflict (what, hour, agent, key, ms) do update set n = tallies.n + excluded.n`.execute(database.db);
}

/**
 * Counts those hours anew of which other calls were counted than there are: all of them after an upgrade from a version that
 * counted nothing, those in which such a version has written since. An hour at a time, the newest first, until it is `aborted`.
 */
export async function recount(database: Pick<Database, 'db' | 'kind'>, signal: AbortSignal): Promise<void> {
  const { db, kind } = database;
  const { rows } = await sql<{ hour: number }>`
    select hour from (
      select began_at / ${sql.lit(HOUR_MS)} as hour, 1 as n from calls where ended_at is not null
      union all select hour, -n as n from tallies where what = 'call'
    ) as both_of group by hour having sum(n) <> 0 order by hour desc`.execute(db);
  for (const { hour } of rows) {
    if (signal.aborted) return;
    // Whoever has written such a row meanwhile makes it fail, to be tried again.
    await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (trx) => {
        await trx.deleteFrom('tallies').where('what', 'in', WHATS).where('hour', '=', hour).execute();
        const began = sql`began_at >= ${hour * HOUR_MS} and began_at < ${(hour + 1) * HOUR_MS}`;
        await add({ db: trx, kind }, sql`${began} and ended_at is not null`, 1);
      });
  }
}

const WHATS = [...STAGES, ...COUNTED];

/** Rows in which nothing is counted any more. */
export async function dropEmpty({ db }: Counting): Promise<void> {
  await db.deleteFrom('tallies').where('n', '=', 0).execute();
}
