import { BroadcastChannel } from 'node:worker_threads';
import type { Supervision } from '../../src/threads/supervised-thread.ts';

/**
 * `throw`, `exit` and `hang` (in JavaScript) are what a bug would do; `native` sleeps in C for NATIVE_S seconds, where
 * nothing ends a thread; `deaf`: it turns, but does nothing any more that it is told.
 */
export type Death = 'throw' | 'exit' | 'hang' | 'native' | 'deaf';

export const NATIVE_S = 8;

let channels = 0;

/** The program's own workers, which come to harm when they are told to. */
export class MortalThreads {
  /** Gives them to whoever owns threads. */
  readonly supervision: Supervision;
  readonly #channel: BroadcastChannel;

  /** `worker` is relative to src/. `atStart`: those that are started from now on do that instead. */
  constructor(worker: string, atStart?: Death) {
    const name = `mortal ${process.pid} ${channels++}`;
    const workerEntry = new URL('mortal-worker.ts', import.meta.url);
    workerEntry.search = new URLSearchParams({ worker, name, ...(atStart && { atStart }) }).toString();
    this.supervision = { workerEntry };
    this.#channel = new BroadcastChannel(name);
    this.#channel.unref();
  }

  /** What happens to those that live. */
  end(how: Death): void {
    this.#channel.postMessage(how);
  }

  close(): void {
    this.#channel.close();
  }
}
