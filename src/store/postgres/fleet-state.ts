import pg from 'pg';
import { messageOf } from '../../lib/errors.ts';

/** A caller waits for some of these: what takes longer counts as away. */
const ANSWER_MS = 1000;
/** One for heartbeats, one for whatever comes between. */
const CONNECTIONS = 2;
/** A node that was heard more recently has its calls, unless it says itself that it can't reach their Asterisk. */
const HEARD_MS = 600;
/** Nodes whose last heartbeat is older have no calls that count. */
const THERE_MS = 10_000;

/** A node that hasn't been there for a day won't be missed. */
const FORGOTTEN_MS = 86_400_000;

/** The server's clock alone counts, in milliseconds: those of the nodes may differ. */
const NOW = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

interface Key {
  readonly server: string;
  readonly channel: string;
}

interface Node {
  readonly node: string;
  readonly run: string;
  readonly state: 'running' | 'draining';
  readonly calls: number;
  readonly maxCalls: number;
  readonly unreachable: readonly string[];
}

/**
 * What the nodes of a fleet share: who is there, and who has which call. Each question is one statement; all of them reject
 * while the server is away, within some two seconds. The tables are those of migrations.ts.
 */
export class FleetState {
  readonly #pool: pg.Pool;

  constructor(url: string, onWarning: (message: string) => void) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: CONNECTIONS,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      application_name: 'ari-voice-agent fleet',
    });
    this.#pool.on('error', (error) => {
      onWarning(`PostgreSQL: ${messageOf(error)}`);
    });
    this.#pool.on('connect', (client) => {
      client.on('error', () => undefined);
    });
  }

  /** Says that this node is there, and has no calls of its earlier runs; `ageMs`: since each node's last heartbeat. */
  async beat(me: Node): Promise<(Node & { readonly ageMs: number })[]> {
    const rows = await this.#ask<{
      node: string;
      run: string;
      state: 'running' | 'draining';
      calls: number;
      max_calls: number;
      unreachable: string;
      age_ms: string;
    }>(
      `with mine as (
         insert into fleet_nodes (node, run, state, calls, max_calls, unreachable, beat_at)
         values ($1, $2, $3, $4, $5, $6, ${NOW})
         on conflict (node) do update set run = excluded.run, state = excluded.state, calls = excluded.calls,
           max_calls = excluded.max_calls, unreachable = excluded.unreachable, beat_at = excluded.beat_at
       ), earlier as (
         delete from fleet_calls where node = $1 and run <> $2
       ), forgotten as (
         delete from fleet_nodes where node <> $1 and beat_at < ${NOW} - ${FORGOTTEN_MS}
       )
       select node, run, state, calls, max_calls, unreachable, ${NOW} - beat_at as age_ms from fleet_nodes`,
      [me.node, me.run, me.state, me.calls, me.maxCalls, JSON.stringify(me.unreachable)],
    );
    return rows.map(({ max_calls: maxCalls, unreachable, age_ms, ...row }) => {
      return {
        ...row,
        maxCalls,
        unreachable: JSON.parse(unreachable) as string[],
        ageMs: Number(age_ms),
      };
    });
  }

  /** Those of these leases that are this node's now, with their tokens; what another node has stays that one's. */
  async keep(
    node: string,
    run: string,
    leases: readonly (Key & { readonly caller: string })[],
  ): Promise<(Key & { token: number })[]> {
    return this.#tokens(
      `insert into fleet_calls (server, channel, node, run, caller, token, began_at)
       select lease.server, lease.channel, $1::text, $2::text, lease.caller, 1, ${NOW}
         from unnest($3::text[], $4::text[], $5::text[]) as lease (server, channel, caller)
       on conflict (server, channel) do update
         set run = excluded.run, caller = excluded.caller, token = fleet_calls.token + 1
         where fleet_calls.node = excluded.node
       returning server, channel, token`,
      [
        node,
        run,
        leases.map(({ server }) => server),
        leases.map(({ channel }) => channel),
        leases.map(({ caller }) => caller),
      ],
    );
  }

  /** Ends leases, if nobody has taken them meanwhile. */
  async end(node: string, leases: readonly (Key & { readonly token: number })[]): Promise<void> {
    await this.#ask(
      `delete from fleet_calls using unnest($2::text[], $3::text[], $4::bigint[]) as lease (server, channel, token)
       where fleet_calls.node = $1 and fleet_calls.server = lease.server and fleet_calls.channel = lease.channel
         and fleet_calls.token = lease.token`,
      [
        node,
        leases.map(({ server }) => server),
        leases.map(({ channel }) => channel),
        leases.map(({ token }) => token),
      ],
    );
  }

  /**
   * Makes the lease of a call that `from` had this node's, whether the store knew of it or not. Undefined: another node was
   * faster, or `from` has been heard. One that took it and died before it had the call loses it again after a while.
   */
  async acquire(
    { server, channel }: Key,
    from: string,
    node: string,
    run: string,
  ): Promise<number | undefined> {
    const [won] = await this.#tokens(
      `insert into fleet_calls (server, channel, node, run, caller, token, began_at)
       select $1::text, $2::text, $4::text, $5::text, '', 1, ${NOW}
         where not exists (
           select from fleet_nodes
           where node = $3 and beat_at > ${NOW} - ${HEARD_MS} and not unreachable::jsonb ? $1
         )
       on conflict (server, channel) do update
         set node = excluded.node, run = excluded.run, token = fleet_calls.token + 1, began_at = excluded.began_at
         where fleet_calls.node = $3 or (fleet_calls.node <> $4 and fleet_calls.began_at < excluded.began_at - 3000)
       returning server, channel, token`,
      [server, channel, from, node, run],
    );
    return won?.token;
  }

  async release(node: string, server: string): Promise<void> {
    await this.#ask('delete from fleet_calls where node = $1 and server = $2', [node, server]);
  }

  /** Of nodes that are there: all calls, and those from that number. */
  async count(caller: string): Promise<{ all: number; ofCaller: number }> {
    const [row] = await this.#ask<{ calls: string; of_caller: string }>(
      `select count(*) as calls, count(*) filter (where caller = $1) as of_caller
       from fleet_calls join fleet_nodes using (node) where beat_at > ${NOW} - ${THERE_MS}`,
      [caller],
    );
    return { all: Number(row?.calls ?? 0), ofCaller: Number(row?.of_caller ?? 0) };
  }

  async leave(node: string, run: string): Promise<void> {
    await this.#ask(
      'with gone as (delete from fleet_nodes where node = $1 and run = $2) delete from fleet_calls where node = $1 and run = $2',
      [node, run],
    );
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #tokens(statement: string, values: unknown[]): Promise<(Key & { token: number })[]> {
    const rows = await this.#ask<{ server: string; channel: string; token: string }>(statement, values);
    return rows.map(({ token, ...key }) => ({ ...key, token: Number(token) }));
  }

  async #ask<Row extends pg.QueryResultRow>(statement: string, values: unknown[]): Promise<Row[]> {
    return (await this.#pool.query<Row>(statement, values)).rows;
  }
}
