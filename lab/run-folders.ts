/** Folders that are one run's alone. They go with it; those of a run that was killed are swept by a later one. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isGoingOn, thisRun } from '../src/lib/program-run.ts';

let made = 0;

/** A new one, `<parent>/<kind>-<run>-<number>`. */
export function runFolder(parent: string, kind: string): string {
  const folder = join(parent, `${kind}-${thisRun()}-${(made += 1)}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

export function sweepRunFolders(parent: string): void {
  for (const name of existsSync(parent) ? readdirSync(parent) : []) {
    const run = /^[a-z0-9]+-(\d+:\d+)-\d+$/.exec(name)?.[1];
    if (run === undefined || isGoingOn(run)) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}
