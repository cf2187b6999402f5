import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallRecord } from '../src/dialog/call/call-record.ts';

const WRITTEN_MS = 5000;

/**
 * The agent's record of the latest call to `dialled` that began at or after `since` (wall clock), once it is
 * complete. `folder` is the agent's data folder. Undefined if there is none within 5 s.
 */
export async function awaitRecord(
  folder: string,
  dialled: string,
  since: number,
): Promise<CallRecord | undefined> {
  const deadline = Date.now() + WRITTEN_MS;
  for (;;) {
    const found = records(folder)
      .filter(({ info, startedAt }) => info.dialled === dialled && Date.parse(startedAt) >= since - 50)
      .sort((a, b) => a.startedAt.localeCompare(b.startedAt))
      .at(-1);
    if (found?.ended) return found;
    if (Date.now() > deadline) return undefined;
    await sleep(100);
  }
}

function records(folder: string): CallRecord[] {
  const calls = join(folder, 'calls');
  if (!existsSync(calls)) return [];
  return readdirSync(calls, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(calls, name), 'utf8')) as CallRecord);
}
