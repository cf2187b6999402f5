/** SIPp, which makes many calls at once, as a program of the lab. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { endContained, innerPid } from '../../lab/contained.ts';
import { freePorts } from '../../lab/ports.ts';
import { asToolSees, spawnTool } from '../../lab/tool.ts';

export interface SippCall {
  readonly call: number;
  readonly extension: string;
  readonly talkMs: number;
  /** Where the caller's sound is sent from and received. */
  readonly rtpPort: number;
}

/** `unanswered`: there was no 200 in time. `left`: the far side hung up. */
export type SippWord = 'called' | 'answered' | 'unanswered' | 'left' | 'hung-up';

export interface SippTold {
  readonly what: SippWord;
  readonly call: number;
  /** With `answered`: where the far side's sound is. */
  readonly farPort?: number;
  /** Wall clock. */
  readonly at: number;
}

export interface SippOptions {
  /** Its own, for what it reads and writes. */
  readonly folder: string;
  readonly server: { readonly host: string; readonly sipPort: number };
  readonly account: string;
  readonly password: string;
  readonly calls: readonly SippCall[];
  readonly atOnce: number;
  readonly perSecond: number;
  /** Who isn't answered by then is `unanswered` (default: 20 s). */
  readonly answerMs?: number;
  readonly onTold?: (told: SippTold) => void;
}

const LOOK_MS = 20;
const ANSWER_MS = 20_000;
/** As the scenario has it. */
const STEP_MS = 200;
const SCENARIO = new URL('caller.xml', import.meta.url).pathname;

export class Sipp {
  /** With how many calls it is content, and its complaints, when it has ended. */
  readonly ended: Promise<{ readonly complaints: string }>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ended: Promise<{ complaints: string }>) {
    this.#child = child;
    this.ended = ended;
  }

  static async start(options: SippOptions): Promise<Sipp> {
    const { folder, server, calls } = options;
    mkdirSync(folder, { recursive: true });
    const scenario = readFileSync(SCENARIO, 'utf8').replaceAll(
      '{answerMs}',
      String(options.answerMs ?? ANSWER_MS),
    );
    writeFileSync(join(folder, 'caller.xml'), scenario);
    const rows = calls.map(({ call, rtpPort, extension, talkMs }) =>
      [
        call,
        rtpPort,
        extension,
        Math.round(talkMs / STEP_MS),
        options.account,
        options.password,
        server.host,
        '',
      ].join(';'),
    );
    writeFileSync(join(folder, 'calls.csv'), `SEQUENTIAL\n${rows.join('\n')}\n`, { mode: 0o600 });
    const seen = (name: string): string => join(asToolSees(folder), name);
    const logFile = join(folder, 'sipp.log');
    writeFileSync(logFile, '');
    const child = await spawnTool(
      [
        ...(['sipp', '-sf', seen('caller.xml'), '-inf', seen('calls.csv')] as const),
        ...['-m', String(calls.length), '-l', String(options.atOnce), '-r', String(options.perSecond)],
        ...['-i', server.host, '-p', String(await freePorts('udp', 1, server.host)), '-nostdin'],
        ...['-trace_logs', '-log_file', seen('sipp.log'), '-trace_err', '-error_file', seen('errors.log')],
        `${server.host}:${server.sipPort}`,
      ],
      { folder },
    );
    // Its screens; a pipe that nobody reads would stop it.
    child.stdout?.resume();
    child.stderr?.resume();
    const follower = new LogFollower(logFile, (line) => {
      const told = toldBy(line);
      if (told) options.onTold?.(told);
    });
    const ended = once(child, 'exit').then(async () => {
      await follower.close();
      return { complaints: complaintsIn(join(folder, 'errors.log')) };
    });
    return new Sipp(child, ended);
  }

  /** No new calls; those that there are go on to their end. */
  finish(): void {
    const pid = innerPid(this.#child);
    if (pid !== undefined) process.kill(pid, 'SIGUSR1');
  }

  /** Ends it at once, its calls with it. Idempotent. */
  async stop(): Promise<void> {
    await endContained(this.#child);
    await this.ended;
  }
}

/** Without what the scenario does all the time; the file has a line for each step of each call, and goes. */
function complaintsIn(path: string): string {
  if (!existsSync(path)) return '';
  const lines = readFileSync(path, 'utf8').split('\n');
  rmSync(path);
  return lines
    .filter((line) => !line.includes('receive timeout on message caller:'))
    .join('\n')
    .trim();
}

function toldBy(line: string): SippTold | undefined {
  const [, what, call, farPort] =
    /^(called|answered|unanswered|left|hung-up) (\d+)(?: (\d+))?$/.exec(line) ?? [];
  if (what === undefined) return undefined;
  return {
    what: what as SippWord,
    call: Number(call),
    ...(farPort !== undefined && { farPort: Number(farPort) }),
    at: Date.now(),
  };
}

/** Reads a file's lines as they are appended. */
class LogFollower {
  readonly #path: string;
  readonly #onLine: (line: string) => void;
  readonly #timer: NodeJS.Timeout;
  #offset = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(path: string, onLine: (line: string) => void) {
    this.#path = path;
    this.#onLine = onLine;
    this.#timer = setInterval(() => {
      this.#look();
    }, LOOK_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
    this.#look();
    await this.#reading;
  }

  #look(): void {
    this.#reading = this.#reading.then(async () => {
      if (statSync(this.#path).size <= this.#offset) return;
      const stream = createReadStream(this.#path, { start: this.#offset, encoding: 'utf8' });
      let text = '';
      for await (const piece of stream) text += piece as string;
      const whole = text.lastIndexOf('\n') + 1;
      this.#offset += Buffer.byteLength(text.slice(0, whole));
      for (const line of text.slice(0, whole).split('\n')) if (line !== '') this.#onLine(line);
    });
  }
}
