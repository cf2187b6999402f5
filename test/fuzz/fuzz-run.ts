import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { mutated } from './mutations.ts';
import { sessionToJson, type FuzzTarget, type Session } from './target.ts';

/** What was found, as small as it could be made. */
export interface Finding {
  readonly target: string;
  readonly session: string;
  readonly error: string;
}

/** An asynchronous session that takes longer hangs. */
const SESSION_MS = 10_000;
/** It starts what it is sent to, while all others do. */
const FIRST_MS = 60_000;
/** What is kept beyond this isn't what a cache may have. */
const GROWTH_BYTES = 64 * 2 ** 20;

/** Runs a target with what the seed says. What nobody catches counts as found, too: it must be the only user of this thread. */
export class FuzzRun {
  readonly #name: string;
  readonly #target: FuzzTarget;
  readonly #onSession: (session: Session) => void;
  readonly #uncaught: unknown[] = [];
  #sessions = 0;
  #atRest: number | undefined;

  /** `onSession`: told of each before it runs. */
  constructor(name: string, target: FuzzTarget, onSession: (session: Session) => void) {
    this.#name = name;
    this.#target = target;
    this.#onSession = onSession;
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.removeAllListeners(event);
      process.on(event, (error: unknown) => this.#uncaught.push(error));
    }
  }

  get sessions(): number {
    return this.#sessions;
  }

  /** The corpus as it is. */
  async corpus(): Promise<Finding | undefined> {
    for (const session of this.#target.corpus) {
      const finding = await this.one(session);
      if (finding) return finding;
    }
    this.#atRest = memoryInUse();
    return undefined;
  }

  async one(session: Session): Promise<Finding | undefined> {
    try {
      await this.#run(session);
      return undefined;
    } catch (error) {
      return this.#finding(session, error);
    }
  }

  /** `runs` sessions that follow from the seed; of one that fails, a small form. */
  async mutations(seed: number, runs: number): Promise<Finding | undefined> {
    const property = fc.asyncProperty(mutated(this.#target.corpus), (session) => this.#run(session));
    const { failed, counterexample, errorInstance } = await fc.check(property, {
      seed,
      numRuns: runs,
      interruptAfterTimeLimit: 600_000,
    });
    if (failed && counterexample) return this.#finding(counterexample[0], errorInstance);
    const grown = memoryInUse() - (this.#atRest ?? Infinity);
    if (grown <= GROWTH_BYTES) return undefined;
    return this.#finding(
      [],
      new Error(`${Math.round(grown / 2 ** 20)} MiB are kept after ${this.#sessions} sessions`),
    );
  }

  async #run(session: Session): Promise<void> {
    this.#sessions += 1;
    this.#onSession(session);
    const running = this.#target.run(session);
    if (running) {
      await inTime(running, this.#sessions === 1 ? FIRST_MS : SESSION_MS);
      // What nobody caught is told of after a turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#uncaught.length > 0) throw this.#uncaught.splice(0)[0];
  }

  #finding(session: Session, error: unknown): Finding {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { target: this.#name, session: sessionToJson(session), error: text };
  }
}

async function inTime(running: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`it isn't over after ${ms} ms`));
    }, ms);
  });
  await Promise.race([running, late]).finally(() => {
    clearTimeout(timer);
  });
}

function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
