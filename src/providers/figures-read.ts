import type { TextToSpeech } from '../dialog/contract/ports.ts';
import { FLUSH, type TextPiece, type TimedWord, type TtsEvent } from '../dialog/contract/speech.ts';
import type { ReadPart } from './figures/read-figures.ts';
import { languageOf } from '../dialog/language/known-languages.ts';

/** What a voice makes of figures. */
export interface FiguresOfVoice {
  /** Languages (`en`) whose figures it reads itself. */
  readonly reads: readonly string[] | 'any';
  /** But not the dash of a range: "9-17". */
  readonly butRanges?: boolean;
}

/** What knows how figures are read, in every language: nobody at a start waits for that. */
export function loadFigures(): Promise<typeof import('./figures/known-figures.ts')> {
  return import('./figures/known-figures.ts');
}

/**
 * A voice that is given words in the place of figures that it doesn't read itself: money, dates, times, units … as the
 * language has them. What it tells of its words is told of what was written, so history and records have that.
 */
export function withFiguresRead(
  voice: TextToSpeech,
  { reads, butRanges = false }: FiguresOfVoice,
): TextToSpeech {
  const readerOf = async (language: string): Promise<ReadText | undefined> => {
    const { code } = languageOf(language);
    const readsAll = reads === 'any' || reads.includes(code);
    if (readsAll && !butRanges) return undefined;
    const { figureReaderOf, readRanges } = await loadFigures();
    if (readsAll) return (text) => readRanges(text, code);
    const reader = figureReaderOf(code);
    return reader && ((text) => reader.read(text));
  };
  async function* speak(
    ...[text, request, signal]: Parameters<TextToSpeech['speak']>
  ): AsyncGenerator<TtsEvent> {
    const read = await readerOf(request.language);
    if (!read) {
      yield* voice.speak(text, request, signal);
      return;
    }
    const reading = new Reading(read);
    const given = voice.takes === 'text' ? reading.gathered(text) : reading.pieces(text);
    for await (const event of voice.speak(given, request, signal)) {
      yield event.type === 'words' ? { type: 'words', words: reading.written(event.words) } : event;
    }
  }
  return { ...voice, speak };
}

type ReadText = (text: string) => ReadPart[];

/** Of a text that comes bit by bit, so much is kept back behind a figure: what follows may belong to it. */
const WORDS_BEHIND = 2;
const LONGEST_HELD = 120;
const FIGURE = /[\d$€£¥₹½¼¾]/;

class Reading {
  readonly #readText: ReadText;
  /** What the voice hasn't told of yet: each with the letters of it that are still to come. */
  readonly #open: { readonly part: ReadPart; rest: string; since?: number }[] = [];

  constructor(read: ReadText) {
    this.#readText = read;
  }

  /** Of pieces that are whole sentences, or clauses. */
  async *pieces(text: AsyncIterable<TextPiece>): AsyncGenerator<TextPiece> {
    for await (const piece of text) yield piece === FLUSH ? piece : this.#read(piece);
  }

  /** Of pieces that may end anywhere between two words. */
  async *gathered(text: AsyncIterable<TextPiece>): AsyncGenerator<TextPiece> {
    let held = '';
    for await (const piece of text) {
      if (piece === FLUSH) {
        if (held !== '') yield this.#read(held);
        held = '';
        yield piece;
        continue;
      }
      held += piece;
      const words = held.match(/\S+\s*/g) ?? [];
      const isOpen = words.slice(-WORDS_BEHIND - 1).some((word) => FIGURE.test(word));
      if (isOpen && held.length < LONGEST_HELD) continue;
      yield this.#read(held);
      held = '';
    }
    if (held !== '') yield this.#read(held);
  }

  #read(text: string): string {
    const parts = this.#readText(text);
    for (const part of parts) this.#open.push({ part, rest: lettersOf(part.said) });
    return parts.map(({ said }) => said).join('');
  }

  /** The words of the voice as they were written; of a figure, one word when all of it is said. */
  written(words: readonly TimedWord[]): TimedWord[] {
    return words.flatMap((word) => this.#writtenOf(word));
  }

  #writtenOf(word: TimedWord): TimedWord[] {
    let letters = lettersOf(word.text);
    const told: TimedWord[] = [];
    let isChanged = false;
    while (letters !== '') {
      const open = this.#open[0];
      if (!open) break;
      const isWithin = open.rest.startsWith(letters);
      if (!isWithin && !letters.startsWith(open.rest)) {
        // It spells a word otherwise than it was given: the next one may be found again.
        const at = open.rest.indexOf(letters);
        if (at < 0) break;
        open.rest = open.rest.slice(at);
        continue;
      }
      const length = Math.min(letters.length, open.rest.length);
      open.rest = open.rest.slice(length);
      letters = letters.slice(length);
      const { part } = open;
      if (part.written !== part.said) {
        isChanged = true;
        open.since ??= word.startMs;
        if (open.rest === '')
          told.push({ text: part.written.trim(), startMs: open.since, endMs: word.endMs });
      } else if (length > 0 && told.length === 0) told.push(word);
      if (open.rest === '') this.#open.shift();
    }
    return isChanged || told.length > 0 ? told : [word];
  }
}

function lettersOf(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{M}\p{N}]/gu, '');
}
