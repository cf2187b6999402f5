import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { UserError } from './user-error.ts';

/** Where a program of the lab runs, when that isn't this machine's own network. */
export interface Place {
  /** The command that goes there, before the program's own. */
  readonly enter: readonly string[];
  /** Its address there. */
  readonly address: string;
}

/**
 * Starts `command` in mount and process namespaces of its own. Nothing that it mounts or starts can
 * outlive it, and it can't outlive this process, however that ends: the kernel kills it when its
 * parent is gone (setpriv), then its first process (unshare), then all others of the namespace.
 * A group of its own keeps a terminal's Ctrl-C away from it: who started it ends it in order.
 */
export function spawnContained(
  command: readonly string[],
  options: {
    env?: Record<string, string>;
    stdio?: StdioOptions;
    before?: readonly string[];
    /** More namespaces, as unshare's options name them. */
    more?: readonly string[];
  } = {},
): ChildProcess {
  needRoot();
  const [file, ...args] = [
    ...['setpriv', '--pdeathsig', 'KILL'],
    ...(options.before ?? []),
    ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'],
    ...(options.more ?? []),
    ...['--', ...command],
  ] as [string, ...string[]];
  return spawn(file, args, {
    detached: true,
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', ...options.env },
  });
}

/** The namespace's first process, as this machine numbers it. Undefined: it has ended, or not begun. */
export function innerPid(child: ChildProcess): number | undefined {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return undefined;
  return childrenOf(child.pid)[0];
}

export function childrenOf(pid: number): number[] {
  try {
    const line = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return line === '' ? [] : line.split(' ').map(Number);
  } catch {
    return [];
  }
}

/** Asks it to end (SIGTERM, unless `ask` knows a better way), and kills it after `graceMs`. Idempotent. */
export async function endContained(
  child: ChildProcess,
  options: { graceMs?: number; ask?: () => void } = {},
): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const inner = innerPid(child);
  if (options.ask) options.ask();
  else if (inner !== undefined) kill(inner, 'SIGTERM');
  else child.kill('SIGKILL');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.graceMs ?? 3000);
  await ended;
  clearTimeout(timer);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** The lab's Asterisk needs mounts and namespaces, and those need root. */
export function needRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new UserError(
    'The lab starts its own Asterisk in a root file system, which only root may: run it with sudo, or as root.',
  );
}
