import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MessageStore } from '../dialog/ports.ts';

/** Messages that callers leave, one JSON object a line, newest last. */
export function createMessageFile(path: string): MessageStore {
  return {
    async keep({ takenAt, ...message }) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const line = JSON.stringify({ takenAt: new Date(takenAt).toISOString(), ...message });
      await appendFile(path, `${line}\n`, { mode: 0o600 });
    },
  };
}
