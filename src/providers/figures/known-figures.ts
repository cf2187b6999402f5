import { hi, ja, th, zh } from './asian.ts';
import { de, nl } from './germanic.ts';
import { pl } from './polish.ts';
import { FigureReader, rangesRead, type ReadPart } from './read-figures.ts';
import { es, fr, it, pt } from './romance.ts';

const KNOWN = new Map([de, nl, fr, es, it, pt, pl, hi, ja, zh, th].map((figures) => [figures.code, figures]));
const readers = new Map<string, FigureReader>();

/** Who reads figures in the language of that code; undefined: nobody here does. Made once. */
export function figureReaderOf(code: string): FigureReader | undefined {
  const figures = KNOWN.get(code);
  if (!figures) return undefined;
  const known = readers.get(code) ?? new FigureReader(figures);
  readers.set(code, known);
  return known;
}

/** Reads nothing of a text in that language but what stands between the two ends of a range. */
export function readRanges(text: string, code: string): ReadPart[] {
  const to = code === 'en' ? 'to' : KNOWN.get(code)?.words.to;
  return to === undefined ? [{ written: text, said: text }] : rangesRead(text, ` ${to} `);
}
