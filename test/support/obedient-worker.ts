/** A worker thread that does what it is told: `die`, `throw`, or give the word back. */
import { parentPort, workerData } from 'node:worker_threads';

const { refuses, stays } = workerData as { refuses?: string; stays?: boolean };

if (refuses === undefined) {
  parentPort?.on('message', (message: unknown) => {
    if (message === 'die') process.exit(9);
    if (message === 'throw') throw new Error('as you wish');
    if ((message as { type?: unknown }).type === 'close') {
      if (stays !== true) parentPort?.close();
      return;
    }
    parentPort?.postMessage({ type: 'echo', message });
  });
  parentPort?.postMessage({ type: 'ready' });
} else {
  parentPort?.postMessage({ type: 'unavailable', message: refuses });
}
