import type { Milliseconds } from '../../lib/clock.ts';
import type { Transcript, WordPlace } from '../contract/speech.ts';
import type { ListeningState, Said, TurnSettings } from './turn-states.ts';

/* What the caller has said in a turn, as the recogniser gives it: in pieces, each of them asked for or not. */

export const NOTHING_SAID: Said = { pieces: [], partial: '', fillers: 0 };

/** The final texts of a turn as one; pieces that weren't understood add nothing. */
export function heardText(said: Said): string {
  return understoodIn(said)
    .map(({ text }) => text.trim())
    .join(' ');
}

/** Where each of its words was heard. Undefined: of some, nobody knows. */
export function heardPlaces(said: Said): readonly WordPlace[] | undefined {
  const parts = understoodIn(said).map(({ places }) => places);
  return parts.every((places) => places !== undefined) ? parts.flat() : undefined;
}

function understoodIn({ pieces }: Said): readonly Transcript[] {
  return pieces.flatMap(({ transcript }) =>
    transcript?.understood && transcript.text.trim() !== '' ? [transcript] : [],
  );
}

/** Whether the recogniser was asked, and hasn't answered. */
export function expectsText(said: Said): boolean {
  return said.pieces.some((piece) => !piece.transcript);
}

/** The same with a final text that the recogniser gave by itself. */
export function withPiece(said: Said, transcript: Transcript): Said {
  return { ...said, pieces: [...said.pieces, { transcript }], partial: '' };
}

/** The same, or the recogniser's guess as long as there is none. */
export function knownText(said: Said): string {
  return heardText(said) || said.partial;
}

/** How long the caller may pause now, given what they have said, and how. */
export function pauseOf(
  { said, ear, asked, pauses }: Pick<ListeningState, 'said' | 'ear' | 'asked' | 'pauses'>,
  settings: TurnSettings,
): Milliseconds {
  const sounded = ear.is === 'pausing' ? { rise: ear.traits?.rise, finished: ear.finished } : {};
  const turn = { text: knownText(said), asked, pauses, ...sounded };
  return settings.endpointing.pauseAfter(turn, settings.endpointingMs);
}
