import type { Milliseconds } from '../lib/clock.ts';
import { NOTHING_SAID } from './turn-input.ts';
import type {
  Common,
  Ear,
  Ending,
  EventOf,
  ListeningState,
  PhraseName,
  SpeakingState,
  TurnAction,
  TurnInput,
  TurnSettings,
  TurnState,
} from './turn-states.ts';

export interface Step {
  readonly state: TurnState;
  readonly actions: readonly TurnAction[];
}

/** Nothing is to be done. */
export function still(state: TurnState): Step {
  return { state, actions: [] };
}

/** The caller's turn begins. */
export function listen(state: Common, at: Milliseconds, settings: TurnSettings): ListeningState {
  return {
    ...commonOf(state),
    phase: 'listening',
    said: NOTHING_SAID,
    silenceAt: at + settings.silenceMs,
  };
}

/** A sentence that was prepared beforehand. */
export function say(
  state: Common,
  phrase: PhraseName,
  turn: number,
): { state: SpeakingState; actions: TurnAction[] } {
  const reply = state.lastId + 1;
  return {
    state: { ...commonOf(state), lastId: reply, phase: 'speaking', what: 'phrase', reply },
    actions: [{ do: 'say', reply, turn, phrase }],
  };
}

/** A reply has failed: never silence. */
export function trouble(
  state: Common & { readonly input?: TurnInput | undefined },
  at: Milliseconds,
  settings: TurnSettings,
): Step {
  const failures = state.failures + 1;
  if (failures >= settings.failureLimit) {
    const ending: Ending = { ...failedEnding('failed', settings), phrase: 'apology' };
    return close({ ...state, failures } as TurnState, ending, at, settings, []);
  }
  // What came of a transfer is told even without a model.
  const phrase = state.input?.message.role === 'tool' ? 'notReached' : 'sayAgain';
  return say({ ...state, failures }, phrase, state.turn);
}

/** The same, and a sign without words before it. */
export function withTone({ state, actions }: Step): Step {
  return { state, actions: [{ do: 'tone' }, ...actions] };
}

/** Stops what runs, says the last words if there are any, and then leaves. */
export function close(
  state: TurnState,
  ending: Ending,
  at: Milliseconds,
  settings: TurnSettings,
  running: readonly TurnAction[] = quell(state),
): Step {
  const common: Common = { ...commonOf(state), ear: { is: 'quiet' } };
  if (ending.way === 'none') {
    return { state: { ...common, phase: 'over', ending }, actions: [...running, { do: 'leave', ending }] };
  }
  if (ending.phrase === undefined || state.phase === 'held') {
    const by = at + settings.lingerMs;
    return { state: { ...common, phase: 'closing', ending, by }, actions: running };
  }
  const { state: saying, actions } = say(common, ending.phrase, state.turn);
  return {
    state: {
      ...commonOf(saying),
      phase: 'closing',
      ending,
      reply: saying.reply,
      by: at + settings.lastWordsMs,
    },
    actions: [...running, ...actions],
  };
}

/** Ends the call without another word. */
export function leave(state: TurnState, ending: Ending): Step {
  return {
    state: { ...commonOf(state), phase: 'over', ending },
    actions: [...quell(state), { do: 'leave', ending }],
  };
}

/** How a call ends that can't go on. */
export function failedEnding(reason: string, settings: TurnSettings): Ending {
  return { reason, way: settings.givenUp };
}

/** What stops whatever the agent is doing. */
export function quell(state: TurnState): TurnAction[] {
  switch (state.phase) {
    case 'listening':
      return state.draft?.reply === undefined ? [] : [{ do: 'drop', reply: state.draft.reply }];
    case 'thinking':
      return [{ do: state.committed ? 'interrupt' : 'drop', reply: state.reply }];
    case 'greeting':
    case 'speaking':
      return [{ do: 'interrupt', reply: state.reply }];
    case 'transferring':
      return [{ do: 'cancel-transfer' }];
    case 'closing':
      return state.reply === undefined ? [] : [{ do: 'interrupt', reply: state.reply }];
    default:
      return [];
  }
}

/** What a state carries over to any other. */
export function commonOf(state: Common): Common {
  const { turn, lastId, ear, callEndsAt, prompts, failures, wanted, answered } = state;
  return { turn, lastId, ear, callEndsAt, prompts, failures, wanted, answered };
}

/** The caller has stopped talking, if he was. */
export function stopped(ear: Ear, event: EventOf<'speech-stop'>): Ear {
  if (ear.is !== 'talking' && ear.is !== 'cut') return ear;
  return { is: 'pausing', frame: ear.frame, since: ear.since, toFrame: event.frame, lastAt: event.lastAt };
}
