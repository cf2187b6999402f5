import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallRecord } from '../src/dialog/call/call-record.ts';

const WRITTEN_MS = 5000;

/** What of a record is looked at. */
export type RecordSeen = Pick<CallRecord, 'said' | 'latencies'>;

/**
 * The agent's record of the latest call to `dialled` that began at or after `since` (wall clock), once it is
 * complete. `folder` is the agent's data folder. Undefined if there is none within 5 s.
 */
export async function awaitRecord(
  folder: string,
  dialled: string,
  since: number,
): Promise<RecordSeen | undefined> {
  const deadline = Date.now() + WRITTEN_MS;
  for (;;) {
    const found = record(join(folder, 'records.sqlite'), dialled, since - 50);
    if (found) return found;
    if (Date.now() > deadline) return undefined;
    await sleep(100);
  }
}

/** By SQL: the softphone's container has no npm packages, and may only read. */
function record(file: string, dialled: string, since: number): RecordSeen | undefined {
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const call = database
      .prepare(
        'select id, ended_at from calls where dialled = ? and began_at >= ? order by began_at desc limit 1',
      )
      .get(dialled, since);
    if (!call?.['ended_at']) return undefined;
    const rows = (table: string) =>
      database.prepare(`select * from ${table} where call_id = ? order by n`).all(call['id'] as string);
    return {
      said: rows('turns').map((row) => ({
        atMs: row['at_ms'],
        turn: row['turn'],
        who: row['who'],
        ...(row['text'] !== null && { text: row['text'] }),
        words: row['words'],
        understood: row['understood'] === 1,
      })) as CallRecord['said'],
      latencies: rows('latencies').map(({ turn, stages }) => ({
        turn,
        stages: JSON.parse(stages as string) as unknown,
      })) as CallRecord['latencies'],
    };
  } finally {
    database.close();
  }
}
