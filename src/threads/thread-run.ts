import { Worker, type Transferable } from 'node:worker_threads';
import { systemClock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { within } from '../lib/abort.ts';
import { NativeCodeGate } from './native-code.ts';
import { LOOK_MS, unwatchHeart, watchHeart } from './heartbeats.ts';
import type { ThreadPolicy } from './policies.ts';
import type { FromThread, Said, ToThread } from './thread-messages.ts';
import './v8-flags.ts';

/** All that have said their first word and live, but for those that keep time. */
const ready = new Set<{ collectGarbage(all: boolean): void }>();

/**
 * Supervised threads look for garbage, but for those that keep time (policies.ts): only while none has work, for they stand still
 * meanwhile. `all`: as `collectAllGarbage` does.
 */
export function collectGarbageOfThreads(all: boolean): void {
  for (const run of ready) run.collectGarbage(all);
}

/** A thread didn't do what was asked of it. */
export class ThreadError extends Error {
  /** What the thread itself gave as the reason; undefined: it couldn't say anything. */
  readonly said: Said | undefined;

  constructor(message: string, said?: Said) {
    super(message);
    this.name = 'ThreadError';
    this.said = said;
  }
}

export interface RunOptions<Report, About> {
  readonly name: string;
  readonly entry: URL;
  /** Its `workerData`. */
  readonly data: object;
  readonly policy: ThreadPolicy;
  /** Whether it ought to turn now: its heart is looked at then. */
  readonly atWork: () => boolean;
  /** After its first word. */
  readonly onMessage: (message: FromThread<Report, About>) => void;
  /** It can't be ended: it runs on, and keeps what it has (a port, memory). */
  readonly onAbandoned: (reason: string) => void;
}

/** One worker thread, from its start to its end. */
export class ThreadRun<Command, Report, About> {
  /** Why it ended, when it has. */
  readonly ended: Promise<string>;
  readonly #options: RunOptions<Report, About>;
  readonly #worker: Worker;
  readonly #firstWord: Promise<FromThread<Report, About>>;
  readonly #gate = new NativeCodeGate();
  readonly #beats = new SharedArrayBuffer(4);
  #beatsAsked = 0;
  #looksMissed = 0;
  #reason: string | undefined;
  #leaving: Promise<void> | undefined;
  #abandon: (reason: string) => void = () => undefined;

  constructor(options: RunOptions<Report, About>) {
    this.#options = options;
    const worker = new Worker(options.entry, {
      name: options.name,
      argv: [options.name], // Node tells a thread its name only since 22.20
      workerData: { ...options.data, nativeCode: this.#gate.nativeCode },
      execArgv: [], // flags of the main program (--eval, --input-type …) don't suit it
    });
    this.#worker = worker;
    this.ended = new Promise((resolve) => {
      this.#abandon = resolve;
      worker.once('exit', (status) => {
        resolve(this.#reason ?? `it ended with status ${status}`);
      });
    });
    worker.on('error', (error: unknown) => {
      this.#reason ??= messageOf(error);
    });
    this.#firstWord = new Promise((resolve) => {
      worker.once('message', (message: FromThread<Report, About>) => {
        resolve(message);
        worker.on('message', options.onMessage);
      });
    });
    void this.ended.then(() => {
      ready.delete(this);
      unwatchHeart(this.#look);
    });
  }

  /** What it says of itself when it can work. Throws ThreadError when it can't, dies, or says nothing in time; it is ended then. */
  async ready(): Promise<About> {
    const { startMs } = this.#options.policy;
    const first = await within(
      Promise.race([this.#firstWord, this.ended]),
      startMs,
      systemClock,
      () => `it said nothing within ${startMs} ms`,
    );
    if (typeof first !== 'string' && first.kind === 'ready') {
      if (!this.#options.policy.keepsTime) ready.add(this);
      this.watch();
      return first.about;
    }
    await this.terminate('it could not start');
    if (typeof first === 'string') throw new ThreadError(first);
    if (first.kind !== 'unable') throw new ThreadError(`its first word was "${first.kind}"`);
    throw new ThreadError(first.error.message, first.error);
  }

  post(message: ToThread<Command>, transfer?: readonly Transferable[]): void {
    this.#worker.postMessage(message, transfer);
    this.watch();
  }

  collectGarbage(all: boolean): void {
    this.#worker.postMessage({ kind: 'collect', all } satisfies ToThread<Command>);
  }

  /** Its heart is looked at until it has no work. */
  watch(): void {
    if (this.#leaving === undefined) watchHeart(this.#look);
  }

  /** Lets it end by itself, and ends it if it doesn't. */
  async stop(): Promise<void> {
    const { stopMs } = this.#options.policy;
    this.#worker.postMessage({ kind: 'stop' } satisfies ToThread<Command>);
    await within(this.ended, stopMs, systemClock, () =>
      this.terminate(`it did not stop within ${stopMs} ms`),
    );
  }

  /** Ends it, or abandons it: resolves in any case. */
  terminate(reason: string): Promise<void> {
    this.#leaving ??= this.#terminate(reason);
    return this.#leaving;
  }

  async #terminate(reason: string): Promise<void> {
    const { policy, onAbandoned } = this.#options;
    this.#reason ??= reason;
    unwatchHeart(this.#look);
    void this.#gate.bar().then(() => this.#worker.terminate());
    const late = (): undefined => undefined;
    if ((await within(this.ended, policy.terminateMs, systemClock, late)) !== undefined) return;
    this.#worker.unref();
    onAbandoned(`${reason}, and it could not be ended within ${policy.terminateMs} ms: it is in native code`);
    this.#abandon(reason);
  }

  readonly #look = (): boolean => {
    if (Atomics.load(new Int32Array(this.#beats), 0) !== this.#beatsAsked) {
      this.#looksMissed += 1;
      const { hungMs } = this.#options.policy;
      if (this.#looksMissed * LOOK_MS < hungMs) return true;
      void this.terminate(`it hung: no heartbeat for ${hungMs} ms`);
      return false;
    }
    this.#looksMissed = 0;
    if (!this.#options.atWork()) return false;
    this.#beatsAsked = (this.#beatsAsked + 1) | 0;
    this.#worker.postMessage({
      kind: 'beat',
      beats: this.#beats,
      count: this.#beatsAsked,
    } satisfies ToThread<Command>);
    return true;
  };
}
