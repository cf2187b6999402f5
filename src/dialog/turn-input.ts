import type { Milliseconds } from '../lib/clock.ts';
import type { CallerInput, ListeningState, Said, TurnSettings } from './turn-states.ts';

export const NOTHING_SAID: Said = { frame: -1, pieces: [], partial: '' };

/** The final texts of a turn as one; pieces that weren't understood add nothing. */
function heardText(said: Said): string {
  return said.pieces
    .filter((piece) => piece.transcript?.understood)
    .map((piece) => piece.transcript?.text.trim() ?? '')
    .filter((text) => text !== '')
    .join(' ');
}

/** The turn as it stands at `at`, as the agent is told of it. */
export function inputOf(state: ListeningState, said: Said, at: Milliseconds): CallerInput {
  const text = heardText(said);
  const sttStart = said.pieces.at(-1)?.askedAt;
  const marks = {
    ...(state.ear.is === 'pausing' ? { speechEnd: state.ear.lastAt } : {}),
    ...(sttStart === undefined ? {} : { sttStart }),
    sttFinal: at,
  };
  const { since } = said;
  if (text !== '') return { message: { role: 'caller', text, via: 'speech' }, since, marks };
  const guess = said.pieces
    .map((piece) => piece.transcript?.text ?? '')
    .join(' ')
    .trim();
  return { message: { role: 'caller', text: '', via: 'not-understood' }, guess, since, marks };
}

/** As much of an unfinished turn as there are words for; undefined: none. */
export function knownInput(
  state: ListeningState,
  at: Milliseconds,
  { findsTurns }: TurnSettings,
): CallerInput | undefined {
  const { digits, draft, said } = state;
  if (digits) {
    return { message: { role: 'caller', text: digits.text, via: 'dtmf' }, since: digits.since, marks: {} };
  }
  const input = draft?.input ?? inputOf(state, said, at);
  if (input.message.text !== '') return input;
  // A grammar's guess isn't worth much before its end.
  const text = findsTurns ? said.partial.trim() : '';
  return text === '' ? undefined : { ...input, message: { role: 'caller', text, via: 'speech' } };
}

/** How long the caller may pause now, given what he has said. */
export function pauseOf(said: Said, settings: TurnSettings): Milliseconds {
  return settings.endpointing.pauseAfter(heardText(said) || said.partial, settings.endpointingMs);
}

/** Whether the recogniser owes an answer. */
export function owed(said: Said): boolean {
  return said.pieces.some((piece) => !piece.transcript);
}
