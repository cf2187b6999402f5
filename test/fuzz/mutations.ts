import fc from 'fast-check';
import type { Frame, Session } from './target.ts';

/** A change: what kind, where, and with what. All of them are numbers, so that fast-check can make them smaller. */
interface Change {
  readonly kind: number;
  readonly frame: number;
  readonly at: number;
  readonly value: number;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.nat(1000),
  frame: fc.nat(1000),
  at: fc.nat(100_000),
  value: fc.nat(1_000_000),
});

/** Sessions of the corpus with up to eight changes. */
export function mutated(corpus: readonly Session[]): fc.Arbitrary<Session> {
  return fc
    .tuple(fc.nat(corpus.length - 1), fc.array(change, { maxLength: 8 }))
    .map(([index, changes]) =>
      changes.reduce((session, one) => changed(session, one, corpus), corpus[index] as Session),
    );
}

/** Two in ten changes are of the order of frames, the others of what is in one. */
function changed(
  session: Session,
  { kind, frame: number, at, value }: Change,
  corpus: readonly Session[],
): Session {
  if (session.length === 0) return session;
  const place = number % session.length;
  const frame = session[place] as Frame;
  const other = at % session.length;
  switch (kind % 20) {
    case 0: // gone
      return session.toSpliced(place, 1);
    case 1: // twice, or a hundred times
      return session.toSpliced(place, 0, ...Array<Frame>(value % 10 === 0 ? 100 : 1).fill(frame));
    case 2: // in another place
      return session.toSpliced(place, 1).toSpliced(other, 0, frame);
    case 3: // of another session
      return session.toSpliced(
        place,
        0,
        ...(corpus[value % corpus.length] ?? []).slice(at % 5, (at % 5) + 3),
      );
    default:
      return session.with(place, changedFrame(frame, kind, at, value));
  }
}

function changedFrame(frame: Frame, kind: number, at: number, value: number): Frame {
  if (typeof frame !== 'string') return changedBytes(frame, kind, at, value);
  const json = kind % 3 === 0 ? undefined : changedJson(frame, kind, at, value);
  return json ?? changedText(frame, kind, at, value);
}

const EDGES = [0, 1, 0x7f, 0x80, 0xff];
const WIDE_EDGES = [0, 1, 0x7fff, 0x8000, 0xffff];

function changedBytes(bytes: Uint8Array, kind: number, at: number, value: number): Uint8Array {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  // Most of what decides stands in the first bytes.
  const early = value % 2 === 0 ? place : place % 16;
  const copy = Uint8Array.from(bytes);
  switch (kind % 7) {
    case 0:
      if (early < copy.length) copy[early] = (copy[early] as number) ^ (1 << (value % 8));
      return copy;
    case 1:
      if (early < copy.length) copy[early] = EDGES[value % EDGES.length] as number;
      return copy;
    case 2: {
      const wide = WIDE_EDGES[value % WIDE_EDGES.length] as number;
      copy.set([wide >> 8, wide & 255].slice(0, Math.max(0, copy.length - early)), early);
      return copy;
    }
    case 3:
      return copy.slice(0, place);
    case 4:
      return Uint8Array.of(...copy.slice(0, early), ...noise(value % 64, value), ...copy.slice(early));
    case 5:
      return Uint8Array.of(...copy.slice(0, early), ...copy.slice(early + (value % 32)));
    default:
      return Uint8Array.of(...copy, ...noise(value % 2000, value));
  }
}

function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (state * 1_664_525 + 1_013_904_223) >>> 0) >>> 24);
}

const WORDS = [
  '',
  '\u0000',
  '\r\n\r\n',
  '\r\n',
  '\n\n',
  ' ',
  '%00',
  '%2e%2e/',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  '${HOME}',
  '${',
  '*a',
  '&a',
  '- ',
  ': ',
  '{',
  '}',
  '[',
  '"',
  '\\',
  'null',
  'true',
  '-1',
  '1e999',
  'NaN',
  '9007199254740993',
  '\ud800',
  '\u202e',
  'é',
  'data: ',
  '[DONE]',
  '\u001b]0;',
];

function changedText(text: string, kind: number, at: number, value: number): string {
  const place = at % (text.length + 1);
  const word = WORDS[value % WORDS.length] as string;
  const lines = text.split('\n');
  const line = at % lines.length;
  switch (kind % 8) {
    case 0:
      return text.slice(0, place) + word + text.slice(place);
    case 1:
      return text.slice(0, place) + text.slice(place + 1 + (value % 20));
    case 2:
      return text.slice(0, place);
    case 3:
      return lines.toSpliced(line, 1).join('\n');
    case 4:
      return lines.toSpliced(line, 0, lines[value % lines.length] as string).join('\n');
    case 5:
      return lines.with(line, ' '.repeat(value % 5) + (lines[line] as string).trimStart()).join('\n');
    case 6: {
      // A word or a number becomes another one.
      const words = [...text.matchAll(/[\p{L}\p{N}_.-]+/gu)];
      const { index, 0: old } = words[at % Math.max(1, words.length)] ?? { index: 0, 0: '' };
      return text.slice(0, index) + word + text.slice(index + old.length);
    }
    default:
      return text.slice(0, place) + word.repeat(1 + (value % 3000)) + text.slice(place);
  }
}

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  'x',
  '5',
  '\u0000',
  '__proto__',
  'x'.repeat(5000),
  [],
  {},
  [null],
  [[[[[[]]]]]],
  { length: -1 },
  [{ a: [{}] }],
];

/** JSON, alone or behind `data: `, with one value changed; undefined: it is none. */
function changedJson(text: string, kind: number, at: number, value: number): string | undefined {
  const from = text.search(/[[{]/);
  if (from < 0) return undefined;
  let root: unknown;
  try {
    root = JSON.parse(text.slice(from));
  } catch {
    return undefined;
  }
  const places = placesIn(root);
  const put = VALUES[value % VALUES.length];
  const place = places[at % places.length];
  if (!place) return text.slice(0, from) + JSON.stringify(put);
  const { owner, key } = place;
  const old = owner[key];
  if (kind % 5 === 0) Reflect.deleteProperty(owner, key);
  else if (kind % 5 === 1) owner[key] = [old];
  else if (kind % 5 === 2) owner[key] = { [key]: old };
  else if (kind % 25 === 3) return text.slice(0, from) + JSON.stringify(put);
  else owner[key] = put;
  return `${text.slice(0, from)}${JSON.stringify(root)}${text.endsWith('\n\n') ? '\n\n' : ''}`;
}

interface Place {
  readonly owner: Record<PropertyKey, unknown>;
  readonly key: string;
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const owner = value as Record<PropertyKey, unknown>;
  return Object.keys(value).flatMap((key) => [{ owner, key }, ...placesIn(owner[key])]);
}
