import type { EndOfTurnModel } from '../../../dialog/contract/ports.ts';
import { within } from '../../../lib/abort.ts';
import { monotonicNow, systemClock, type Milliseconds } from '../../../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../../../lib/errors.ts';
import { SPEECH_POLICY } from '../../../threads/policies.ts';
import { SupervisedThread, type Supervision } from '../../../threads/supervised-thread.ts';
import { forbidTelemetry } from '../onnx.ts';
import type { Question, SmartTurnWorkerData } from './smart-turn-messages.ts';

/** A turn's end that comes later than this isn't worth its wait. */
const ANSWER_MS: Milliseconds = 200;

export interface SmartTurnOptions {
  /** The ONNX file. */
  readonly modelPath: string;
  /** It doesn't answer (told once until it does again), or its thread died. Calls go on without it. */
  readonly onTrouble?: (message: string) => void;
  /** Of its thread, where that shall differ from the usual. */
  readonly supervision?: Supervision | undefined;
}

/** Smart Turn v3 in a speech thread of its own. Throws END_OF_TURN_UNAVAILABLE when the file isn't such a model. */
export async function createSmartTurn(options: SmartTurnOptions): Promise<EndOfTurnModel> {
  forbidTelemetry();
  const { modelPath, onTrouble = () => undefined } = options;
  const thread = new SupervisedThread<Question, never>({
    name: 'end-of-turn',
    entry: new URL('./smart-turn-worker.ts', import.meta.url),
    data: (): SmartTurnWorkerData => ({ modelPath }),
    policy: SPEECH_POLICY,
    atWork: () => false,
    onReport: () => undefined,
    onDown: (reason, givenUp) => {
      const outcome = givenUp ? 'given up for now' : 'started again';
      onTrouble(`the end-of-turn model's thread ended: ${reason}; it is ${outcome}`);
    },
    onWarning: onTrouble,
    supervision: options.supervision,
  });
  try {
    await thread.start();
  } catch (error) {
    throw new VoiceAgentError(
      'END_OF_TURN_UNAVAILABLE',
      `the end-of-turn model ${modelPath} can't be used: ${messageOf(error)}`,
      { cause: error },
    );
  }
  let unanswered = 0;
  let isAnswering = true;

  return {
    name: 'smart-turn-v3',
    async judge(turn) {
      const question: Question = { turn, until: monotonicNow() + ANSWER_MS };
      try {
        const chance = await within(thread.ask(question), ANSWER_MS, systemClock, () => {
          throw new Error(`it did not answer within ${ANSWER_MS} ms`);
        });
        isAnswering = true;
        return chance as number;
      } catch (error) {
        unanswered += 1;
        if (isAnswering) onTrouble(`turns end without the end-of-turn model: ${messageOf(error)}`);
        isAnswering = false;
        return undefined;
      }
    },
    // A call can do without it, so that it has no `trouble`.
    status: () => ({
      threads: [{ name: 'end-of-turn', alive: thread.up, restarts: thread.restarts }],
      requests: thread.requests,
      unanswered,
    }),
    close: () => thread.close(),
  };
}
