/** The speech worker: all calls' recognisers in one thread, which koffi's calls block in small steps. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { VoiceAgentError, messageOf } from '../../../lib/errors.ts';
import { loadPocketsphinx } from './pocketsphinx.ts';
import { RecogniserPool } from './recogniser-pool.ts';
import { TurnListener } from './turn-listener.ts';
import { NOTHING } from './verdict.ts';
import type { Command, Report, WorkerOptions } from './worker-protocol.ts';

const port = parentPort as MessagePort; // this module is only ever started as a worker
const options = workerData as WorkerOptions;
const listeners = new Map<number, { listener: TurnListener; giveBack: () => void }>();
let pool: RecogniserPool | undefined;

const report = (message: Report): void => {
  port.postMessage(message);
};

function thePool(): RecogniserPool {
  pool ??= new RecogniserPool(loadPocketsphinx(options), options.maxStreams);
  return pool;
}

async function carryOut(command: Command): Promise<void> {
  switch (command.type) {
    case 'prepare': {
      report({ type: 'done', request: command.request, result: thePool().prepare(command.source) });
      return;
    }
    case 'open': {
      const { recogniser, giveBack } = thePool().lend(command.source);
      const listener = new TurnListener(command.heard, recogniser, (text) => {
        report({ type: 'partial', stream: command.stream, text });
      });
      listeners.set(command.stream, {
        listener,
        giveBack: () => {
          giveBack(recogniser);
        },
      });
      report({ type: 'done', request: command.request });
      return;
    }
    case 'begin': {
      listeners.get(command.stream)?.listener.begin(command.frame);
      return;
    }
    case 'end': {
      const listener = listeners.get(command.stream)?.listener;
      const transcript = (await listener?.end(command.frame)) ?? NOTHING;
      report({ type: 'done', request: command.request, result: transcript });
      return;
    }
    case 'close': {
      const open = listeners.get(command.stream);
      listeners.delete(command.stream);
      open?.listener.close();
      open?.giveBack();
      return;
    }
    case 'stop': {
      for (const { listener, giveBack } of listeners.values()) {
        listener.close();
        giveBack();
      }
      listeners.clear();
      pool?.free();
      pool = undefined;
      report({ type: 'done', request: command.request });
      port.close();
    }
  }
}

port.on('message', (command: Command) => {
  carryOut(command).catch((error: unknown) => {
    if (!('request' in command)) throw error;
    const code = error instanceof VoiceAgentError ? error.code : 'STT_FAILED';
    report({ type: 'refused', request: command.request, code, message: messageOf(error) });
  });
});
