import { mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder, and those that it lies in, for this user alone; one that is there is left as it is. Rejects with Node's
 * error where none can be made: `mkdir` with `recursive` tries for ever there (Node 24.21, below /proc).
 */
export async function makeFolder(path: string): Promise<void> {
  for (const folder of foldersTo(path)) await mkdir(folder, { mode: 0o700 }).catch(unlessThere);
}

/** The same, at once. */
export function makeFolderSync(path: string): void {
  for (const folder of foldersTo(path)) {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      unlessThere(error);
    }
  }
}

/** The outermost first. */
function foldersTo(path: string): readonly string[] {
  const folder = resolve(path);
  const above = dirname(folder);
  return above === folder ? [] : [...foldersTo(above), folder];
}

function unlessThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}
