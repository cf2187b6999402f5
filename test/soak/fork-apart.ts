import { fork, type ChildProcess } from 'node:child_process';

/**
 * A part of the soak in a process of its own; it ends when `disconnect` is called, or when this process ends. Its process
 * group is its own, too: Ctrl-C asks the soak to let its calls end, which needs all parts.
 */
export function forkApart(program: URL): ChildProcess {
  return fork(program, { execArgv: [], detached: true });
}
