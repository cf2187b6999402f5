import { readdirSync, readFileSync } from 'node:fs';

/** CPU that this process's threads with such a name have used, ms (schedstat: nanoseconds on a CPU come first). */
export function threadsCpuMs(prefix: string): number {
  let nanoseconds = 0;
  for (const task of readdirSync('/proc/self/task')) {
    const read = (name: string): string => readFileSync(`/proc/self/task/${task}/${name}`, 'utf8');
    if (read('comm').startsWith(prefix)) nanoseconds += Number(read('schedstat').split(' ')[0]);
  }
  return nanoseconds / 1e6;
}
