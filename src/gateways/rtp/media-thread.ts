import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { messageOf, VoiceAgentError } from '../../lib/errors.ts';
import type {
  MediaCommand,
  MediaReport,
  MediaThreadOptions,
  RtpSessionReport,
  SessionSetup,
} from './media-protocol.ts';

/** A session as its thread's handle must know it, so that it can be given to another thread again. */
export interface ThreadSession {
  readonly setup: SessionSetup;
  readonly peer: { readonly address: string; readonly port: number } | undefined;
  onReport(report: RtpSessionReport): void;
  /** The thread is dead and can't be started again. */
  onLost(reason: string): void;
}

export interface MediaThreadConfig extends Omit<MediaThreadOptions, 'heartbeat' | 'strangers'> {
  readonly name: string;
  /** A thread that was given up is started again after so long (default 30 s), or for the next call. */
  readonly reviveAfterMs?: number;
  readonly onWarning: (message: string) => void;
}

type Ready = Extract<MediaReport, { type: 'ready' }>;

/** A thread that dies again and again is given up: so many restarts within so long. */
const RESTARTS_MAX = 5;
const RESTARTS_WITHIN_MS = 60_000;
const REVIVE_AFTER_MS = 30_000;
/** A port may be taken for a moment. */
const START_ATTEMPTS = 3;
const START_RETRY_MS = 100;
const HEARTBEAT_CHECK_MS = 1000;
const STOP_TIMEOUT_MS = 2000;

/**
 * The main thread's handle on one media thread. It restarts a thread that died or hangs, on the same
 * port, with the same sessions: their rings and counters are shared memory and outlive it.
 */
export class MediaThread {
  readonly #config: MediaThreadConfig;
  readonly #sessions = new Map<number, ThreadSession>();
  readonly #closing = new Map<number, () => void>();
  readonly #heartbeat = new SharedArrayBuffer(4);
  readonly #strangers = new SharedArrayBuffer(4);
  readonly #restartTimes: number[] = [];
  #worker: Worker | undefined;
  #ready: Ready | undefined;
  #monitor: NodeJS.Timeout | undefined;
  #healing: NodeJS.Timeout | undefined;
  #restarting: Promise<void> | undefined;
  #restarts = 0;
  #dead: string | undefined;
  #closed = false;

  private constructor(config: MediaThreadConfig) {
    this.#config = config;
  }

  /** Throws MEDIA_PORT_UNAVAILABLE or MEDIA_WORKER_DIED. */
  static async start(config: MediaThreadConfig): Promise<MediaThread> {
    const thread = new MediaThread(config);
    await thread.#start(config.port);
    return thread;
  }

  /** What the thread reported when it was ready. */
  get ready(): Ready {
    return this.#ready as Ready;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Packets that came from no call's peer, in all. */
  get strangers(): number {
    return new Uint32Array(this.#strangers)[0] as number;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Gives the thread a session. It reports `opened` or `refused`, and `opened` again after a restart. */
  open(session: ThreadSession): void {
    this.#sessions.set(session.setup.session, session);
    this.post({ type: 'open', setup: session.setup });
    this.#watch();
  }

  /** Whatever is under way is replayed from the sessions if the thread isn't there at this moment. */
  post(command: MediaCommand): void {
    if (this.#restarting === undefined) this.#worker?.postMessage(command);
  }

  /** Resolves when the session's socket and place on the wheel are free. */
  async closeSession(session: number): Promise<void> {
    if (!this.#sessions.delete(session)) return;
    this.#watch();
    if (this.#restarting !== undefined || this.#worker === undefined) return;
    await new Promise<void>((resolve) => {
      this.#closing.set(session, resolve);
      this.post({ type: 'close', session });
    });
  }

  /** True when the thread isn't there: `revive` it first. */
  get down(): boolean {
    return this.#restarting !== undefined || this.#dead !== undefined;
  }

  /** Why it carries no media now; undefined: it does. */
  get trouble(): string | undefined {
    if (this.#dead !== undefined) return `given up for now: ${this.#dead}`;
    return this.#restarting === undefined ? undefined : 'it died and is being restarted';
  }

  get name(): string {
    return this.#config.name;
  }

  /** Waits for a restart that is under way, and starts a thread that was given up. Throws as `start` does. */
  async revive(): Promise<void> {
    await this.#restarting;
    if (this.#dead === undefined || this.#closed) return;
    const reason = this.#dead;
    this.#dead = undefined;
    this.#restartTimes.length = 0;
    this.#restarting = this.#start(this.#port).catch((error: unknown) => {
      this.#restarting = undefined;
      this.#dead = reason;
      throw error;
    });
    await this.#restarting;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#monitor);
    clearTimeout(this.#healing);
    await this.#restarting?.catch(() => undefined);
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = once(worker, 'exit');
    worker.postMessage({ type: 'stop' } satisfies MediaCommand);
    const timer = setTimeout(() => void worker.terminate(), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  /** The same port again, if it was the system that chose it. */
  get #port(): number | undefined {
    return this.#config.port === undefined ? undefined : (this.#ready?.port ?? this.#config.port);
  }

  /** Resolves when a new thread is ready and has the living sessions. */
  async #start(port: number | undefined): Promise<void> {
    const { address, receiveBufferBytes, realtime, name } = this.#config;
    const worker = new Worker(new URL('./media-worker.ts', import.meta.url), {
      name,
      execArgv: [], // flags of the main program (--eval, --input-type …) don't suit it
      workerData: {
        address,
        receiveBufferBytes,
        realtime,
        heartbeat: this.#heartbeat,
        strangers: this.#strangers,
        ...(port === undefined ? {} : { port }),
      } satisfies MediaThreadOptions,
    });
    let failure: unknown;
    const exited = new Promise<undefined>((resolve) => {
      worker.once('exit', () => {
        resolve(undefined);
      });
    });
    worker.on('error', (error: unknown) => {
      failure = error;
    });
    const answered = new Promise<MediaReport>((resolve) => {
      worker.once('message', (message: MediaReport) => {
        resolve(message);
      });
    });
    const first = await Promise.race([answered, exited]);
    if (first?.type === 'failed') {
      await exited;
      throw portUnavailable(address, port ?? 0, first);
    }
    if (first?.type !== 'ready') {
      throw new VoiceAgentError('MEDIA_WORKER_DIED', `the media thread didn't start: ${messageOf(failure)}`, {
        cause: failure,
      });
    }
    this.#worker = worker;
    this.#ready = first;
    worker.on('message', (message: MediaReport) => {
      this.#receive(message);
    });
    void exited.then(() => {
      this.#onExit(worker, failure);
    });
    this.#restarting = undefined;
    for (const session of this.#sessions.values()) this.#replay(session);
  }

  #replay(session: ThreadSession): void {
    this.post({ type: 'open', setup: session.setup });
    if (session.peer) this.post({ type: 'attach', session: session.setup.session, ...session.peer });
  }

  #receive(report: MediaReport): void {
    if (report.type === 'stranger') {
      this.#config.onWarning(
        `packets from ${report.address}:${report.port} to port ${report.to} are dropped: ` +
          `no call has that peer; if it is your Asterisk, its media leaves from another address than it says`,
      );
    } else if (report.type === 'closed') {
      this.#closing.get(report.session)?.();
      this.#closing.delete(report.session);
    } else if ('session' in report) {
      this.#sessions.get(report.session)?.onReport(report);
    }
  }

  #onExit(worker: Worker, failure: unknown): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    for (const resolve of this.#closing.values()) resolve();
    this.#closing.clear();
    if (this.#closed) return;
    const reason = failure === undefined ? 'it ended' : messageOf(failure);
    this.#restarting = this.#restart(reason);
  }

  async #restart(reason: string): Promise<void> {
    const { onWarning } = this.#config;
    this.#restarts += 1;
    const now = performance.now();
    this.#restartTimes.push(now);
    while ((this.#restartTimes[0] as number) < now - RESTARTS_WITHIN_MS) this.#restartTimes.shift();
    if (this.#restartTimes.length > RESTARTS_MAX) {
      this.#giveUp(`it died ${this.#restartTimes.length} times within a minute, at last: ${reason}`);
      return;
    }
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#start(this.#port);
        onWarning(`the media thread died (${reason}); restarted, ${this.#sessions.size} calls go on`);
        return;
      } catch (error) {
        if (attempt === START_ATTEMPTS || this.#closed) {
          this.#giveUp(`it died (${reason}) and couldn't be restarted: ${messageOf(error)}`);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS * attempt));
      }
    }
  }

  #giveUp(reason: string): void {
    this.#restarting = undefined;
    this.#dead = reason;
    this.#config.onWarning(`the media thread is given up: ${reason}; ${this.#sessions.size} calls lost`);
    for (const session of [...this.#sessions.values()]) session.onLost(reason);
    this.#healLater();
  }

  /** While we aren't ready nobody may send a call that would start it: a load balancer looks at /readyz. */
  #healLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#healing);
    this.#healing = setTimeout(() => {
      this.revive().catch(() => {
        this.#healLater();
      });
    }, this.#config.reviveAfterMs ?? REVIVE_AFTER_MS).unref();
  }

  /** While media flows, sees once a second that the thread still turns: a hung one is ended, and so restarted. */
  #watch(): void {
    if (this.#sessions.size === 0) {
      clearInterval(this.#monitor);
      this.#monitor = undefined;
      return;
    }
    if (this.#monitor !== undefined || this.#closed) return;
    const beats = new Int32Array(this.#heartbeat);
    let last = beats[0];
    let missed = 0;
    this.#monitor = setInterval(() => {
      const flowing = [...this.#sessions.values()].some((session) => session.peer !== undefined);
      missed = flowing && this.#restarting === undefined && beats[0] === last ? missed + 1 : 0;
      last = beats[0];
      if (missed < 2) return;
      missed = 0;
      void this.#worker?.terminate();
    }, HEARTBEAT_CHECK_MS).unref();
  }
}

/** Says which port, why, and what to do. */
export function portUnavailable(
  address: string,
  port: number,
  cause: { readonly code: string; readonly message: string },
): VoiceAgentError {
  const remedy: Readonly<Record<string, string>> = {
    EADDRINUSE: `another program (or another instance of this one) has it; choose another port, or 0 for any free one`,
    EADDRNOTAVAIL: `no interface of this machine has that address; choose one of its own, or 0.0.0.0`,
    EACCES: `ports below 1024 need privileges; choose a higher one`,
  };
  const what = `can't receive RTP on ${address} port ${port}`;
  return new VoiceAgentError(
    'MEDIA_PORT_UNAVAILABLE',
    `${what}: ${remedy[cause.code] ?? cause.message} (${cause.code})`,
    { cause },
  );
}
