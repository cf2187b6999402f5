/** A worker of the program (`?worker=`, relative to src/) that dies or hangs as it is told on a channel (mortal-threads.ts). */
import { BroadcastChannel, parentPort } from 'node:worker_threads';
import koffi from 'koffi';
import { NATIVE_S, type Death } from './mortal-threads.ts';

const given = new URL(import.meta.url).searchParams;

function suffer(how: Death): void {
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

const channel = new BroadcastChannel(given.get('name') ?? '');
channel.onmessage = ({ data }: MessageEvent) => {
  suffer(data as Death);
};
channel.unref();

const atStart = given.get('atStart');
if (atStart !== null) suffer(atStart as Death);
// Only now, since it says that it is ready.
await import(new URL(`../../src/${given.get('worker') ?? ''}`, import.meta.url).href);
