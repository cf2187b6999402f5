import { sql, type RawBuilder } from 'kysely';
import { FAILURE_REASONS } from '../dialog/contract/end-reason.ts';
import type { Milliseconds } from '../lib/clock.ts';
import type { Database } from './database.ts';
import { COUNTED, HOUR_MS, STAGES, tallied } from './tallies.ts';

/** The middle one of all, and the one that 95 of 100 don't exceed; below 2 s to 10 ms, above it to 50 ms, above 10 s to 500 ms. */
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
  /** Calls that began in that hour (UTC) or later: milliseconds since the epoch. */
  readonly since: number;
  readonly agent?: string;
  /** What isn't whole hours (India's 5:30) makes days begin up to an hour late. */
  readonly offsetMs: Milliseconds;
}

const DAY_MS = 86_400_000;
const TROUBLES = 50;
const FAILED: ReadonlySet<string> = new Set(FAILURE_REASONS);

/** How calls went: of those that are over by the hour, as they were counted, and of those that aren't yet. */
export async function figures(
  database: Database,
  { since, agent, offsetMs }: FiguresWanted,
): Promise<Figures> {
  const hour = Math.floor(since / HOUR_MS);
  const ofAgent = agent === undefined ? sql`` : sql` and agent = ${agent}`;
  const running = sql`ended_at is null and began_at >= ${hour * HOUR_MS}${ofAgent}`;
  const day = sql`cast((hour * ${sql.lit(HOUR_MS)} + ${sql.lit(Math.round(offsetMs))}) / ${sql.lit(DAY_MS)} as integer)`;
  const amongAll = (whats: readonly string[]): RawBuilder<unknown> => {
    const wanted = sql`what in (${sql.join(whats.map((what) => sql.lit(what)))})`;
    return sql`select what, ${day} as day, agent, key, ms, cast(sum(n) as bigint) as n from (
        select what, hour, agent, key, ms, n from tallies where ${wanted} and hour >= ${hour}${ofAgent} and n > 0
        union all select * from (${tallied(database, running)}) as running where ${wanted}
      ) as of_hours group by what, ${day}, agent, key, ms`;
  };
  const { rows: counts } = await sql<Count>`${amongAll(COUNTED)}`.execute(database.db);
  // Of all days together, of each day, and of each agent.
  const { rows: measured } = await sql<Measured>`
    with measured as materialized (${amongAll(STAGES)}),
    groups as (
      select what, null as day, null as agent, ms, n from measured
      union all select what, day, null as agent, ms, n from measured
      union all select what, null as day, agent, ms, n from measured where what = 'total'),
    steps as (
      select what, day, agent, ms, sum(n) over upwards as up_to, sum(n) over (partition by what, day, agent) as turns
      from (select what, day, agent, ms, sum(n) as n from groups group by what, day, agent, ms) as together
      window upwards as (partition by what, day, agent order by ms))
    select what, day, agent, cast(max(turns) as bigint) as turns,
      min(case when up_to >= 0.5 * turns then ms end) as p50, min(case when up_to >= 0.95 * turns then ms end) as p95
    from steps group by what, day, agent order by day`.execute(database.db);

  const sum = (what: Count['what'], of: (count: Count) => boolean = () => true): number =>
    counts.reduce((all, one) => (one.what === what && of(one) ? all + one.n : all), 0);
  const percentiles = (is: Partial<Measured>): Percentiles | undefined => {
    const wanted = { day: null, agent: null, ...is };
    const found = measured.find(
      (one) => one.what === wanted.what && one.day === wanted.day && one.agent === wanted.agent,
    );
    return found && { turns: found.turns, p50: found.p50, p95: found.p95 };
  };
  const each = <T>(what: Count['what'], of: (count: Count) => T): T[] => [
    ...new Set(counts.flatMap((one) => (one.what === what ? [of(one)] : []))),
  ];
  const measuredOn = (stage: Measured['what'], of: number | null) => {
    const found = percentiles({ what: stage, day: of });
    return found ? [{ stage, ...found }] : [];
  };
  const days = each('call', (one) => one.day).toSorted((a, b) => a - b);
  return {
    days: days.map((of) => {
      const its = (one: Count): boolean => one.day === of;
      const [received, lost] = [sum('received', its), sum('lost', its)];
      return {
        day: of,
        calls: sum('call', its),
        failed: sum('call', (one) => its(one) && FAILED.has(one.key)),
        lostPercent: lost === 0 ? 0 : (100 * lost) / (received + lost),
        jitterMs: sum('jitter', its) / 1000 / (sum('measured', its) || 1),
        ...percentiles({ what: 'total', day: of }),
      };
    }),
    stages: STAGES.flatMap((stage) => measuredOn(stage, null)),
    stageDays: STAGES.flatMap((stage) =>
      days.flatMap((of) => measuredOn(stage, of).map((one) => ({ ...one, day: of }))),
    ),
    reasons: each('call', ({ key }) => key)
      .filter((reason) => reason !== '')
      .map((reason) => ({ reason, calls: sum('call', ({ key }) => key === reason) }))
      .toSorted((a, b) => b.calls - a.calls),
    agents: each('call', (one) => one.agent)
      .map((of) => ({
        agent: of,
        calls: sum('call', (one) => one.agent === of),
        ...percentiles({ what: 'total', agent: of }),
      }))
      .toSorted((a, b) => b.calls - a.calls),
    sounds: {
      interruptions: sum('sound', ({ key }) => key === 'interruption'),
      others: sum('sound', ({ key }) => key === 'no-interruption'),
    },
    troubles: each('trouble', ({ key }) => key)
      .map((of) => {
        const [part = '', ...rest] = of.split('/');
        const kind = rest.pop() ?? '';
        const its = ({ key }: Count): boolean => key === of;
        return {
          part,
          provider: rest.join('/'),
          kind,
          times: sum('trouble', its),
          stoodIn: sum('stood-in', its),
        };
      })
      .toSorted((a, b) => b.times - a.times)
      .slice(0, TROUBLES),
  };
}

interface Count {
  readonly what: (typeof COUNTED)[number];
  readonly day: number;
  readonly agent: string;
  readonly key: string;
  readonly n: number;
}

/** Null: of all. */
interface Measured extends Percentiles {
  readonly what: (typeof STAGES)[number];
  readonly day: number | null;
  readonly agent: string | null;
}
