import { join } from 'node:path';
import type { CallRecord } from '../../src/dialog/call/call-record.ts';
import { callId } from '../../src/store/call-rows.ts';
import { DATABASE_FILE } from '../../src/store/database-place.ts';
import { openDatabase } from '../../src/store/database.ts';
import { listCalls } from '../../src/store/reader.ts';

/** What an agent has kept of its calls, newest first. */
export async function recordsIn(dataFolder: string): Promise<CallRecord[]> {
  const place = { kind: 'sqlite', path: join(dataFolder, DATABASE_FILE) } as const;
  const database = await openDatabase({ place, onWarning: () => undefined });
  return listCalls(database, 100).finally(() => database.close());
}

/** Where the recording of a call lies. */
export function recordingPath(dataFolder: string, record: CallRecord): string {
  return join(dataFolder, 'calls', callId(record), '..', record.recording ?? 'there is none');
}
