/**
 * To be preloaded (`NODE_OPTIONS=--import=…`): at SIGUSR2 the media thread has more to do than there is time, by
 * work that it does for nothing; at the next one it hasn't any more.
 */
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { threadName } from './thread-name.ts';

/** Of every PERIOD_MS it is busy for so long: packets leave a tenth of a second late and more. */
const BUSY_MS = 400;
const PERIOD_MS = 450;

const channel = new BroadcastChannel('busy media thread');
channel.unref();
if (isMainThread) {
  process.on('SIGUSR2', () => {
    channel.postMessage('now');
  });
} else {
  let working: NodeJS.Timeout | undefined;
  channel.onmessage = () => {
    if (!threadName().startsWith('media')) return;
    if (working) {
      clearInterval(working);
      working = undefined;
      return;
    }
    working = setInterval(() => {
      const until = performance.now() + BUSY_MS;
      while (performance.now() < until);
    }, PERIOD_MS);
  };
  channel.unref();
}
