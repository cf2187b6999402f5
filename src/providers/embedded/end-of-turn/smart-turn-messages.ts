import type { TurnSound } from '../../../dialog/contract/speech.ts';
import type { Milliseconds } from '../../../lib/clock.ts';

/** The answer is the chance, 0 … 1. */
export interface Question {
  readonly turn: TurnSound;
  /** Nobody waits for the answer after this instant. */
  readonly until: Milliseconds;
}

export interface SmartTurnWorkerData {
  readonly modelPath: string;
}
