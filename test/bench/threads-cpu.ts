import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU that each of a process's threads has used, ms, by its name; those of one name together (schedstat: nanoseconds
 * on a CPU come first).
 */
export function cpuMsOfThreads(pid: number | 'self'): Map<string, number> {
  const found = new Map<string, number>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const read = (name: string): string => readFileSync(`/proc/${pid}/task/${task}/${name}`, 'utf8');
    try {
      const name = read('comm').trim();
      const ms = Number(read('schedstat').split(' ')[0]) / 1e6;
      found.set(name, (found.get(name) ?? 0) + ms);
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** CPU that this process's threads with such a name have used, ms. */
export function threadsCpuMs(prefix: string): number {
  let sum = 0;
  for (const [name, ms] of cpuMsOfThreads('self')) if (name.startsWith(prefix)) sum += ms;
  return sum;
}
