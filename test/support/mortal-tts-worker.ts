/** A flite thread that dies without a goodbye when something is said on `mortal-tts-worker`. */
import { BroadcastChannel } from 'node:worker_threads';

const death = new BroadcastChannel('mortal-tts-worker');
death.onmessage = () => {
  process.exit(7);
};
death.unref();

// Only now, since it says that it is ready.
await import('../../src/providers/embedded/tts/flite-worker.ts');
