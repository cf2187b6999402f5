/**
 * To be preloaded (`NODE_OPTIONS=--import=…`): SIGUSR2 lets the main thread write how late its event loop was since the last
 * time into the file LOOP_DELAY_FILE, as a LoopDelay.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** Milliseconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** As often as it can: the histogram is of what is beyond this. */
const RESOLUTION_MS = 1;
const file = process.env['LOOP_DELAY_FILE'];

if (isMainThread && file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  process.on('SIGUSR2', () => {
    const ms = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION_MS);
    const told: LoopDelay = {
      p50: ms(delays.percentile(50)),
      p99: ms(delays.percentile(99)),
      worst: ms(delays.max),
    };
    delays.reset();
    writeFileSync(`${file}.new`, JSON.stringify(told));
    renameSync(`${file}.new`, file);
  });
}
