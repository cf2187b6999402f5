import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The project's folder. */
export const PROJECT = join(import.meta.dirname, '..');
/** Everything that is made and can be made again. Not in git. */
export const CACHE = join(PROJECT, '.cache');
/** What the lab keeps between two runs (passwords, logs). Only for the person who runs it. A second lab needs another. */
export const LAB_CACHE = process.env['LAB_FOLDER'] ?? join(CACHE, 'lab');

/** Where calls leave their records, and the demonstration its recordings. */
export const DATA = process.env['VOICE_AGENT_DATA_DIR'] ?? join(PROJECT, 'var');

/** `.cache/lab/<name>`, made if it isn't there. */
export function labFolder(...names: string[]): string {
  const folder = join(LAB_CACHE, ...names);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
