import { asking, type Question, type Reply, type State } from './state.ts';
import { ANYTHING_ELSE, pick } from './wording.ts';

/** A reply of words alone: `sentences`, and the question that they end with, if they do. */
export function say(state: State, sentences: readonly string[], question?: Question): Reply {
  return { sentences, state: asking(state, question) };
}

/** … and whether there is anything else. `turn` chooses the wording. */
export function askForMore(state: State, sentences: readonly string[], turn = state.turns): Reply {
  return say(state, [...sentences, pick(ANYTHING_ELSE, turn)], { kind: 'anything-else' });
}

export function offerToTakeMessage(state: State, sorry: string): Reply {
  return say(state, [sorry, 'Shall I take a message?'], { kind: 'take-message' });
}
