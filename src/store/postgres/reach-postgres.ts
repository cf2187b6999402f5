import pg from 'pg';

const REACH_MS = 5000;

/** Whether a server lets us in, without touching anything there. Resolves to its version (`16.4`); rejects with why not. */
export async function reachPostgres(url: string): Promise<string> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: REACH_MS,
    query_timeout: REACH_MS,
    application_name: 'ari-voice-agent',
  });
  client.on('error', () => undefined); // the question tells of it
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? 'unknown';
  } finally {
    await client.end().catch(() => undefined);
  }
}
