/** A thread that does what it is told, for the supervisor's tests. */
import { workerData } from 'node:worker_threads';
import koffi from 'koffi';
import { inNativeCode } from '../../src/threads/native-code.ts';
import { ThreadSide } from '../../src/threads/thread-side.ts';

export interface ObedientData {
  /** Number of starts so far: one Int32. */
  readonly starts: SharedArrayBuffer;
  /** `refuse`: says that it can't; `mute`: says nothing; `native`: sleeps in C; `die`: ends. Else it starts. */
  readonly start?: 'refuse' | 'mute' | 'native' | 'die';
  /** Counts from 1: from this start on it does so. Default 1. */
  readonly from?: number;
  /** Doesn't leave when it is told to stop: a timer holds it. */
  readonly stays?: boolean;
}

export type ObedientCommand =
  | { readonly do: 'echo'; readonly text: string }
  | { readonly do: 'answer'; readonly text: string }
  | { readonly do: 'refuse' | 'say nothing' | 'throw' | 'reject' | 'exit' | 'hang' }
  | { readonly do: 'native'; readonly seconds: number }
  /** Many short calls whose results an addon writes into an array. */
  | { readonly do: 'call natively'; readonly ms: number };

const data = workerData as ObedientData;
const start = Atomics.add(new Int32Array(data.starts), 0, 1) + 1;
const sleep = (seconds: number): unknown =>
  koffi.load('libc.so.6').func('unsigned int sleep(unsigned int)')(seconds);
const main = new ThreadSide<ObedientCommand, string, { readonly start: number }>();

if (data.start === undefined || start < (data.from ?? 1)) {
  main.ready({ start }, { obey, stop: () => data.stays && setInterval(() => undefined, 1000) });
} else if (data.start === 'refuse') {
  main.unable(Object.assign(new Error('no model here'), { code: 'ENOENT' }));
} else if (data.start === 'mute') {
  setInterval(() => undefined, 1000);
} else if (data.start === 'native') {
  sleep(10);
} else {
  process.exit(9);
}

function obey(command: ObedientCommand): unknown {
  switch (command.do) {
    case 'echo':
      main.report(command.text);
      return undefined;
    case 'answer':
      return Promise.resolve(command.text);
    case 'refuse':
      throw Object.assign(new Error('not today'), { code: 'STT_UNAVAILABLE' });
    case 'say nothing':
      return new Promise(() => undefined);
    case 'throw':
      throw new Error('as you wish');
    case 'reject':
      return Promise.reject(new Error('as you wish'));
    case 'exit':
      return process.exit(9);
    case 'hang':
      for (;;);
    case 'native':
      return sleep(command.seconds);
    case 'call natively':
      callNatively(command.ms);
  }
}

function callNatively(durationMs: number): void {
  const wait = koffi.load('libc.so.6').func('int waitpid(int pid, _Out_ int *status, int options)');
  const end = performance.now() + durationMs;
  while (performance.now() < end) inNativeCode(() => wait(-1, [0], 1) as number);
}
