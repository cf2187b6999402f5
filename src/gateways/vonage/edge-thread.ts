import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { messageOf, VoiceAgentError } from '../../lib/errors.ts';
import type { HttpHandler } from '../../lib/http-exchange.ts';
import type { SessionReport } from '../ring-media-session.ts';
import { createEdgeCounters, EdgeCounters, type EdgeCounts } from './edge-counters.ts';
import type { EdgeCommand, EdgeLimits, EdgeReport, EdgeThreadOptions } from './edge-protocol.ts';

export interface EdgeThreadConfig {
  readonly address: string;
  readonly port: number;
  readonly basePath: string;
  readonly paths: readonly string[];
  readonly limits: Partial<EdgeLimits>;
  readonly onRequest: HttpHandler | undefined;
  readonly onWarning: (message: string) => void;
}

/** A session as the thread's handle must know it. */
export interface EdgeSession {
  onReport(report: SessionReport): void;
  /** The thread died: its connections are gone. */
  onLost(reason: string): void;
}

const LIMITS: EdgeLimits = {
  maxConnections: 2000,
  maxBodyBytes: 65_536,
  maxRequests: 200,
  answerMs: 4000,
  greetMs: 5000,
  silentMs: 3000,
  stalledMs: 10_000,
  reattachMs: 5000,
};

/** A thread that dies again and again is given up: so many restarts within so long. */
const RESTARTS_MAX = 5;
const RESTARTS_WITHIN_MS = 60_000;
const START_ATTEMPTS = 3;
const START_RETRY_MS = 100;
const STOP_TIMEOUT_MS = 2000;

/**
 * The main thread's handle on the edge thread. One that dies takes its connections with it (a socket
 * can't be handed to another thread); it is started again on the same port for the calls to come.
 */
export class EdgeThread {
  readonly #config: EdgeThreadConfig;
  readonly #sessions = new Map<number, EdgeSession>();
  readonly #closing = new Map<number, () => void>();
  readonly #memory = createEdgeCounters();
  readonly #counters = new EdgeCounters(this.#memory);
  readonly #restartTimes: number[] = [];
  #worker: Worker | undefined;
  #port: number;
  #dead: string | undefined;
  #restarts = 0;
  #closed = false;

  private constructor(config: EdgeThreadConfig) {
    this.#config = config;
    this.#port = config.port;
  }

  /** Throws MEDIA_PORT_UNAVAILABLE or MEDIA_WORKER_DIED. */
  static async start(config: EdgeThreadConfig): Promise<EdgeThread> {
    const thread = new EdgeThread(config);
    await thread.#start();
    return thread;
  }

  get port(): number {
    return this.#port;
  }

  get counts(): EdgeCounts {
    return this.#counters.read();
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Why there is no thread at this moment; undefined: there is one. */
  get down(): string | undefined {
    return this.#worker ? undefined : (this.#dead ?? 'it is being started again');
  }

  open(id: number, session: EdgeSession, command: EdgeCommand): void {
    this.#sessions.set(id, session);
    this.post(command);
  }

  post(command: EdgeCommand): void {
    this.#worker?.postMessage(command);
  }

  /** Resolves when the session's connection is being closed and its rings are. */
  async closeSession(id: number): Promise<void> {
    if (!this.#sessions.delete(id) || this.#worker === undefined) return;
    await new Promise<void>((resolve) => {
      this.#closing.set(id, resolve);
      this.post({ type: 'close', session: id });
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = once(worker, 'exit');
    worker.postMessage({ type: 'stop' } satisfies EdgeCommand);
    const timer = setTimeout(() => void worker.terminate(), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  async #start(): Promise<void> {
    const { address, basePath, paths, limits } = this.#config;
    const worker = new Worker(new URL('./edge-worker.ts', import.meta.url), {
      name: 'vonage-edge',
      execArgv: [],
      workerData: {
        address,
        port: this.#port,
        basePath,
        paths,
        counters: this.#memory,
        limits: { ...LIMITS, ...limits },
      } satisfies EdgeThreadOptions,
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
    const answered = new Promise<EdgeReport>((resolve) => {
      worker.once('message', (message: EdgeReport) => {
        resolve(message);
      });
    });
    const first = await Promise.race([answered, exited]);
    if (first?.type === 'failed') {
      await exited;
      throw cannotListen(address, this.#port, first);
    }
    if (first?.type !== 'ready') {
      throw new VoiceAgentError('MEDIA_WORKER_DIED', `the edge thread didn't start: ${messageOf(failure)}`, {
        cause: failure,
      });
    }
    this.#worker = worker;
    this.#port = first.port;
    worker.on('message', (report: EdgeReport) => {
      this.#receive(report);
    });
    void exited.then(() => {
      this.#onExit(worker, failure);
    });
  }

  #receive(report: EdgeReport): void {
    if (report.type === 'request') void this.#answer(report.request, report.content);
    else if (report.type === 'refused') this.#config.onWarning(report.message);
    else if (report.type === 'closed') {
      this.#closing.get(report.session)?.();
      this.#closing.delete(report.session);
    } else if ('session' in report) this.#sessions.get(report.session)?.onReport(report);
  }

  async #answer(request: number, content: Parameters<HttpHandler>[0]): Promise<void> {
    try {
      const response = (await this.#config.onRequest?.(content)) ?? { status: 404 };
      this.post({ type: 'answer', request, response });
    } catch (error) {
      this.#config.onWarning(`a webhook (${content.path}) failed: ${messageOf(error)}`);
      this.post({ type: 'answer', request, response: { status: 500 } });
    }
  }

  #onExit(worker: Worker, failure: unknown): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    for (const resolve of this.#closing.values()) resolve();
    this.#closing.clear();
    if (this.#closed) return;
    const reason = failure === undefined ? 'it ended' : messageOf(failure);
    const lost = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#config.onWarning(`the edge thread died (${reason}); ${lost.length} calls lost`);
    for (const session of lost) session.onLost(`the edge thread died: ${reason}`);
    void this.#restart(reason);
  }

  /** The port of a thread that has just died may be taken for a moment. */
  async #startAgain(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#start();
        return;
      } catch (error) {
        if (attempt === START_ATTEMPTS || this.#closed) throw error;
        await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS * attempt));
      }
    }
  }

  async #restart(reason: string): Promise<void> {
    this.#restarts += 1;
    const now = performance.now();
    this.#restartTimes.push(now);
    while ((this.#restartTimes[0] as number) < now - RESTARTS_WITHIN_MS) this.#restartTimes.shift();
    try {
      if (this.#restartTimes.length > RESTARTS_MAX) throw new Error(`it dies again and again (${reason})`);
      await this.#startAgain();
    } catch (error) {
      this.#dead = messageOf(error);
      this.#config.onWarning(`the edge thread is given up: ${this.#dead}`);
      return;
    }
    // Closed while it was started: nobody else would end it.
    if (this.#closed) await this.#worker?.terminate();
  }
}

/** Says which port, why, and what to do. */
function cannotListen(
  address: string,
  port: number,
  cause: { readonly code: string; readonly message: string },
): VoiceAgentError {
  const remedy: Readonly<Record<string, string>> = {
    EADDRINUSE: `another program (or another instance of this one) has it; choose another port, or 0 for any free one`,
    EADDRNOTAVAIL: `no interface of this machine has that address; choose one of its own, or 0.0.0.0`,
    EACCES: `ports below 1024 need privileges; choose a higher one, behind a proxy`,
  };
  return new VoiceAgentError(
    'MEDIA_PORT_UNAVAILABLE',
    `can't listen for Vonage on ${address} port ${port}: ${remedy[cause.code] ?? cause.message} (${cause.code})`,
    { cause },
  );
}
