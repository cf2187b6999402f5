import { describe, expect, it } from 'vitest';
import type { TextToSpeech } from '../../src/dialog/contract/ports.ts';
import { FLUSH, type TextPiece, type TimedWord } from '../../src/dialog/contract/speech.ts';
import { withFiguresRead, type FiguresOfVoice } from '../../src/providers/figures-read.ts';

/** A voice that tells each word that it was given, 100 ms a word. */
function echo(takes: TextToSpeech['takes'] & string): { voice: TextToSpeech; given: TextPiece[] } {
  const given: TextPiece[] = [];
  const voice: TextToSpeech = {
    name: 'echo',
    voices: [],
    takes,
    formats: [],
    check: () => undefined,
    close: () => Promise.resolve(),
    async *speak(text) {
      let at = 0;
      for await (const piece of text) {
        given.push(piece);
        for (const word of piece === FLUSH ? [] : piece.split(/\s+/).filter(Boolean)) {
          yield { type: 'words', words: [{ text: word, startMs: at, endMs: at + 100 }] };
          at += 100;
        }
      }
    },
  };
  return { voice, given };
}

async function spoken(
  pieces: readonly TextPiece[],
  language: string,
  takes: TextToSpeech['takes'] & string = 'clauses',
  figures: FiguresOfVoice = { reads: ['en'] },
): Promise<{ given: readonly TextPiece[]; words: TimedWord[] }> {
  const { voice, given } = echo(takes);
  const request = { voice: 'v', language, format: { encoding: 'ulaw', rateHz: 8000 } } as const;
  async function* text(): AsyncGenerator<TextPiece> {
    for (const piece of pieces) {
      await Promise.resolve();
      yield piece;
    }
  }
  const words: TimedWord[] = [];
  for await (const event of withFiguresRead(voice, figures).speak(
    text(),
    request,
    new AbortController().signal,
  ))
    if (event.type === 'words') words.push(...event.words);
  return { given, words };
}

describe('a voice that reads no figures', () => {
  it('is given words, and tells what was written', async () => {
    const { given, words } = await spoken(['Das kostet 49,50 € pro Monat. '], 'de-AT');
    expect(given).toEqual(['Das kostet neunundvierzig Euro fünfzig pro Monat. ']);
    expect(words.map(({ text, startMs, endMs }) => [text, startMs, endMs])).toEqual([
      ['Das', 0, 100],
      ['kostet', 100, 200],
      ['49,50 €', 200, 500],
      ['pro', 500, 600],
      ['Monat.', 600, 700],
    ]);
  });

  it('tells of no figure that was said by half', async () => {
    const { words } = await spoken(['Am 3. Mai 2025 um 14:30 Uhr.'], 'de');
    expect(words.map(({ text }) => text)).toEqual(['Am', '3. Mai 2025', 'um', '14:30 Uhr']);
  });

  it.each([1, 2, 3, 5])(
    'is given them whole where text comes as it is written, %i words at a time',
    async (n) => {
      const tokens = 'Es sind 20 kg am 3. Mai um 9 Uhr. Ja, 5 € pro Tag. Gut.'.match(/\S+\s*/g) ?? [];
      const pieces = Array.from({ length: Math.ceil(tokens.length / n) }, (_, at) =>
        tokens.slice(at * n, at * n + n).join(''),
      );
      const { given } = await spoken([...pieces, FLUSH], 'de', 'text');
      expect(given.filter((piece) => piece !== FLUSH).join('')).toBe(
        'Es sind zwanzig Kilogramm am dritten Mai um neun Uhr. Ja, fünf Euro pro Tag. Gut.',
      );
      expect(given.at(-1)).toBe(FLUSH);
    },
  );

  it('is told of a script without spaces sign by sign', async () => {
    const { given, words } = await spoken(['一共', '50元', '。'], 'zh');
    expect(given.join('')).toBe('一共五十元。');
    expect(words.map(({ text }) => text)).toEqual(['一共', '50元', '。']);
  });
});

describe('a voice that reads figures itself', () => {
  it.each<[string, readonly string[] | 'any']>([
    ['en', ['en']],
    ['de', 'any'],
    ['sv', ['en']],
  ])('is given them in %s as they are', async (language, reads) => {
    const { given } = await spoken(['5 kg. '], language, 'clauses', { reads });
    expect(given).toEqual(['5 kg. ']);
  });

  it.each([
    [
      'en',
      'Open 9-5, 9:00–17:30, 2024-2025 and 22:00-6:00. ',
      'Open 9-5, 9:00 to 17:30, 2024 to 2025 and 22:00 to 6:00. ',
    ],
    ['de', '9-17 Uhr, 10 – 20 kg. ', '9 bis 17 Uhr, 10 bis 20 kg. '],
    ['zh', '3-5天', '3 到 5天'],
    ['en', 'On 2025-05-03, a 3-2, a 747-400, A-1 and 1-800-555. ', undefined],
    ['sv', '9-17. ', undefined],
  ])('may be given ranges as words, in %s: %s', async (language, written, said = written) => {
    const { given, words } = await spoken([written], language, 'clauses', { reads: 'any', butRanges: true });
    expect(given).toEqual([said]);
    // Of what was written, nothing is told but that.
    const letters = (text: string): string => text.replaceAll(/\P{N}/gu, '');
    expect(letters(words.map(({ text }) => text).join(''))).toBe(letters(written));
  });
});
