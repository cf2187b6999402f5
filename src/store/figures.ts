import { sql, type RawBuilder } from 'kysely';
import { FAILURE_REASONS } from '../dialog/contract/end-reason.ts';
import type { Milliseconds } from '../lib/clock.ts';
import type { Database } from './database.ts';

/** The middle one of all, and the one that 95 of 100 don't exceed. */
export interface Percentiles {
  readonly turns: number;
  readonly p50: Milliseconds;
  readonly p95: Milliseconds;
}

export interface Figures {
  /** Oldest first; days without calls aren't there. `day`: days since the epoch, where it is `offsetMs` later than UTC. */
  readonly days: readonly ({
    readonly day: number;
    readonly calls: number;
    readonly failed: number;
    /** Of packets that should have come, in percent; jitter: mean over the calls. */
    readonly lostPercent: number;
    readonly jitterMs: Milliseconds;
  } & Partial<Percentiles>)[];
  readonly stages: readonly ({ readonly stage: string } & Percentiles)[];
  /** The same by day, in the order of stages and days. */
  readonly stageDays: readonly ({ readonly stage: string; readonly day: number } & Percentiles)[];
  readonly reasons: readonly { readonly reason: string; readonly calls: number }[];
  readonly agents: readonly ({ readonly agent: string; readonly calls: number } & Partial<Percentiles>)[];
  /** Sounds into the agent's words: `interruptions` were some, for `others` the agent paused and went on. */
  readonly sounds: { readonly interruptions: number; readonly others: number };
  readonly troubles: readonly {
    readonly part: string;
    readonly provider: string;
    readonly kind: string;
    readonly times: number;
    /** After so many of them another provider has stood in. */
    readonly stoodIn: number;
  }[];
}

export interface FiguresWanted {
  /** Calls that began since: milliseconds since the epoch. */
  readonly since: number;
  readonly agent?: string;
  readonly offsetMs: Milliseconds;
}

const DAY_MS = 86_400_000;
const STAGES = ['total', 'pause', 'stt', 'llm', 'tts', 'send'] as const;
/** Stages are JSON: of so many turns at most, the newest. */
const TURNS_LOOKED_AT = 20_000;

/** How calls went, computed by the database. */
export async function figures(database: Database, wanted: FiguresWanted): Promise<Figures> {
  const { db } = database;
  const calls = sql`calls.began_at >= ${wanted.since}${
    wanted.agent === undefined ? sql`` : sql` and calls.agent = ${wanted.agent}`
  }`;
  const day = sql`(calls.began_at + ${sql.lit(Math.round(wanted.offsetMs))}) / ${sql.lit(DAY_MS)}`;
  const number = (column: RawBuilder<unknown>, key: string): RawBuilder<unknown> =>
    database.kind === 'sqlite'
      ? sql`json_extract(${column}, ${sql.lit(`$.${key}`)})`
      : sql`cast(cast(${column} as json) ->> ${sql.lit(key)} as double precision)`;
  const rows = async <T>(query: RawBuilder<T>): Promise<T[]> => (await query.execute(db)).rows;
  const failed = sql`calls.reason in (${sql.join(FAILURE_REASONS.map((reason) => sql.lit(reason)))})`;
  const packets = sql`calls.packets`;
  const received = sql`sum(${number(packets, 'packetsReceived')})`;
  const lost = sql`sum(${number(packets, 'packetsLost')})`;
  const turns = sql`latencies join calls on calls.id = latencies.call_id where ${calls} and latencies.total_ms is not null`;

  /** Percentiles of the rows `key`, `ms`. */
  const percentiles = (source: RawBuilder<unknown>) => sql<{ key: string | number } & Percentiles>`
    select key, max(turns) as turns, min(case when n >= 0.5 * turns then ms end) as p50,
      min(case when n >= 0.95 * turns then ms end) as p95
    from (select key, ms, row_number() over (partition by key order by ms) as n,
      count(*) over (partition by key) as turns from (${source}) as measured) as ranked
    group by key`;

  const perDay = await rows(sql<{
    day: number;
    calls: number;
    failed: number;
    lost: number | null;
    jitter: number | null;
  }>`
    select ${day} as day, count(*) as calls, sum(case when ${failed} then 1 else 0 end) as failed,
      100.0 * ${lost} / nullif(${received} + ${lost}, 0) as lost, avg(${number(packets, 'jitterMs')}) as jitter
    from calls where ${calls} group by ${day} order by day`);
  const dayTurns = await rows(percentiles(sql`select ${day} as key, latencies.total_ms as ms from ${turns}`));
  const perAgent = await rows(sql<{ agent: string; calls: number }>`
    select agent, count(*) as calls from calls where ${calls} group by agent order by calls desc`);
  const agentTurns = await rows(
    percentiles(sql`select calls.agent as key, latencies.total_ms as ms from ${turns}`),
  );
  // All days together are day 0, when there were no calls yet.
  const stageTurns = await rows(sql<{ key: number } & Percentiles>`
    with newest as materialized (select ${day} as day, latencies.stages as stages from ${turns}
      order by calls.began_at desc limit ${sql.lit(TURNS_LOOKED_AT)}),
    parts as materialized (select day, ${sql.join(
      STAGES.map((stage) => sql`${number(sql`stages`, stage)} as ${sql.ref(stage)}`),
    )} from newest)
    ${percentiles(
      sql.join(
        STAGES.flatMap((stage, n) =>
          [sql`0`, sql`day`].map(
            (
              of,
            ) => sql`select ${of} * ${sql.lit(STAGES.length)} + ${sql.lit(n)} as key, ${sql.ref(stage)} as ms
            from parts where ${sql.ref(stage)} is not null`,
          ),
        ),
        sql` union all `,
      ),
    )}`);
  const byStage = stageTurns
    .map(({ key, turns: count, p50, p95 }) => {
      const [day, n] = [Math.floor(key / STAGES.length), key % STAGES.length];
      return { day, n, of: { stage: STAGES[n] as string, turns: count, p50, p95 } };
    })
    .toSorted((a, b) => a.n - b.n || a.day - b.day);
  const reasons = await rows(sql<{ reason: string; calls: number }>`
    select reason, count(*) as calls from calls where ${calls} and reason is not null
    group by reason order by calls desc`);
  const sounds = await rows(sql<{ interruptions: number | null; others: number | null }>`
    select sum(case when data like '%"judgement":"interruption"%' then 1 else 0 end) as interruptions,
      sum(case when data like '%"judgement":"no-interruption"%' then 1 else 0 end) as others
    from events join calls on calls.id = events.call_id where events.kind = 'sound' and ${calls}`);
  const troubles = await rows(sql<Figures['troubles'][number]>`
    select part, coalesce(provider, '') as provider, coalesce(kind, '') as kind, count(*) as times,
      sum(case when outcome in ('fell-back', 'skipped', 'spared') then 1 else 0 end) as "stoodIn"
    from troubles join calls on calls.id = troubles.call_id where ${calls}
    group by part, provider, kind order by times desc limit 50`);

  const measured = (of: typeof dayTurns, key: string | number): Partial<Percentiles> => {
    const { turns: count, p50, p95 } = of.find((one) => one.key === key) ?? {};
    return count === undefined || p50 === undefined || p95 === undefined ? {} : { turns: count, p50, p95 };
  };
  return {
    days: perDay.map(({ lost: lostPercent, jitter, ...one }) => ({
      ...one,
      lostPercent: lostPercent ?? 0,
      jitterMs: jitter ?? 0,
      ...measured(dayTurns, one.day),
    })),
    stages: byStage.filter(({ day }) => day === 0).map(({ of }) => of),
    stageDays: byStage.filter(({ day }) => day !== 0).map(({ day, of }) => ({ ...of, day })),
    reasons,
    agents: perAgent.map((one) => ({ ...one, ...measured(agentTurns, one.agent) })),
    sounds: { interruptions: sounds[0]?.interruptions ?? 0, others: sounds[0]?.others ?? 0 },
    troubles,
  };
}
