import { flushCompileCache } from 'node:module';
import { parentPort, type MessagePort, type Transferable } from 'node:worker_threads';
import { messageOf } from '../lib/errors.ts';
import { collectAllGarbage, collectGarbage } from './collect-garbage.ts';
import { modulesLoaded } from './native-code.ts';
import type { FromThread, Said, ToThread } from './thread-messages.ts';

/** What a thread's program must provide. */
export interface Duties<Command> {
  /**
   * What it returns (or resolves to) is the answer, if one is waited for. What it throws rejects that request; if no
   * answer is waited for, it ends the thread.
   */
  obey(command: Command): unknown;
  /** Gives back what it has. Afterwards the thread ends as soon as nothing is left in its event loop. */
  stop(): unknown;
}

/** The thread's own side of a SupervisedThread. Only for modules that are started as worker threads. */
export class ThreadSide<Command, Report, About = undefined> {
  readonly #port: MessagePort;

  constructor() {
    if (parentPort === null) throw new Error('this module is started as a worker thread');
    this.#port = parentPort;
    modulesLoaded();
  }

  /** Says that the thread can work, and does from now on what it is told. */
  ready(about: About, duties: Duties<Command>): void {
    this.#port.on('message', (message: ToThread<Command>) => {
      if (message.kind === 'beat') Atomics.store(new Int32Array(message.beats), 0, message.count);
      else if (message.kind === 'stop') void this.#stop(duties);
      else if (message.kind === 'collect') (message.all ? collectAllGarbage : collectGarbage)();
      else if (message.request === undefined) void duties.obey(message.command);
      else void this.#answer(duties, message.command, message.request);
    });
    // What it has compiled, for the next one, however this one ends (compiled-code.ts). Nothing new: nothing is written.
    flushCompileCache();
    this.#say({ kind: 'ready', about });
  }

  /** Says why the thread will never be able to work, and ends it. */
  unable(error: unknown): void {
    this.#say({ kind: 'unable', error: said(error) });
    this.#port.close();
  }

  report(report: Report, transfer?: readonly Transferable[]): void {
    this.#say({ kind: 'report', report }, transfer);
  }

  async #answer(duties: Duties<Command>, command: Command, request: number): Promise<void> {
    try {
      this.#say({ kind: 'answer', request, answer: await duties.obey(command) });
    } catch (error) {
      this.#say({ kind: 'refused', request, error: said(error) });
    }
  }

  async #stop(duties: Duties<Command>): Promise<void> {
    await duties.stop();
    this.#port.close();
  }

  #say(message: FromThread<Report, About>, transfer?: readonly Transferable[]): void {
    this.#port.postMessage(message, transfer);
  }
}

function said(error: unknown): Said {
  const { code } = error as { code?: unknown };
  return { message: messageOf(error), ...(typeof code === 'string' && { code }) };
}
