import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { messageOf } from '../../lib/errors.ts';
import type { DatabaseOptions, Opened } from '../database.ts';
import { postgresSearch } from './postgres-search.ts';

const CONNECT_MS = 5000;
const ANSWER_MS = 60_000;
/** One writes, the other is for whoever asks. */
const CONNECTIONS = 2;

/** Numbers of 8 bytes come as text else; ours are instants and counts. */
const INT8 = 20;

/** Classes of SQLSTATE: data exception, integrity constraint, syntax error; but not what rights can be given for. */
const REFUSALS = /^(22|23|42(?!501))/;

export function openPostgres(url: string, { onWarning }: DatabaseOptions): Opened {
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8, Number);
  const pool = new pg.Pool({
    connectionString: url,
    types,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    application_name: 'ari-voice-agent',
  });
  // A connection that nobody uses was lost: the next query makes another one.
  pool.on('error', (error) => {
    onWarning(`PostgreSQL: ${messageOf(error)}`);
  });
  // One that is lost in the middle of a query fails that; the client tells nobody but us besides.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return {
    dialect: new PostgresDialect({ pool }),
    search: postgresSearch,
    isRefusal: (error) => error instanceof pg.DatabaseError && REFUSALS.test(error.code ?? ''),
  };
}
