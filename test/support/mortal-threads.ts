import { BroadcastChannel } from 'node:worker_threads';
import type { Supervision } from '../../src/threads/supervised-thread.ts';
import type { Death, Told } from './mortal-thread.ts';

let channels = 0;

/** The program's own workers, which come to harm when they are told to. */
export class MortalThreads {
  /** Gives them to whoever owns threads. */
  readonly supervision: Supervision;
  readonly #channel: BroadcastChannel;

  /** `worker` is relative to src/; with `atStart` they come to that harm instead of starting. */
  constructor(worker: string, atStart?: Death) {
    const name = `mortal ${channels++}`;
    const inside = new URL('mortal-thread.ts', import.meta.url).href;
    const program = new URL(`../../src/${worker}`, import.meta.url).href;
    // A file can't be told anything by its URL, and what a thread is given is its owner's.
    const code = [
      `import { mortal, suffer } from ${JSON.stringify(inside)};`,
      `mortal(${JSON.stringify(name)});`,
      atStart === undefined ? '' : `suffer(${JSON.stringify(atStart)});`,
      `await import(${JSON.stringify(program)});`,
    ];
    this.supervision = {
      workerEntry: new URL(`data:text/javascript,${encodeURIComponent(code.join(''))}`),
    };
    this.#channel = new BroadcastChannel(name);
    this.#channel.unref();
  }

  /** What happens to those that live, or to the one of that name. */
  end(how: Death, thread?: string): void {
    this.#channel.postMessage({ how, thread } satisfies Told);
  }

  /** The same; resolves when the thread has heard it, and does nothing else any more. */
  async strike(how: Death): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      this.#channel.onmessage = () => {
        resolve();
      };
    });
    this.end(how);
    await heard;
  }

  close(): void {
    this.#channel.close();
  }
}
