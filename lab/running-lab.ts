/** How other commands find the lab that runs: a file that says where it is, as long as it is there. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isGoingOn, thisRun } from '../src/lib/program-run.ts';
import { labFolder } from './paths.ts';
import { UserError } from './user-error.ts';

export interface RunningLab {
  /** The process's, by number and start (program-run.ts). */
  readonly run: string;
  readonly host: string;
  readonly sipPort: number;
  readonly httpPort: number;
  readonly agentLog: string;
}

const file = (): string => join(labFolder(), 'running.json');

export function findRunningLab(): RunningLab | undefined {
  try {
    const lab = JSON.parse(readFileSync(file(), 'utf8')) as RunningLab;
    return isGoingOn(lab.run) ? lab : undefined;
  } catch {
    return undefined;
  }
}

/** Throws UserError when no lab runs. */
export function needRunningLab(): RunningLab {
  const lab = findRunningLab();
  if (lab) return lab;
  throw new UserError('No lab is running: start it in another terminal with "make lab".');
}

/** Throws UserError when one runs. */
export function refuseSecondLab(): void {
  const other = findRunningLab();
  if (!other) return;
  throw new UserError(
    `A lab is running already (process ${other.run.split(':')[0] ?? ''}): stop it, or use it with "make call".`,
  );
}

/** Makes this process's lab known. Returns how to withdraw that. */
export function announceLab(lab: Omit<RunningLab, 'run'>): () => void {
  refuseSecondLab();
  writeFileSync(file(), JSON.stringify({ run: thisRun(), ...lab }), { mode: 0o600 });
  return () => {
    rmSync(file(), { force: true });
  };
}
