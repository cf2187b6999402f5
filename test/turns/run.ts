import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Variant } from './agent-call.ts';
import { allCases, type Case } from './cases.ts';
import type { CallLog } from './call-log.ts';
import type { Half } from './voices.ts';

export interface Job {
  readonly test: string;
  /** Name of one of the variants, and the pause that it is to be tried with instead of its own. */
  readonly variant: string;
  readonly pauseMs?: number;
}

export interface Choice {
  readonly half?: Half | undefined;
  /** Parts of the names of cases, which begin with their half and their class; commas between them. */
  readonly only?: string | undefined;
  /** At most so many of each class, spread over it. */
  readonly most?: number | undefined;
}

export function chosenCases({ half, only = '', most = Infinity }: Choice): readonly Case[] {
  const parts = only.split(',');
  const wanted = allCases().filter(
    (test) => (!half || test.half === half) && parts.some((part) => test.id.includes(part)),
  );
  return wanted.filter((test) => {
    const alike = wanted.filter((other) => other.class === test.class);
    const step = Math.max(1, alike.length / most);
    return Math.floor(alike.indexOf(test) / step) !== Math.floor((alike.indexOf(test) - 1) / step);
  });
}

/** A row of the report with another pause, and with model and voice that need no time: for cut-offs against dead air. */
export function swept(variant: Variant, pauseMs: number): Variant {
  const limits = { ...variant.limits, endpointingMs: pauseMs, eagerPauseMs: Math.min(250, pauseMs / 2) };
  return { ...variant, limits, instantly: true };
}

/** Runs the jobs in so many threads; the logs come in the jobs' order. */
export async function runAll(
  jobs: readonly Job[],
  threads: number,
  onDone: () => void = () => undefined,
): Promise<CallLog[]> {
  const logs: CallLog[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./replay-worker.ts', import.meta.url));
    try {
      while (next < jobs.length) {
        const index = next++;
        const answer = once(worker, 'message');
        worker.postMessage(jobs[index]);
        logs[index] = ((await answer) as [CallLog])[0];
        onDone();
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, work));
  return logs;
}
