/** The voice detector's thread, which dies without a goodbye when something is said on DEATH_CHANNEL. */
import { BroadcastChannel } from 'node:worker_threads';
import '../../src/providers/embedded/vad/silero-worker.ts';

const death = new BroadcastChannel('mortal-vad-worker');
death.onmessage = () => {
  process.exit(7);
};
death.unref();
