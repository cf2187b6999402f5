import { think } from './turn-certain.ts';
import { close, commonOf, failedEnding, leave, listen, still, stopped, type Step } from './turn-moves.ts';
import type { TransferOutcome } from './call-info.ts';
import type {
  Common,
  ConnectedState,
  Transfer,
  TransferringState,
  TurnEvent,
  TurnInput,
  TurnSettings,
} from './turn-states.ts';

/** By this key a caller who hears it ring comes back. */
const BACK_KEY = '*';

/** The words before it are out: somebody else is called. */
export function beginTransfer(state: Common, transfer: Transfer, at: number, settings: TurnSettings): Step {
  // An ending that is wanted from outside comes first.
  if (state.wanted) return close(listen(state, at, settings), state.wanted.ending, at, settings, []);
  return {
    state: { ...commonOf(state), failures: 0, prompts: 0, phase: 'transferring', transfer, held: false },
    actions: [{ do: 'transfer', transfer }],
  };
}

/** It rings. */
export function whenTransferring(state: TransferringState, event: TurnEvent, settings: TurnSettings): Step {
  switch (event.type) {
    case 'transfer-over':
      return transferOver(state, event.outcome, event.at, settings);
    case 'speech-start':
      return still({ ...state, ear: { is: 'talking', frame: event.frame, since: event.since } });
    case 'speech-stop':
      return still({ ...state, ear: stopped(state.ear, event) });
    case 'dtmf':
      return event.digit === BACK_KEY ? { state, actions: [{ do: 'cancel-transfer' }] } : still(state);
    case 'hold':
    case 'unhold':
      return still({ ...state, held: event.type === 'hold' });
    case 'stt-failed': {
      if (!event.fatal) return still(state);
      // Whoever answers doesn't need a recogniser. If nobody does, the call can't go on.
      const ending = { ...failedEnding('failed', settings), phrase: 'apology' as const };
      return still({ ...state, wanted: state.wanted ?? { ending, by: Infinity } });
    }
    default:
      return still(state);
  }
}

function transferOver(
  state: TransferringState,
  outcome: TransferOutcome,
  at: number,
  settings: TurnSettings,
): Step {
  switch (outcome) {
    case 'answered':
      return {
        // People may talk as long as they like.
        state: {
          ...commonOf(state),
          ear: { is: 'quiet' },
          callEndsAt: Infinity,
          wanted: undefined,
          phase: 'connected',
        },
        actions: [{ do: 'detach' }],
      };
    case 'caller-gone':
      return still(state);
    default: {
      const { wanted, transfer } = state;
      if (wanted) return close(state, wanted.ending, at, settings, []);
      const result = resultOf(outcome, transfer.target.name);
      const input: TurnInput = { message: { role: 'tool', call: transfer.call, result }, marks: {} };
      if (state.held) {
        return still({ ...commonOf(state), ear: { is: 'quiet' }, phase: 'held', input });
      }
      return think(listen(state, at, settings), input, at, settings);
    }
  }
}

/** What the model is told. */
export function resultOf(outcome: TransferOutcome, name: string): string {
  switch (outcome) {
    case 'answered':
      return `${name} has answered and talks with the caller`;
    case 'busy':
      return `busy: ${name} is on the telephone; the caller is with you again`;
    case 'refused':
      return `refused: ${name} does not take the call; the caller is with you again`;
    case 'no-answer':
      return `unanswered: ${name} did not answer; the caller is with you again`;
    case 'failed':
      return `not reached: ${name} can not be called at the moment; the caller is with you again`;
    case 'cancelled':
      return `not put through: the caller pressed ${BACK_KEY} and is with you again`;
    case 'caller-gone':
      return 'the caller has hung up';
  }
}

/** Caller and target talk with each other. */
export function whenConnected(state: ConnectedState, event: TurnEvent): Step {
  if (event.type === 'target-left') return leave(state, { reason: 'transferred', way: 'hang-up' });
  return still(state);
}
