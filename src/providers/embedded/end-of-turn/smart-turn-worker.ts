import { workerData } from 'node:worker_threads';
import { monotonicNow } from '../../../lib/clock.ts';
import { LogMel } from '../../../media/log-mel.ts';
import { inNativeCode } from '../../../threads/native-code.ts';
import { ThreadSide } from '../../../threads/thread-side.ts';
import { loadSmartTurn, type SmartTurnModel } from './smart-turn-model.ts';
import type { Question, SmartTurnWorkerData } from './smart-turn-messages.ts';
import { turnSamples } from './turn-samples.ts';

/** The speech thread that judges the ends of all calls' turns, one after the other. */
const main = new ThreadSide<Question, never>();
const logMel = new LogMel();

try {
  serve(await inNativeCode(() => loadSmartTurn((workerData as SmartTurnWorkerData).modelPath)));
} catch (error) {
  main.unable(error);
}

function serve(model: SmartTurnModel): void {
  let last: Promise<unknown> = Promise.resolve();
  main.ready(undefined, {
    obey(question) {
      const answer = last.then(() => judge(model, question));
      last = answer.catch(() => undefined);
      return answer;
    },
    stop: () => undefined,
  });
}

function judge(model: SmartTurnModel, { turn, until }: Question): Promise<number> {
  // Who asked has gone on already: those behind them need not wait for it.
  if (monotonicNow() > until) throw new Error('the question came too late');
  const features = logMel.extract(turnSamples(turn));
  return inNativeCode(() => model.judge(features));
}
