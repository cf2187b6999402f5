/** A command of the lab (make demo, make lab, make call) as a terminal runs it: for end-to-end tests. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { LAB_CACHE, labFolder, PROJECT } from '../../lab/paths.ts';
import { isPortFree } from '../../lab/ports.ts';
import { runFolder } from '../../lab/run-folders.ts';
import { descendants, socketsOf, type Socket } from './processes.ts';

/** What the lab keeps in its folder. */
const KEPT = ['log', 'secrets.json'];

/** A place for commands of one lab, apart from that of the person who runs the tests. */
export class LabPlace {
  readonly folder = runFolder(labFolder(), 'e2e');
  readonly #processes: LabProcess[] = [];

  get labFolder(): string {
    return join(this.folder, 'lab');
  }
  get dataFolder(): string {
    return join(this.folder, 'var');
  }
  get temporaryFolder(): string {
    return join(this.folder, 'tmp');
  }

  /** `node <command>`, which may be a file or node's own options. */
  run(command: readonly string[], environment: Readonly<Record<string, string>> = {}): LabProcess {
    mkdirSync(this.temporaryFolder, { recursive: true });
    const child = new LabProcess(command, {
      LAB_FOLDER: this.labFolder,
      VOICE_AGENT_DATA_DIR: this.dataFolder,
      TMPDIR: this.temporaryFolder,
      ...environment,
    });
    this.#processes.push(child);
    return child;
  }

  /** No process, port or mount of a command that has ended: these it had. */
  async expectNoneLeft(had: Belongings): Promise<void> {
    const alive = (): number[] => had.processes.filter((pid) => existsSync(`/proc/${pid}`));
    await expect.poll(alive, { timeout: 5000 }).toEqual([]);
    const taken: Socket[] = [];
    for (const socket of had.sockets) {
      if (!(await isPortFree(socket.protocol, socket.address, socket.port))) taken.push(socket);
    }
    expect(taken).toEqual([]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(LAB_CACHE);
  }

  /** Nothing in the lab's folder but what it keeps. */
  expectSwept(): void {
    expect(readdirSync(this.labFolder).filter((name) => !KEPT.includes(name))).toEqual([]);
  }

  /** Ends what still runs, and removes the folder. */
  async close(): Promise<void> {
    for (const child of this.#processes) await child.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a command has while it runs. */
export interface Belongings {
  readonly processes: readonly number[];
  readonly sockets: readonly Socket[];
}

export class LabProcess {
  /** Its exit status, when all of its output has come. */
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #looks = new Set<() => void>();

  constructor(command: readonly string[], environment: Readonly<Record<string, string>>) {
    // In a group of its own, as a shell's; and it dies with us, however we end.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, ...command], {
      cwd: PROJECT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#child = child;
    this.ended = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        for (const look of [...this.#looks]) look();
      });
    }
  }

  /** Waits until its output has this in it. */
  printed(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.stdout);
        if (match)
          end(() => {
            resolve(match);
          });
      };
      const fail = (why: string): void => {
        end(() => {
          reject(new Error(`${String(pattern)} was not printed ${why}, but:\n${this.stdout}${this.stderr}`));
        });
      };
      const timer = setTimeout(fail, timeoutMs, `within ${timeoutMs} ms`);
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        settle();
      };
      this.#looks.add(look);
      void this.ended.then(() => {
        fail('before it ended');
      });
      look();
    });
  }

  belongings(): Belongings {
    const processes = [this.#pid, ...descendants(this.#pid)];
    return { processes, sockets: processes.flatMap(socketsOf) };
  }

  /** Ctrl-C: a signal to the whole group. */
  interrupt(): void {
    process.kill(-this.#pid, 'SIGINT');
  }

  /** Idempotent. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  get #pid(): number {
    return this.#child.pid ?? 0;
  }
}
