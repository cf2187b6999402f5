import { AsyncLocalStorage } from 'node:async_hooks';
import type { Transferable } from 'node:worker_threads';
import { monotonicNow, systemClock, type Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { within } from '../lib/abort.ts';
import type { ThreadPolicy } from './policies.ts';
import type { FromThread } from './thread-messages.ts';
import { ThreadError, ThreadRun } from './thread-run.ts';

/**
 * A thread that hangs in native code was left behind: what it holds (a port, a processor, memory) is free only when
 * the process has ended, and that waits for the thread unless it is killed.
 */
export type OnAbandoned = (thread: string, reason: string) => void;

/** Settings of a thread's supervision that its owner may pass on. */
export interface Supervision {
  /** The thread's program, instead of the usual one. */
  readonly workerEntry?: URL;
  /** What shall differ from the policy of its kind. */
  readonly threadPolicy?: Partial<ThreadPolicy>;
  readonly onAbandoned?: OnAbandoned;
}

export interface SupervisedThreadOptions<Report, About> {
  /** Short name for logs and thread lists, such as `vad`. */
  readonly name: string;
  /** A module that answers by ThreadSide. */
  readonly entry: URL;
  /** Its `workerData`, asked for at each start. */
  readonly data: () => object;
  readonly policy: ThreadPolicy;
  /** Whether the thread ought to turn now; it need have no heartbeat else. */
  readonly atWork: () => boolean;
  readonly onReport: (report: Report) => void;
  /** It is ready, for the first time or again: tell it everything that it must know. */
  readonly onUp?: (about: About) => void;
  /**
   * It died or hung: what it knew and was asked is lost. It is being started again, or was given up: then it
   * is tried again after a while, or by `start`.
   */
  readonly onDown: (reason: string, givenUp: boolean) => void;
  /** For the log. */
  readonly onWarning: (message: string) => void;
  readonly supervision?: Supervision | undefined;
}

type State<Command, Report, About> =
  | { readonly is: 'resting' }
  | { readonly is: 'coming'; readonly up: Promise<void>; run?: ThreadRun<Command, Report, About> }
  | { readonly is: 'up'; readonly run: ThreadRun<Command, Report, About>; readonly about: About }
  | { readonly is: 'given-up'; readonly reason: string; readonly healing: NodeJS.Timeout }
  | { readonly is: 'closed'; readonly gone: Promise<void> };

interface Request {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: ThreadError) => void;
}

const MINUTE_MS: Milliseconds = 60_000;

/**
 * A worker thread that is looked after: one that dies, or hangs, is replaced, at once and then more slowly; after
 * too many deaths it is given up, and tried again later or when it is needed. Whatever is asked of it is answered
 * or fails, in time.
 */
export class SupervisedThread<Command, Report, About = undefined> {
  readonly name: string;
  readonly #options: SupervisedThreadOptions<Report, About>;
  readonly #policy: ThreadPolicy;
  /** A thread that a call needs belongs to no call. */
  readonly #outside = AsyncLocalStorage.snapshot();
  readonly #requests = new Map<number, Request>();
  readonly #closing = new AbortController();
  #state: State<Command, Report, About> = { is: 'resting' };
  #about: About | undefined;
  /** Instants of deaths and failed starts within the last minute. */
  #failures: Milliseconds[] = [];
  #lastRequest = 0;
  #restarts = 0;

  constructor(options: SupervisedThreadOptions<Report, About>) {
    this.name = options.name;
    this.#options = options;
    this.#policy = { ...options.policy, ...options.supervision?.threadPolicy };
  }

  get up(): boolean {
    return this.#state.is === 'up';
  }

  /** What it said of itself when it was last ready. */
  get about(): About | undefined {
    return this.#about;
  }

  /** Times that it died or hung. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Requests that wait for their answer. */
  get requests(): number {
    return this.#requests.size;
  }

  /** Why it can't work now; undefined: it can, or has never been started. */
  get trouble(): string | undefined {
    switch (this.#state.is) {
      case 'coming':
        return this.#restarts === 0 ? 'it is being started' : 'it died and is being restarted';
      case 'given-up':
        return `given up for now: ${this.#state.reason}`;
      case 'closed':
        return 'it is closed';
      default:
        return undefined;
    }
  }

  /** Resolves when it is up: it is started if it rests or was given up. Throws ThreadError. */
  start(): Promise<void> {
    const state = this.#state;
    switch (state.is) {
      case 'up':
        return Promise.resolve();
      case 'coming':
        return state.up;
      case 'closed':
        return Promise.reject(new ThreadError(`the ${this.name} thread is closed`));
      case 'given-up':
        clearTimeout(state.healing);
        return this.#come(async () => {
          await this.#run().catch((error: unknown) => {
            this.#rest(state.reason);
            throw error;
          });
        });
      case 'resting':
        return this.#come(async () => {
          await this.#run().catch((error: unknown) => {
            if (this.#state.is === 'coming') this.#state = { is: 'resting' };
            throw error;
          });
        });
    }
  }

  /** False: it isn't up, and will never know (`onUp` says it all again). */
  tell(command: Command, transfer?: readonly Transferable[]): boolean {
    if (this.#state.is !== 'up') return false;
    this.#state.run.post({ kind: 'command', command }, transfer);
    return true;
  }

  /**
   * What the thread's `obey` returns. Throws ThreadError: with what the thread said, or because it isn't up, died or
   * didn't answer within the policy's time.
   */
  async ask(command: Command): Promise<unknown> {
    if (this.#state.is !== 'up') throw new ThreadError(this.trouble ?? 'it was not started');
    const { run } = this.#state;
    const { answerMs } = this.#policy;
    const request = ++this.#lastRequest;
    const answered = new Promise<unknown>((resolve, reject) => {
      this.#requests.set(request, { resolve, reject });
    });
    run.post({ kind: 'command', command, request });
    const late = (): never => {
      throw new ThreadError(`it did not answer within ${answerMs} ms`);
    };
    try {
      return await within(answered, answerMs, systemClock, late);
    } finally {
      this.#requests.delete(request);
    }
  }

  /** Idempotent; resolves when no thread is left that could be ended. */
  close(): Promise<void> {
    const state = this.#state;
    if (state.is === 'closed') return state.gone;
    if (state.is === 'given-up') clearTimeout(state.healing);
    const run = 'run' in state ? state.run : undefined;
    const gone = state.is === 'up' ? state.run.stop() : run?.terminate('it is closed');
    this.#state = { is: 'closed', gone: gone ?? Promise.resolve() };
    this.#closing.abort();
    this.#fail('it is closed');
    return this.#state.gone;
  }

  #come(way: () => Promise<void>): Promise<void> {
    // In the next turn: the state must be known to whatever comes of it.
    const up = Promise.resolve().then(() => this.#outside(way));
    up.catch(() => undefined);
    this.#state = { is: 'coming', up };
    return up;
  }

  /** One start; `up` afterwards. Throws ThreadError. */
  async #run(): Promise<void> {
    if (this.#state.is !== 'coming') throw new ThreadError('it is closed');
    const { name, entry, data, atWork, onUp, onWarning, supervision } = this.#options;
    const run = new ThreadRun<Command, Report, About>({
      name,
      entry: supervision?.workerEntry ?? entry,
      data: data(),
      policy: this.#policy,
      atWork: () => this.#requests.size > 0 || atWork(),
      onMessage: (message) => {
        this.#receive(message);
      },
      onAbandoned: (reason) => {
        onWarning(`the thread ${name} is abandoned: ${reason}`);
        supervision?.onAbandoned?.(name, reason);
      },
    });
    this.#state.run = run;
    const about = await run.ready();
    if (this.#closing.signal.aborted) throw new ThreadError('it is closed');
    this.#about = about;
    this.#state = { is: 'up', run, about };
    void run.ended.then((reason) => {
      this.#died(run, reason);
    });
    onUp?.(about);
  }

  #receive(message: FromThread<Report, About>): void {
    switch (message.kind) {
      case 'report':
        this.#options.onReport(message.report);
        break;
      case 'answer':
        this.#requests.get(message.request)?.resolve(message.answer);
        break;
      case 'refused':
        this.#requests.get(message.request)?.reject(new ThreadError(message.error.message, message.error));
        break;
      default: // its first word is taken by the run
    }
  }

  #died(run: ThreadRun<Command, Report, About>, reason: string): void {
    if (this.#state.is !== 'up' || this.#state.run !== run) return;
    this.#restarts += 1;
    const failures = this.#countFailure();
    if (failures > this.#policy.failuresAMinute) {
      this.#giveUp(`it died ${failures} times within a minute, at last: ${reason}`);
    } else {
      void this.#come(() => this.#restart(reason));
      this.#fail(`it died: ${reason}`);
      this.#options.onDown(reason, false);
    }
  }

  async #restart(died: string): Promise<void> {
    const { restartAfterMs, failuresAMinute } = this.#policy;
    for (let attempt = 0; ; attempt++) {
      const wait = restartAfterMs[Math.min(attempt, restartAfterMs.length - 1)] ?? 0;
      await systemClock.sleep(wait, this.#closing.signal);
      try {
        await this.#run();
        return;
      } catch (error) {
        if (this.#state.is !== 'coming') throw error;
        if (this.#countFailure() <= failuresAMinute) continue;
        this.#giveUp(`it died (${died}) and couldn't be restarted: ${messageOf(error)}`);
        throw error;
      }
    }
  }

  #countFailure(): number {
    const now = monotonicNow();
    this.#failures = [...this.#failures.filter((at) => at > now - MINUTE_MS), now];
    return this.#failures.length;
  }

  #giveUp(reason: string): void {
    this.#rest(reason);
    this.#fail(`it is given up: ${reason}`);
    this.#options.onDown(reason, true);
  }

  /** A thread that was given up is started again after a while, too: while /readyz fails, no call may come that would start it. */
  #rest(reason: string): void {
    if (this.#state.is === 'closed') return;
    this.#failures = [];
    const heal = (): void => {
      this.start().catch(() => undefined);
    };
    const healing = this.#outside(() => setTimeout(heal, this.#policy.reviveAfterMs).unref());
    this.#state = { is: 'given-up', reason, healing };
  }

  /** Nothing that was asked will be answered. */
  #fail(reason: string): void {
    for (const { reject } of [...this.#requests.values()]) reject(new ThreadError(reason));
    this.#requests.clear();
  }
}
