import { messageOf, VoiceAgentError } from '../../lib/errors.ts';
import type { HttpHandler } from '../../lib/http-exchange.ts';
import type { SessionReport } from '../ring-media-session.ts';
import { PORTS, portUnavailable } from '../../lib/port-trouble.ts';
import { EDGE_POLICY } from '../../threads/policies.ts';
import { SupervisedThread, type Supervision } from '../../threads/supervised-thread.ts';
import { ThreadError } from '../../threads/thread-run.ts';
import { createEdgeCounters, EdgeCounters, type EdgeCounts } from './edge-counters.ts';
import { KeptListener } from './kept-listener.ts';
import type {
  EdgeAbout,
  EdgeCommand,
  EdgeLimits,
  EdgeReport,
  EdgeSessionSetup,
  EdgeThreadOptions,
  EdgeTicket,
} from './edge-protocol.ts';

export interface EdgeThreadConfig {
  readonly address: string;
  readonly port: number;
  readonly basePath: string;
  readonly paths: readonly string[];
  readonly limits: Partial<EdgeLimits>;
  readonly onRequest: HttpHandler | undefined;
  readonly supervision: Supervision | undefined;
  readonly onWarning: (message: string) => void;
}

/** A session as the thread's handle must know it, so that it can be given to another thread again. */
export interface EdgeSession {
  readonly setup: EdgeSessionSetup;
  /** Its URL that no connection has come by yet. */
  readonly ticket: EdgeTicket | undefined;
  onReport(report: SessionReport): void;
  /** Another thread has it: its connection is gone. */
  onResumed(): void;
  /** The thread is dead and can't be started again. */
  onLost(reason: string): void;
}

const LIMITS: EdgeLimits = {
  maxConnections: 2000,
  maxBodyBytes: 65_536,
  maxRequests: 200,
  requestsPerMinute: 6000,
  answerMs: 4000,
  greetMs: 5000,
  silentMs: 3000,
  stalledMs: 10_000,
  reattachMs: 5000,
};

/**
 * The main thread's handle on the edge thread. One that dies or hangs takes its connections with it (a socket
 * can't be handed to another thread); it is started again with the same listening socket and the same sessions, and the far side connects
 * to them once more, as after any connection that dropped.
 */
export class EdgeThread {
  readonly #config: EdgeThreadConfig;
  readonly #thread: SupervisedThread<EdgeCommand, EdgeReport, EdgeAbout>;
  readonly #sessions = new Map<number, EdgeSession>();
  readonly #listener = new KeptListener();
  readonly #memory = createEdgeCounters();
  readonly #counters = new EdgeCounters(this.#memory);

  private constructor(config: EdgeThreadConfig) {
    this.#config = config;
    const { supervision, onWarning } = config;
    this.#thread = new SupervisedThread({
      name: 'vonage-edge',
      entry: new URL('./edge-worker.ts', import.meta.url),
      data: () => this.#options(),
      policy: EDGE_POLICY,
      atWork: () => true, // whoever comes from outside must be answered
      onReport: (report) => {
        this.#receive(report);
      },
      onUp: ({ listening }) => {
        this.#listener.keep(listening);
        for (const session of [...this.#sessions.values()]) this.#resume(session);
      },
      onDown: (reason, givenUp) => {
        const calls = this.#sessions.size;
        onWarning(
          givenUp
            ? `the edge thread is given up for now: ${reason}; ${calls} calls lost`
            : `the edge thread died (${reason}) and is being restarted; ${calls} calls are to be connected again`,
        );
        if (!givenUp) return;
        this.#listener.close(); // who comes now is refused rather than kept waiting
        const lost = [...this.#sessions.values()];
        this.#sessions.clear();
        for (const session of lost) session.onLost(`the edge thread died: ${reason}`);
      },
      onWarning,
      supervision,
    });
  }

  /** Throws MEDIA_PORT_UNAVAILABLE or MEDIA_WORKER_DIED. */
  static async start(config: EdgeThreadConfig): Promise<EdgeThread> {
    const thread = new EdgeThread(config);
    await thread.revive();
    return thread;
  }

  get port(): number {
    return this.#thread.about?.port ?? this.#config.port;
  }

  get counts(): EdgeCounts {
    return this.#counters.read();
  }

  get restarts(): number {
    return this.#thread.restarts;
  }

  /** Why there is no thread at this moment; undefined: there is one. */
  get trouble(): string | undefined {
    return this.#thread.trouble;
  }

  /** Waits for a restart that is under way, and starts a thread that was given up. Throws as `start` does. */
  async revive(): Promise<void> {
    const { address } = this.#config;
    try {
      await this.#thread.start();
    } catch (error) {
      throw error instanceof ThreadError && error.said
        ? portUnavailable({ ...PORTS.vonage, setting: 'port' }, address, this.port, error.said, {
            cause: error,
          })
        : new VoiceAgentError('MEDIA_WORKER_DIED', `the edge thread didn't start: ${messageOf(error)}`, {
            cause: error,
          });
    }
  }

  open(session: EdgeSession): void {
    this.#sessions.set(session.setup.session, session);
    this.post({ type: 'open', setup: session.setup });
  }

  post(command: EdgeCommand): void {
    this.#thread.tell(command);
  }

  /** Resolves when the session's connection is being closed and its rings are, or the thread doesn't answer. */
  async closeSession(id: number): Promise<void> {
    if (!this.#sessions.delete(id) || !this.#thread.up) return;
    // A thread that doesn't answer is replaced by one that doesn't know the session.
    await this.#thread.ask({ type: 'close', session: id }).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#thread.close();
    this.#listener.close();
  }

  #resume(session: EdgeSession): void {
    this.post({ type: 'open', setup: session.setup });
    if (session.ticket) this.post({ type: 'ticket', session: session.setup.session, ...session.ticket });
    session.onResumed();
  }

  #options(): EdgeThreadOptions {
    const { address, basePath, paths, limits } = this.#config;
    const { port } = this;
    return {
      ...{ address, port, listening: this.#listener.handOut(), basePath, paths, counters: this.#memory },
      limits: { ...LIMITS, ...limits },
    };
  }

  #receive(report: EdgeReport): void {
    if (report.type === 'request') void this.#answer(report.request, report.content);
    else if (report.type === 'refused') this.#config.onWarning(report.message);
    else this.#sessions.get(report.session)?.onReport(report);
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
}
