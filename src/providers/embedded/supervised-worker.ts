import { Worker, type Transferable } from 'node:worker_threads';
import { systemClock, type Clock, type Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';

/** What every speech worker says once, when it can work or knows that it never will. */
export type WorkerGreeting =
  { readonly type: 'ready' } | { readonly type: 'unavailable'; readonly message: string };

/** What every speech worker obeys: finish and leave. */
export interface WorkerFarewell {
  readonly type: 'close';
}

export interface SuperviseOptions<Reply> {
  /** Short name for logs and thread lists, such as `vad`. */
  readonly name: string;
  readonly entry: URL;
  /** Cloned to the thread as `workerData`. */
  readonly data?: unknown;
  readonly onMessage: (reply: Reply) => void;
  /** The thread is (again) ready: tell it everything that it must know. */
  readonly onUp?: () => void;
  /** The thread died or couldn't start again; another attempt follows by itself. */
  readonly onDown?: (error: Error) => void;
  readonly clock?: Clock;
}

export interface SupervisedWorker<Request> {
  /** False while the thread is dead; what is posted then is lost (`onUp` says it all again). */
  readonly alive: boolean;
  /** Times that it died. */
  readonly restarts: number;
  post(message: Request, transfer?: readonly Transferable[]): void;
  /** Idempotent; resolves when no thread is left. */
  close(): Promise<void>;
}

const FIRST_RESTART_MS: Milliseconds = 50;
const LAST_RESTART_MS: Milliseconds = 5000;
/** How long a thread may take to leave by itself before it is terminated. */
const LEAVE_MS: Milliseconds = 2000;

/**
 * Starts a worker thread and keeps it alive: when it dies it is started again, at once and then more
 * slowly. Rejects when the first start fails.
 */
export async function superviseWorker<Request, Reply>(
  options: SuperviseOptions<Reply>,
): Promise<SupervisedWorker<Request>> {
  const clock = options.clock ?? systemClock;
  let worker: Worker | undefined;
  let alive = false;
  let closing: Promise<void> | undefined;
  let restarts = 0;
  let restartMs = FIRST_RESTART_MS;
  let cancelRestart = (): void => undefined;

  /** Resolves when the thread is ready, rejects when it ends before that. */
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const thread = new Worker(options.entry, { name: options.name, workerData: options.data });
      let failure: Error | undefined;
      worker = thread;
      thread.on('message', (message: Reply | WorkerGreeting) => {
        if (!isGreeting(message)) {
          options.onMessage(message);
        } else if (message.type === 'unavailable') {
          failure = new Error(message.message);
        } else {
          alive = true;
          restartMs = FIRST_RESTART_MS;
          options.onUp?.();
          resolve();
        }
      });
      thread.on('error', (error: unknown) => {
        failure = errorOf(error);
      });
      thread.on('exit', (status) => {
        const wasAlive = alive;
        const error = failure ?? new Error(`the ${options.name} thread ended with status ${status}`);
        alive = false;
        worker = undefined;
        if (!wasAlive) reject(error);
        else if (!closing) {
          restarts += 1;
          restart(error);
        }
      });
    });

  const restart = (error: Error): void => {
    options.onDown?.(error);
    cancelRestart = clock.at(clock.now() + restartMs, () => {
      restartMs = Math.min(restartMs * 2, LAST_RESTART_MS);
      start().catch((again: unknown) => {
        if (!closing) restart(errorOf(again));
      });
    });
  };

  await start();

  return {
    get alive() {
      return alive;
    },
    get restarts() {
      return restarts;
    },
    post(message, transfer) {
      if (alive) worker?.postMessage(message, transfer);
    },
    close() {
      closing ??= leave();
      return closing;
    },
  };

  async function leave(): Promise<void> {
    cancelRestart();
    const thread = worker;
    if (!thread) return;
    thread.postMessage({ type: 'close' } satisfies WorkerFarewell);
    await gone(thread, clock);
  }
}

/** Resolves when a thread that was asked to leave is gone; after two seconds it is terminated. */
export async function gone(thread: Worker, clock: Clock = systemClock): Promise<void> {
  const ended = new Promise((resolve) => thread.once('exit', resolve));
  const withdraw = clock.at(clock.now() + LEAVE_MS, () => {
    void thread.terminate();
  });
  await ended;
  withdraw();
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}

function isGreeting(message: unknown): message is WorkerGreeting {
  const type = (message as { type?: unknown }).type;
  return type === 'ready' || type === 'unavailable';
}
