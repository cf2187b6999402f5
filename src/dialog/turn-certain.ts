import type { Milliseconds } from '../lib/clock.ts';
import { inputOf, NOTHING_SAID } from './turn-input.ts';
import { commonOf, type Step } from './turn-moves.ts';
import type {
  CallerInput,
  ListeningState,
  ThinkingState,
  TurnAction,
  TurnInput,
  TurnSettings,
} from './turn-states.ts';

/** The caller has finished. */
export function certain(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  const spoke = settings.findsTurns && state.said.pieces.length > 0;
  const final = (spoke ? undefined : state.draft?.input) ?? inputOf(state, state.said, at);
  if (isNoise(state, final, settings)) return forget(state, at, settings);
  const { draft } = state;
  if (draft?.reply !== undefined && draft.input.message.text === final.message.text) {
    // The recogniser may have been quicker than the detector, which alone knows when the voice stopped.
    const stoppedAt = state.ear.is === 'pausing' ? { speechEnd: state.ear.lastAt } : {};
    const marks = { ...stoppedAt, ...draft.input.marks, turnEnd: at };
    const released: CallerInput = { ...draft.input, marks };
    return {
      state: thinking(state, draft.reply, released, at, settings),
      actions: [{ do: 'release', reply: draft.reply, input: released }],
    };
  }
  const dropped = dropDraft(state);
  const thought = think(dropped.state, final, at, settings);
  return { state: thought.state, actions: [...dropped.actions, ...thought.actions] };
}

/** A cough, a slammed door: something short, of which the recogniser makes nothing. */
function isNoise(state: ListeningState, input: CallerInput, settings: TurnSettings): boolean {
  if (input.message.via !== 'not-understood' || (input.guess ?? '') !== '') return false;
  const { ear, said } = state;
  if (ear.is === 'cut') return false;
  if (ear.is !== 'pausing') return true;
  return ear.lastAt - (said.since ?? ear.since) < settings.noiseMs;
}

function forget(state: ListeningState, at: Milliseconds, settings: TurnSettings): Step {
  const dropped = dropDraft(state);
  const silenceAt = Math.max(state.silenceAt, at + settings.silenceMs / 2);
  return {
    state: { ...dropped.state, ear: { is: 'quiet' }, said: NOTHING_SAID, silenceAt },
    actions: dropped.actions,
  };
}

/** The caller has finished, and nothing was prepared for it. */
export function think(
  state: ListeningState,
  input: TurnInput,
  at: Milliseconds,
  settings: TurnSettings,
): Step {
  const reply = state.lastId + 1;
  const sure: TurnInput = { ...input, marks: { ...input.marks, turnEnd: input.marks.turnEnd ?? at } };
  return {
    state: thinking({ ...state, lastId: reply }, reply, sure, at, settings),
    actions: [{ do: 'reply', reply, turn: state.turn + 1, input: sure, gated: false }],
  };
}

function thinking(
  state: ListeningState,
  reply: number,
  input: TurnInput,
  at: Milliseconds,
  settings: TurnSettings,
): ThinkingState {
  return {
    ...commonOf(state),
    ear: state.ear.is === 'pausing' ? { is: 'quiet' } : state.ear,
    prompts: 0,
    answered: input.message.role === 'caller' ? input.message.text : '',
    phase: 'thinking',
    reply,
    input,
    said: state.said,
    committed: false,
    signAt: state.said.signed
      ? at + settings.signAgainMs
      : lastSaidAt(state, input, at) + settings.signAfterMs,
    signed: state.said.signed ?? false,
    giveUpAt: at + settings.giveUpMs,
  };
}

/** When the caller last said something, or pressed a key, as far as anybody knows. */
function lastSaidAt(
  { said, digits }: ListeningState,
  { marks, message }: TurnInput,
  at: Milliseconds,
): Milliseconds {
  if (message.role !== 'caller') return at;
  if (message.via === 'dtmf') return digits?.lastAt ?? at;
  return marks.speechEnd ?? said.heardAt ?? at;
}

/** Forgets what was being prepared. */
export function dropDraft(state: ListeningState): { state: ListeningState; actions: TurnAction[] } {
  if (!state.draft) return { state, actions: [] };
  const { reply } = state.draft;
  return {
    state: { ...state, draft: undefined },
    actions: reply === undefined ? [] : [{ do: 'drop', reply }],
  };
}
