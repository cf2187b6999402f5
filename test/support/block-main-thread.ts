/**
 * To be preloaded (`NODE_OPTIONS=--import=…`): SIGUSR2 blocks the main thread for BLOCK_MS, as work that takes too long
 * would. It says when that was in one line of JSON.
 */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

export const BLOCK_MS = 2000;

if (isMainThread) {
  process.on('SIGUSR2', () => {
    const from = Date.now();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCK_MS);
    writeSync(2, `${JSON.stringify({ msg: 'blocked', from, until: Date.now() })}\n`);
  });
}
