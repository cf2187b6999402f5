import type { Config } from '../../config.ts';
import { messageOf } from '../../lib/errors.ts';
import { placeText } from '../../store/database-place.ts';
import type { Tell } from './finding.ts';

/** Whether the server that has the records lets us in; a file of this machine's is in the data directory. */
export async function lookAtRecords(
  { databaseUrl: url }: Pick<Config, 'databaseUrl'>,
  tell: Tell,
): Promise<void> {
  if (url === undefined) return;
  const { reachPostgres } = await import('../../store/postgres/reach-postgres.ts');
  const where = placeText({ kind: 'postgres', url });
  try {
    tell({ state: 'ok', text: `${where} lets the agent in (${await reachPostgres(url)})` });
  } catch (error) {
    tell({
      state: 'bad',
      text: `${where}: ${messageOf(error)}`,
      remedy:
        'calls are taken, but their records wait in the spool: is VOICE_AGENT_DATABASE right, and the server running?',
    });
  }
}
