import { Worker } from 'node:worker_threads';
import type { Finding } from './fuzz-run.ts';
import type { TargetName } from './targets.ts';

export interface FuzzOrder {
  readonly seed: number;
  /** Of each seed, from `seed` on; 0: the corpus alone. */
  readonly runs?: number;
  /** For how long; missing: without end. 0: one seed. */
  readonly ms?: number;
  /** This one alone. */
  readonly session?: string;
}

export type FuzzReport =
  | { readonly type: 'progress'; readonly sessions: number; readonly seed: number }
  | { readonly type: 'done'; readonly sessions: number; readonly finding: Finding | undefined };

/** A session that isn't over by then hangs: a busy machine takes its time. */
const HANG_MS = 30_000;
const LOOK_MS = 1000;
const SESSION_BYTES = 4 * 2 ** 20;
/** More than any target needs. */
const HEAP_MIB = 512;

/** Fuzzes one target in a thread of its own. Resolves when it is over, or with the first thing that was found. */
export function fuzz(
  target: TargetName,
  order: FuzzOrder,
  onProgress: (sessions: number, seed: number) => void = () => undefined,
): Promise<{ readonly sessions: number; readonly finding: Finding | undefined }> {
  const current = new SharedArrayBuffer(8 + SESSION_BYTES);
  const [length, count] = [new Int32Array(current, 0, 1), new Int32Array(current, 4, 1)];
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
    workerData: { target, order, current },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  return new Promise((resolve) => {
    let seen = 0;
    let since = performance.now();
    const stop = (error: string): void => {
      const session = Buffer.from(new Uint8Array(current, 8, length[0])).toString();
      over({ sessions: Atomics.load(count, 0), finding: { target, session, error } });
    };
    const watch = setInterval(() => {
      const now = Atomics.load(count, 0);
      if (now !== seen) [seen, since] = [now, performance.now()];
      else if (performance.now() - since > HANG_MS) stop(`it hangs: nothing for ${HANG_MS} ms`);
    }, LOOK_MS);
    const over = (outcome: { readonly sessions: number; readonly finding: Finding | undefined }): void => {
      clearInterval(watch);
      void worker.terminate();
      resolve(outcome);
    };
    worker.on('message', (report: FuzzReport) => {
      if (report.type === 'progress') onProgress(report.sessions, report.seed);
      else over(report);
    });
    worker.on('error', (error: Error) => {
      stop(error.stack ?? error.message);
    });
  });
}
