/**
 * To be preloaded (`NODE_OPTIONS=--import=…`): SIGUSR2 lets the thread named SLEEPER sleep in C, where nothing ends it,
 * for longer than any test waits.
 */
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import koffi from 'koffi';
import { threadName } from './thread-name.ts';

const channel = new BroadcastChannel('sleep in native code');
channel.unref();
if (isMainThread) {
  process.on('SIGUSR2', () => {
    channel.postMessage('now');
  });
} else {
  channel.onmessage = () => {
    if (threadName() !== process.env['SLEEPER']) return;
    koffi.load('libc.so.6').func('unsigned int sleep(unsigned int)')(120);
  };
  channel.unref();
}
