/** The agent itself (src/main.ts) as a process of the lab, connected to one Asterisk. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { AgentEvents, parseLogLine } from './agent-events.ts';
import type { AgentLogLine } from './agent-events.ts';
import { PROJECT } from './paths.ts';
import { UserError } from './user-error.ts';

export interface AgentOptions {
  /** Missing: it has none, and the configuration says so. */
  readonly asterisk?: {
    readonly ariUrl: string;
    readonly ariUser: string;
    readonly secrets: { readonly ari: string };
  };
  /** Where it keeps its records of calls. */
  readonly dataFolder: string;
  /** Default: the project's config/. */
  readonly configFolder?: string;
  /** Its log goes there, line by line; that of an earlier run, with words of its calls in it, goes. */
  readonly logFile: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** How long models may take to load on a busy machine. */
const READY_MS = 60_000;
/** Who ends the lab doesn't want to wait until its calls are over: they end with a goodbye soon. */
const DRAIN_MS = 1000;
/** So long may the goodbye take (15 s), and what comes after it. */
const GOODBYE_MS = 20_000;

export class LabAgent {
  readonly events = new AgentEvents();
  /** Settles with "The agent" when it is gone, wanted or not. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #log: WriteStream;
  readonly #stopMs: number;
  readonly #lines: string[] = [];
  readonly #lineListeners = new Set<(line: AgentLogLine) => void>();
  #monitoringUrl = '';
  #consoleUrl = '';
  #stopping: Promise<void> | undefined;

  private constructor(child: ChildProcess, log: WriteStream, stopMs: number) {
    this.#child = child;
    this.#log = log;
    this.#stopMs = stopMs;
    this.exited = new Promise((resolve) =>
      child.once('exit', () => {
        resolve('The agent');
      }),
    );
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface(stream).on('line', (line) => {
        this.#take(line);
      });
    }
  }

  /** Resolves when it takes calls, and has prepared all that could wait. Throws UserError. */
  static async start(options: AgentOptions): Promise<LabAgent> {
    const main = join(PROJECT, 'src/main.ts');
    if (!existsSync(main)) throw new UserError('There is no src/main.ts: the agent is missing.');
    mkdirSync(options.dataFolder, { recursive: true });
    mkdirSync(dirname(options.logFile), { recursive: true });
    const { asterisk } = options;
    const environment = {
      ...process.env,
      ...(asterisk && {
        ARI_URL: asterisk.ariUrl,
        ARI_USERNAME: asterisk.ariUser,
        ARI_PASSWORD: asterisk.secrets.ari,
      }),
      VOICE_AGENT_CONFIG_DIR: options.configFolder ?? join(PROJECT, 'config'),
      VOICE_AGENT_DATA_DIR: options.dataFolder,
      LOG_FORMAT: 'json',
      // Each lab has a data folder of its own; what is compiled is the same in all of them.
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(PROJECT, '.cache/compiled'),
      // Several labs run side by side; its log says which port it has.
      MONITORING_LISTEN_PORT: process.env['MONITORING_LISTEN_PORT'] ?? '0',
      VOICE_AGENT_DRAIN_MS: process.env['VOICE_AGENT_DRAIN_MS'] ?? String(DRAIN_MS),
      ...options.environment,
    };
    if (options.signal?.aborted) throw new UserError('Interrupted before the agent was started.');
    // It dies with us, however we end; and Ctrl-C reaches us alone, who end it in order.
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', process.execPath, '--max-semi-space-size=4', main],
      {
        cwd: PROJECT,
        env: environment,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const log = createWriteStream(options.logFile, { mode: 0o600 });
    const agent = new LabAgent(child, log, Number(environment.VOICE_AGENT_DRAIN_MS) + GOODBYE_MS);
    try {
      await agent.#ready(options.signal, options.environment?.['CONSOLE_ENABLED'] === 'true');
    } catch (error) {
      await agent.stop();
      throw error;
    }
    return agent;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Its exit status; undefined while it runs, or when a signal has ended it. */
  get exitCode(): number | undefined {
    return this.#child.exitCode ?? undefined;
  }

  /** Where it serves health and metrics. */
  get monitoringUrl(): string {
    return this.#monitoringUrl;
  }

  /** Where it serves the console, if it does. */
  get consoleUrl(): string {
    return this.#consoleUrl;
  }

  /** Called for every line of its log. */
  onLine(listener: (line: AgentLogLine) => void): () => void {
    this.#lineListeners.add(listener);
    return () => this.#lineListeners.delete(listener);
  }

  /** Its last lines. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Lets it end its calls and itself (SIGTERM), or ends it when it doesn't. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), this.#stopMs);
      await ended;
      clearTimeout(timer);
    }
    this.#log.end();
  }

  #take(line: string): void {
    this.#log.write(`${line}\n`);
    this.#lines.push(line);
    if (this.#lines.length > 100) this.#lines.shift();
    const parsed = parseLogLine(line);
    if (!parsed) return;
    if (parsed.event === 'monitoring') this.#monitoringUrl = parsed.url ?? '';
    if (parsed.event === 'console') this.#consoleUrl = parsed.url ?? '';
    for (const listener of [...this.#lineListeners]) listener(parsed);
    if (parsed.callEvent) this.events.feed(line);
  }

  #ready(signal: AbortSignal | undefined, hasConsole: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (message: string): void => {
        off();
        clearTimeout(timer);
        reject(new UserError(message));
      };
      const timer = setTimeout(() => {
        fail(`The agent was not ready within ${READY_MS / 1000} s.\n${this.#last()}`);
      }, READY_MS);
      const awaited = new Set(['ready', 'prepared', ...(hasConsole ? ['console'] : [])]);
      const off = this.onLine(({ event = '' }) => {
        awaited.delete(event);
        if (awaited.size > 0) return;
        off();
        clearTimeout(timer);
        resolve();
      });
      this.#child.once('exit', () => {
        // Its last lines may still be on their way.
        setImmediate(() => {
          fail(`The agent ended while it was starting.\n${this.#last()}`);
        });
      });
      signal?.addEventListener('abort', () => {
        fail('Interrupted while the agent was starting.');
      });
    });
  }

  #last(): string {
    return this.#lines
      .slice(-8)
      .map((line) => parseLogLine(line)?.msg ?? line)
      .join('\n');
  }
}
