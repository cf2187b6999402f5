/** The agent's calls, as its container's log tells them (LOG_FORMAT=json). */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { AgentEvents, parseLogLine } from './agent-events.ts';
import type { AgentLogLine } from './agent-events.ts';
import { compose } from './docker.ts';
import type { Variables } from './docker.ts';

export class ContainerLog {
  readonly events = new AgentEvents();
  readonly lines: AgentLogLine[] = [];
  readonly #env: Variables;
  readonly #waits = new Set<(line: AgentLogLine) => void>();
  #child: ChildProcess | undefined;
  #closed = false;

  readonly #file: WriteStream;

  /** All lines are kept in the file `path`, too. */
  constructor(env: Variables, path: string) {
    this.#env = env;
    this.#file = createWriteStream(path, { mode: 0o600 });
    this.#follow();
  }

  /** The next line for which `holds` does, also among those from `after` on. Rejects after `timeoutMs`. */
  line(
    what: string,
    holds: (line: AgentLogLine) => boolean,
    timeoutMs: number,
    after = 0,
  ): Promise<AgentLogLine> {
    const past = this.lines.find((line) => line.time >= after && holds(line));
    if (past) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waits.delete(look);
        reject(new Error(`the agent's log had no "${what}" within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      const look = (line: AgentLogLine): void => {
        if (line.time < after || !holds(line)) return;
        clearTimeout(timer);
        this.#waits.delete(look);
        resolve(line);
      };
      this.#waits.add(look);
    });
  }

  close(): void {
    this.#closed = true;
    // The plugin, too: it is a process of its own, in the same group.
    if (this.#child?.pid !== undefined && this.#child.exitCode === null)
      process.kill(-this.#child.pid, 'SIGKILL');
    this.#file.end();
  }

  /** The container may stop and start again: its log goes on. */
  #follow(): void {
    const last = this.lines.at(-1)?.time;
    const since = last === undefined ? [] : ['--since', new Date(last + 1).toISOString()];
    const args = compose('logs', '--follow', '--no-log-prefix', '--no-color', ...since, 'voice-agent');
    const child = spawn('docker', args, {
      env: { ...process.env, ...this.#env },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    this.#child = child;
    createInterface(child.stdout).on('line', (line) => {
      this.#file.write(`${line}\n`);
      const parsed = parseLogLine(line);
      if (!parsed) return;
      this.lines.push(parsed);
      this.events.feed(line);
      for (const look of [...this.#waits]) look(parsed);
    });
    child.once('exit', () => {
      if (!this.#closed)
        setTimeout(() => {
          this.#follow();
        }, 300).unref();
    });
  }
}
