/** Docker's command line, and the project's compose file. */
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { messageOf } from '../src/lib/errors.ts';
import { PROJECT } from './paths.ts';
import { UserError } from './user-error.ts';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  /** Both streams, as they came. */
  readonly all: string;
}

export type Variables = Readonly<Record<string, string | undefined>>;

const COMPOSE_FILE = join(PROJECT, 'docker/compose.yaml');

/** Runs `docker …` and returns what came of it, whatever that is. */
export function docker(
  args: readonly string[],
  options: { readonly env?: Variables; readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const { env, timeoutMs, signal } = options;
    execFile(
      'docker',
      args,
      {
        env: { ...process.env, ...env },
        maxBuffer: 64 * 1024 * 1024,
        ...(timeoutMs !== undefined && { timeout: timeoutMs }),
        ...(signal && { signal }),
      },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ status, stdout, all: stdout + stderr + (status !== 0 && !stderr ? messageOf(error) : '') });
      },
    );
  });
}

/** Runs `docker …`. Throws UserError with its last lines when it fails. */
export async function needDocker(
  args: readonly string[],
  options: { readonly env?: Variables; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const { status, stdout, all } = await docker(args, options);
  if (status === 0) return stdout;
  const said = all.trim().split('\n').slice(-12).join('\n');
  throw new UserError(`"docker ${args.join(' ')}" failed:\n${said}`);
}

/** The arguments of `docker` for a compose command of this project. */
export function compose(...args: readonly string[]): string[] {
  return ['compose', '--file', COMPOSE_FILE, ...args];
}

/** Runs `docker …` with this terminal. Returns its exit status. */
export function dockerHere(
  args: readonly string[],
  options: { readonly env?: Variables; readonly signal?: AbortSignal } = {},
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn('docker', args, {
      env: { ...process.env, ...options.env },
      stdio: 'inherit',
      detached: true,
    });
    // With its plugin, which is a process of its own in the same group.
    const stop = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    };
    options.signal?.addEventListener('abort', stop, { once: true });
    child.once('error', () => {
      resolve(127);
    });
    child.once('exit', (code) => {
      options.signal?.removeEventListener('abort', stop);
      resolve(code ?? 1);
    });
  });
}

/** The names of what is left of a compose project: containers, networks, volumes. Empty: nothing. */
export async function leftOf(project: string): Promise<string> {
  const filter = ['--quiet', '--filter', `label=com.docker.compose.project=${project}`];
  const left = await Promise.all([
    needDocker(['ps', '--all', ...filter]),
    needDocker(['network', 'ls', ...filter]),
    needDocker(['volume', 'ls', ...filter]),
  ]);
  return left.join('').trim().replace(/\s+/g, ' ');
}

/** Why no Docker engine can be used here; undefined if one answers. */
export async function engineTrouble(): Promise<string | undefined> {
  const version = await docker(['version', '--format', '{{.Server.Version}}'], { timeoutMs: 10_000 });
  if (version.status !== 0) {
    return /ENOENT/.test(version.all)
      ? 'there is no command docker'
      : `no Docker engine answers (${version.all.trim().split('\n').at(-1) ?? ''})`;
  }
  const plugin = await docker(['compose', 'version', '--short'], { timeoutMs: 10_000 });
  const [major = 0, minor = 0] = plugin.stdout.trim().replace(/^v/, '').split('.').map(Number);
  if (plugin.status === 0 && (major > 2 || (major === 2 && minor >= 21))) return undefined;
  return `the compose plugin is missing or older than 2.21 (${plugin.all.trim().split('\n').at(-1) ?? ''})`;
}

/** Throws UserError that says what to do when no engine can be used. */
export async function needEngine(instead: string): Promise<void> {
  const trouble = await engineTrouble();
  if (trouble === undefined) return;
  throw new UserError(
    `Docker can't be used here: ${trouble}. Install and start Docker with its compose plugin ` +
      `(https://docs.docker.com/engine/install/), see that you may use it (docker info), or ${instead}.`,
  );
}
