/** A silero thread that can serve nobody. */
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', (request: { type: string; stream: number }) => {
  if (request.type === 'close') parentPort?.close();
  if (request.type !== 'open') return;
  parentPort?.postMessage({ type: 'failed', stream: request.stream, message: 'out of memory' });
});
parentPort?.postMessage({ type: 'ready' });
