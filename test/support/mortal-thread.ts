/** Inside a thread of MortalThreads: it dies or hangs as it is told on a channel. */
import { BroadcastChannel, parentPort } from 'node:worker_threads';
import koffi from 'koffi';
import { modulesLoaded } from '../../src/threads/native-code.ts';
import { threadName } from './thread-name.ts';

/**
 * `throw`, `exit` and `hang` (in JavaScript) are what a bug would do; `native` sleeps in C for NATIVE_S seconds, where
 * nothing ends a thread; `deaf`: it turns, but does nothing any more that it is told.
 */
export type Death = 'throw' | 'exit' | 'hang' | 'native' | 'deaf';

export const NATIVE_S = 12;

/** What is said on the channel: to the thread of that name, or to all. */
export interface Told {
  readonly how: Death;
  readonly thread?: string | undefined;
}

export function mortal(channelName: string): void {
  modulesLoaded(); // so that one that hangs at its start can be ended
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = ({ data }: MessageEvent) => {
    const { how, thread } = data as Told;
    if (thread !== undefined && thread !== threadName()) return;
    channel.postMessage('as you say');
    suffer(how);
  };
  channel.unref();
}

export function suffer(how: Death): void {
  switch (how) {
    case 'throw':
      throw new Error('the thread was told to fail');
    case 'exit':
      process.exit(7);
      break;
    case 'hang':
      for (;;);
    case 'native':
      koffi.load('libc.so.6').func('unsigned int sleep(unsigned int)')(NATIVE_S);
      break;
    case 'deaf':
      parentPort?.removeAllListeners('message');
  }
}
