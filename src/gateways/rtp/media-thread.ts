import { closeSync } from 'node:fs';
import { VoiceAgentError, messageOf } from '../../lib/errors.ts';
import { PORTS, portUnavailable } from '../../lib/port-trouble.ts';
import { MEDIA_POLICY } from '../../threads/policies.ts';
import { SupervisedThread, type Supervision } from '../../threads/supervised-thread.ts';
import { ThreadError } from '../../threads/thread-run.ts';
import type {
  MediaAbout,
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

export interface MediaThreadConfig extends Omit<MediaThreadOptions, 'unknownPeers' | 'keptSocket'> {
  readonly name: string;
  readonly supervision: Supervision | undefined;
  readonly onWarning: (message: string) => void;
}

/**
 * The main thread's handle on one media thread. It is restarted when it died or hangs, on the same
 * port, with the same sessions: their rings and counters are shared memory and outlive it.
 */
export class MediaThread {
  readonly #config: MediaThreadConfig;
  readonly #thread: SupervisedThread<MediaCommand, MediaReport, MediaAbout>;
  readonly #sessions = new Map<number, ThreadSession>();
  readonly #unknownPeers = new SharedArrayBuffer(4);
  readonly #keptSocket = new SharedArrayBuffer(4);

  private constructor(config: MediaThreadConfig) {
    this.#config = config;
    const { name, supervision, onWarning } = config;
    this.#thread = new SupervisedThread({
      name,
      entry: new URL('./media-worker.ts', import.meta.url),
      data: () => this.#options(),
      policy: MEDIA_POLICY,
      atWork: () => this.#sessions.size > 0,
      onReport: (report) => {
        this.#receive(report);
      },
      onUp: () => {
        for (const session of this.#sessions.values()) this.#replay(session);
      },
      onDown: (reason, givenUp) => {
        onWarning(
          givenUp
            ? `the media thread is given up: ${reason}; ${this.sessionCount} calls lost`
            : `the media thread died (${reason}) and is being restarted, ${this.sessionCount} calls go on`,
        );
        if (givenUp) for (const session of [...this.#sessions.values()]) session.onLost(reason);
      },
      onWarning,
      supervision: {
        ...supervision,
        onAbandoned: (thread, reason) => {
          Atomics.store(new Int32Array(this.#keptSocket), 0, 0); // it may use it still
          supervision?.onAbandoned?.(thread, reason);
        },
      },
    });
  }

  /** Throws MEDIA_PORT_UNAVAILABLE or MEDIA_WORKER_DIED. */
  static async start(config: MediaThreadConfig): Promise<MediaThread> {
    const thread = new MediaThread(config);
    await thread.revive();
    return thread;
  }

  get name(): string {
    return this.#config.name;
  }

  /** What the thread reported when it was ready. */
  get about(): MediaAbout {
    const { about } = this.#thread;
    if (about === undefined)
      throw new VoiceAgentError('MEDIA_WORKER_DIED', 'the media thread was not started');
    return about;
  }

  get restarts(): number {
    return this.#thread.restarts;
  }

  /** Packets that came from no call's peer, in all. */
  get unknownPeers(): number {
    return new Uint32Array(this.#unknownPeers)[0] as number;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** True when the thread isn't there: `revive` it first. */
  get down(): boolean {
    return !this.#thread.up;
  }

  /** Why it carries no media now; undefined: it does. */
  get trouble(): string | undefined {
    return this.#thread.trouble;
  }

  /** Gives the thread a session. It reports `opened` or `refused`, and `opened` again after a restart. */
  open(session: ThreadSession): void {
    this.#sessions.set(session.setup.session, session);
    this.post({ type: 'open', setup: session.setup });
  }

  /** Whatever is under way is replayed from the sessions if the thread isn't there at this moment. */
  post(command: MediaCommand): void {
    this.#thread.tell(command);
  }

  /** Resolves when the session's socket and place on the wheel are free, or the thread doesn't answer. */
  async closeSession(session: number): Promise<void> {
    if (!this.#sessions.delete(session) || this.down) return;
    // A thread that doesn't answer is replaced by one that doesn't know the session.
    await this.#thread.ask({ type: 'close', session }).catch(() => undefined);
  }

  /** Waits for a restart that is under way, and starts a thread that was given up. Throws as `start` does. */
  async revive(): Promise<void> {
    try {
      await this.#thread.start();
    } catch (error) {
      if (error instanceof ThreadError && error.said) {
        throw rtpPortUnavailable(this.#config.address, this.#options().port ?? 0, error.said);
      }
      throw new VoiceAgentError('MEDIA_WORKER_DIED', `the media thread didn't start: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    await this.#thread.close();
    // Of a thread that died, and wasn't followed by another.
    const kept = Atomics.exchange(new Int32Array(this.#keptSocket), 0, 0);
    if (kept > 0) closeSync(kept - 1);
  }

  #options(): MediaThreadOptions {
    const { address, receiveBufferBytes, realtime, io, port } = this.#config;
    return {
      address,
      receiveBufferBytes,
      realtime,
      ...(io === undefined ? {} : { io }),
      unknownPeers: this.#unknownPeers,
      keptSocket: this.#keptSocket,
      // The same port again, if it was the system that chose it.
      ...(port === undefined ? {} : { port: this.#thread.about?.port ?? port }),
    };
  }

  #replay(session: ThreadSession): void {
    this.post({ type: 'open', setup: session.setup });
    if (session.peer) this.post({ type: 'attach', session: session.setup.session, ...session.peer });
  }

  #receive(report: MediaReport): void {
    if (report.type === 'unknown-peer') {
      this.#config.onWarning(
        `packets from ${report.address}:${report.port} to port ${report.to} are dropped: ` +
          `no call has that peer; if it is your Asterisk, its media leaves from another address than it says`,
      );
    } else {
      this.#sessions.get(report.session)?.onReport(report);
    }
  }
}

/** Says which port, why, and what to do. */
export function rtpPortUnavailable(
  address: string,
  port: number,
  cause: { readonly code?: string; readonly message: string },
): VoiceAgentError {
  // A call may have a port of its own, which the setting doesn't name.
  return portUnavailable({ ...PORTS.rtp, setting: 'port' }, address, port, cause);
}
