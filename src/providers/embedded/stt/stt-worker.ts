/** The speech worker: all calls' recognisers in one thread, which koffi's calls block in small steps. */
import { setPriority } from 'node:os';
import { setImmediate as nextMessages } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import type { Transcript } from '../../../dialog/contract/speech.ts';
import { collectAfterCalls } from '../../../threads/collect-garbage.ts';
import { ThreadSide } from '../../../threads/thread-side.ts';
import type { DomainReport } from './domain-files.ts';
import { loadPocketsphinx } from './pocketsphinx.ts';
import { RecogniserPool } from './recogniser-pool.ts';
import { TurnListener } from './turn-listener.ts';
import { NOTHING } from './verdict.ts';
import { unavailable } from './model-files.ts';
import type { Command, PartialText, WorkerOptions } from './worker-protocol.ts';

/**
 * Among ordinary threads it gets nine parts of the processor to one (sched(7)). Measured with six busy programs on two
 * cores: the text comes 54 ms after the turn's end instead of 1,093, of a clipped voice 435 instead of 9,408.
 */
const NICE = -10;

const main = new ThreadSide<Command, PartialText>();
const options = workerData as WorkerOptions;
const listeners = new Map<number, { listener: TurnListener; giveBack: () => void }>();
const afterCall = collectAfterCalls(16);
/** Those that are to be opened, and haven't been given up. */
const opening = new Set<number>();
let lastOpening: Promise<unknown> = Promise.resolve();
let pool: RecogniserPool | undefined;

function thePool(): RecogniserPool {
  pool ??= new RecogniserPool(loadPocketsphinx(options), options.maxStreams);
  return pool;
}

/** A recogniser takes a tenth of a second, and more on a busy machine: who gives up meanwhile gets none. */
function open({ stream, source, heard }: Extract<Command, { type: 'open' }>): void {
  if (!opening.delete(stream)) throw unavailable('nobody waits for this recogniser any more');
  const { recogniser, giveBack } = thePool().lend(source);
  const listener = new TurnListener(heard, recogniser, (text) => {
    main.report({ stream, text });
  });
  listeners.set(stream, {
    listener,
    giveBack: () => {
      giveBack(recogniser);
    },
  });
}

function obey(command: Command): DomainReport | Promise<Transcript | undefined> | undefined {
  switch (command.type) {
    case 'load':
      thePool();
      return undefined;
    case 'prepare':
      return thePool().prepare(command.source);
    case 'open': {
      opening.add(command.stream);
      const opened = lastOpening
        .then(() => nextMessages())
        .then((): undefined => {
          open(command);
        });
      lastOpening = opened.catch(() => undefined);
      return opened;
    }
    case 'begin':
      listeners.get(command.stream)?.listener.begin(command.frame);
      return undefined;
    case 'end': {
      return listeners.get(command.stream)?.listener.end(command.frame) ?? Promise.resolve(NOTHING);
    }
    case 'close': {
      opening.delete(command.stream);
      const stream = listeners.get(command.stream);
      listeners.delete(command.stream);
      stream?.listener.close();
      stream?.giveBack();
      if (stream) afterCall();
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
    opening.clear();
    for (const { listener, giveBack } of listeners.values()) {
      listener.close();
      giveBack();
    }
    listeners.clear();
    pool?.free();
  },
});
