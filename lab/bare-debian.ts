/**
 * A bare Debian 12 with systemd, booted by systemd-nspawn on the network of this machine: what is installed there is gone
 * when it stops. Needs root, and a kernel that allows namespaces.
 */
import type { ChildProcess } from 'node:child_process';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, endContained, innerPid, spawnContained } from './contained.ts';
import { debianMirror } from './debian-mirror.ts';
import { CACHE } from './paths.ts';
import { UserError } from './user-error.ts';

/** No more than what boots it, and the certificates that any mirror may need. */
const PACKAGES = ['systemd-sysv', 'dbus', 'ca-certificates', 'sudo', 'iproute2'];
const ROOT = join(CACHE, 'debian-12');
const BOOT_MS = 60_000;
/** Of one command in it; apt may fetch much. */
const LONGEST_COMMAND_MS = 300_000;

export interface Ran {
  readonly status: number;
  /** stdout and stderr, as a terminal shows them. */
  readonly output: string;
}

export class BareDebian {
  readonly #child: ChildProcess;
  readonly #leader: number;

  private constructor(child: ChildProcess, leader: number) {
    this.#child = child;
    this.#leader = leader;
  }

  /** Resolves when it has booted. `files`: a folder that it sees as /mnt. Throws UserError. */
  static async boot(files: string, say: (line: string) => void): Promise<BareDebian> {
    makeRoot(say);
    const child = spawnContained(
      [
        ...['systemd-nspawn', '--quiet', '--boot', `--directory=${ROOT}`, '--volatile=overlay'],
        ...['--register=no', '--keep-unit', '--console=pipe', '--resolv-conf=copy-host'],
        ...[`--machine=bare-debian-${process.pid}`, `--bind-ro=${files}:/mnt`],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        said.push(data.toString());
        if (said.length > 50) said.shift();
      });
    }
    const failed = (why: string): UserError =>
      new UserError(
        `A bare Debian could not be booted by systemd-nspawn: ${why}. It said:\n${said.join('')}`,
      );
    const deadline = Date.now() + BOOT_MS;
    try {
      for (;;) {
        const leader = leaderOf(child);
        const machine = leader === undefined ? undefined : new BareDebian(child, leader);
        // "Degraded" is as good: a container lacks what some of systemd's own units want.
        const state = await machine?.run('systemctl is-system-running');
        if (machine && /^(running|degraded)$/m.test(state?.output ?? '')) return machine;
        if (child.exitCode !== null || child.signalCode !== null) throw failed('it ended');
        if (Date.now() > deadline) throw failed(`not running after ${BOOT_MS / 1000} s`);
        await sleep(200);
      }
    } catch (error) {
      await endContained(child);
      throw error;
    }
  }

  /** One command line of its shell, as root. */
  run(command: string): Promise<Ran> {
    const args = [
      ...[
        '--target',
        String(this.#leader),
        '--mount',
        '--uts',
        '--ipc',
        '--pid',
        '--cgroup',
        '--root',
        '--wd',
      ],
      ...['--', 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LC_ALL=C.UTF-8'],
      ...['DEBIAN_FRONTEND=noninteractive', 'sh', '-c', `exec 2>&1; ${command}`],
    ];
    return new Promise((resolve) => {
      execFile(
        'nsenter',
        args,
        { timeout: LONGEST_COMMAND_MS, maxBuffer: 16 * 1024 * 1024 },
        (error, stdout) => {
          resolve({ status: error ? Number(error.code ?? 1) : 0, output: stdout.trim() });
        },
      );
    });
  }

  /** The same; returns what it printed. Throws if its status isn't 0. */
  async need(command: string): Promise<string> {
    const { status, output } = await this.run(command);
    if (status !== 0) throw new Error(`“${command}” ended with ${status}: ${output.slice(-800)}`);
    return output;
  }

  /** Idempotent. */
  stop(): Promise<void> {
    return endContained(this.#child, { graceMs: 5000 });
  }
}

/** The container's first process, as this machine numbers it. */
function leaderOf(child: ChildProcess): number | undefined {
  const nspawn = innerPid(child);
  if (nspawn === undefined) return undefined;
  const below = childrenOf(nspawn).flatMap((pid) => [pid, ...childrenOf(pid)]);
  return below.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'systemd';
    } catch {
      return false; // it has ended
    }
  });
}

function makeRoot(say: (line: string) => void): void {
  if (existsSync(ROOT)) return;
  say('Making a bare Debian 12 (once; about a minute)');
  const { mirror, settings } = debianMirror();
  const building = `${ROOT}.building`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  const aptSettings = join(CACHE, 'debian-12.apt');
  writeFileSync(aptSettings, settings.join('\n'));
  try {
    execFileSync(
      'mmdebstrap',
      [
        ...['--mode=root', '--variant=minbase', '--components=main', `--aptopt=${aptSettings}`],
        ...['--dpkgopt=force-unsafe-io', `--include=${PACKAGES.join()}`, 'bookworm', building, mirror],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' },
    );
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw new UserError(
      `A bare Debian 12 could not be made: ${(error as { stderr?: string }).stderr?.slice(-800) ?? ''}`,
    );
  } finally {
    rmSync(aptSettings, { force: true });
  }
  renameSync(building, ROOT);
}
