import { readFileSync } from 'node:fs';

/**
 * Names this run of the program: `PID:START`. The start (proc(5), /proc/PID/stat, field 22: clock ticks
 * after boot) tells it from a later process with the same number; in a container that is always 1.
 */
export function thisRun(): string {
  return `${process.pid}:${startOf(process.pid) ?? ''}`;
}

/** Whether the run of that name is going on, on this machine. */
export function isGoingOn(run: string): boolean {
  const [pid = '', start = ''] = run.split(':');
  return start !== '' && startOf(Number(pid)) === start;
}

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 2 is the program's name, which may hold anything; field 3 comes after its last bracket.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3];
  } catch {
    return undefined; // no such process
  }
}
