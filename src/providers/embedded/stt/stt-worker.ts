/** The speech worker: all calls' recognisers in one thread, which koffi's calls block in small steps. */
import { setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import type { Transcript } from '../../../dialog/contract/speech.ts';
import { ThreadSide } from '../../../threads/thread-side.ts';
import type { DomainReport } from './domain-files.ts';
import { loadPocketsphinx } from './pocketsphinx.ts';
import { RecogniserPool } from './recogniser-pool.ts';
import { TurnListener } from './turn-listener.ts';
import { NOTHING } from './verdict.ts';
import type { Command, PartialText, WorkerOptions } from './worker-protocol.ts';

/**
 * Among ordinary threads it gets nine parts of the processor to one (sched(7)). Measured with six busy programs on two
 * cores: the text comes 54 ms after the turn's end instead of 1,093, of a clipped voice 435 instead of 9,408.
 */
const NICE = -10;

const main = new ThreadSide<Command, PartialText>();
const options = workerData as WorkerOptions;
const listeners = new Map<number, { listener: TurnListener; giveBack: () => void }>();
let pool: RecogniserPool | undefined;

function thePool(): RecogniserPool {
  pool ??= new RecogniserPool(loadPocketsphinx(options), options.maxStreams);
  return pool;
}

function obey(command: Command): DomainReport | Promise<Transcript> | undefined {
  switch (command.type) {
    case 'load':
      thePool();
      return undefined;
    case 'prepare':
      return thePool().prepare(command.source);
    case 'open': {
      const { stream } = command;
      const { recogniser, giveBack } = thePool().lend(command.source);
      const listener = new TurnListener(command.heard, recogniser, (text) => {
        main.report({ stream, text });
      });
      listeners.set(stream, {
        listener,
        giveBack: () => {
          giveBack(recogniser);
        },
      });
      return undefined;
    }
    case 'begin':
      listeners.get(command.stream)?.listener.begin(command.frame);
      return undefined;
    case 'end': {
      return listeners.get(command.stream)?.listener.end(command.frame) ?? Promise.resolve(NOTHING);
    }
    case 'close': {
      const open = listeners.get(command.stream);
      listeners.delete(command.stream);
      open?.listener.close();
      open?.giveBack();
      return undefined;
    }
  }
}

try {
  // This thread alone (Linux). A caller waits for it, and it needs a fifth of a core of its own.
  setPriority(NICE);
} catch {
  // Not permitted (CAP_SYS_NICE, or a nice limit): it takes its turn with all others.
}

main.ready(undefined, {
  obey,
  stop() {
    for (const { listener, giveBack } of listeners.values()) {
      listener.close();
      giveBack();
    }
    listeners.clear();
    pool?.free();
  },
});
