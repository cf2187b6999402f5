import type { Milliseconds } from '../../lib/clock.ts';
import type { Transcript, WordPlace } from '../contract/speech.ts';
import type { Digits, ListeningState, Piece, Said, TurnSettings } from './turn-states.ts';

/* What the caller has said in a turn, as the recogniser gives it: in pieces, each of them asked for or not. */

export const NOTHING_SAID: Said = { pieces: [], partial: '', fillers: 0 };

/** The final texts and keys of a turn as one, in order; pieces that weren't understood add nothing. */
export function heardText(said: Said): string {
  let text = '';
  let isKeyed = false;
  for (const piece of said.pieces) {
    const more = piece.keys?.text ?? understood(piece)?.text.trim() ?? '';
    if (more === '') continue;
    // A row of keys that was broken off is one number.
    text += text === '' || (isKeyed && piece.keys) ? more : ` ${more}`;
    isKeyed = piece.keys !== undefined;
  }
  return text;
}

/** Nothing of it was said, but keyed. */
export function isKeyed(said: Said): boolean {
  return said.pieces.some(({ keys }) => keys) && understoodIn(said).length === 0;
}

/** Where each of its words was heard. Undefined: of some, nobody knows. */
export function heardPlaces(said: Said): readonly WordPlace[] | undefined {
  if (said.pieces.some(({ keys }) => keys)) return undefined;
  const parts = understoodIn(said).map(({ places }) => places);
  return parts.every((places) => places !== undefined) ? parts.flat() : undefined;
}

function understoodIn({ pieces }: Said): readonly Transcript[] {
  return pieces.flatMap((piece) => understood(piece) ?? []);
}

function understood({ transcript }: Piece): Transcript | undefined {
  return transcript?.understood && transcript.text.trim() !== '' ? transcript : undefined;
}

/** Whether the recogniser was asked, and hasn't answered. */
export function expectsText(said: Said): boolean {
  return said.pieces.some((piece) => !piece.transcript && !piece.keys);
}

/** The same with a row of keys behind it. */
export function withKeys(said: Said, { text, since }: Digits, whole: boolean): Said {
  return text === '' ? said : { ...said, pieces: [...said.pieces, { keys: { text, since, whole } }] };
}

/** The row of keys with which it ends, and what was before. */
export function lastKeys({ pieces, ...said }: Said): { readonly said: Said; readonly keys: Piece['keys'] } {
  const keys = pieces.at(-1)?.keys;
  return { said: { ...said, pieces: keys ? pieces.slice(0, -1) : pieces }, keys };
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
  { turn, said, ear, asked, pauses }: Pick<ListeningState, 'turn' | 'said' | 'ear' | 'asked' | 'pauses'>,
  settings: TurnSettings,
): Milliseconds {
  const sounded = ear.is === 'pausing' ? { rise: ear.traits?.rise, finished: ear.finished } : {};
  const pausing = { text: knownText(said), asked, pauses, first: turn === 0, ...sounded };
  return settings.endpointing.pauseAfter(pausing, settings.endpointingMs);
}
