import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TextToSpeech } from '../../../../src/dialog/contract/ports.ts';
import {
  FLUSH,
  type TextPiece,
  type TimedWord,
  type TtsEvent,
  type VoiceRequest,
} from '../../../../src/dialog/contract/speech.ts';
import { audioDuration } from '../../../../src/media/pcm.ts';

export interface TextToSpeechHarness {
  readonly tts: TextToSpeech;
  readonly voice: string;
  /** Replies that are still being made somewhere; 0 where that can't be seen. */
  open(): number;
  close(): Promise<void>;
}

const TEXT = 'Good morning. What can I do for you today?';

/** What is true of every synthesiser. */
export function describeTextToSpeech(name: string, makeHarness: () => Promise<TextToSpeechHarness>): void {
  describe(`${name} as text to speech`, () => {
    let harness: TextToSpeechHarness;
    beforeEach(async () => {
      harness = await makeHarness();
    });
    afterEach(async () => {
      await harness.close();
    });
    const request = (index = 0): VoiceRequest => ({
      voice: harness.voice,
      language: 'en',
      format: harness.tts.formats[index] ?? { encoding: 'ulaw', rateHz: 8000 },
    });

    it('speaks in each format that it names, and nothing else', async () => {
      for (const [index, format] of harness.tts.formats.entries()) {
        const spoken = await speak(harness.tts, [TEXT], request(index));
        expect(spoken.formats).toEqual(new Set([`${format.encoding} ${format.rateHz}`]));
        expect(spoken.durationMs).toBeGreaterThan(1200);
      }
    });

    it('reports where each word is in its sound', async () => {
      const { words, durationMs } = await speak(harness.tts, [TEXT], request());
      expect(words.map(({ text }) => text).join(' ')).toBe(TEXT);
      for (const [index, word] of words.entries()) {
        expect(word.endMs).toBeGreaterThan(word.startMs);
        expect(word.startMs).toBeGreaterThanOrEqual(words[index - 1]?.startMs ?? 0);
      }
      expect(words.at(-1)!.endMs).toBeLessThanOrEqual(durationMs + 20);
    });

    it('takes text in sentences and reports each word once', async () => {
      const { words } = await speak(
        harness.tts,
        ['Good morning. ', 'What can I do for you today?'],
        request(),
      );
      expect(words.map(({ text }) => text).join(' ')).toBe(TEXT);
    });

    it('speaks a piece at once, however it ends, and says the next one behind it', async () => {
      const heard = Promise.withResolvers<undefined>();
      async function* halting(): AsyncGenerator<string> {
        yield 'One moment';
        await heard.promise;
        yield ' please.';
      }
      const events: TtsEvent[] = [];
      for await (const event of harness.tts.speak(halting(), request(), new AbortController().signal)) {
        events.push(event);
        if (event.type === 'audio') heard.resolve(undefined);
      }
      const { words } = spokenOf(events);
      expect(words.map(({ text }) => text).join(' ')).toBe('One moment please.');
    });

    it('speaks all of a text in which it is told that nothing follows for now', async () => {
      const { words } = await speak(harness.tts, ['One moment', FLUSH, ' please.', FLUSH], request());
      expect(words.map(({ text }) => text).join(' ')).toBe('One moment please.');
    });

    it('has nothing to say to nothing', async () => {
      expect((await speak(harness.tts, [], request())).durationMs).toBe(0);
    });

    it('speaks to several callers at a time', async () => {
      const spoken = await Promise.all(
        Array.from({ length: 4 }, () => speak(harness.tts, [TEXT], request())),
      );
      expect(new Set(spoken.map(({ durationMs }) => durationMs)).size).toBe(1);
      expect(spoken[0]!.durationMs).toBeGreaterThan(1200);
    });

    it('ends silently when it is stopped in the middle, and asks for no more text', async () => {
      const controller = new AbortController();
      const text = endless();
      let chunks = 0;
      for await (const event of harness.tts.speak(text, request(), controller.signal)) {
        if (event.type !== 'audio') continue;
        chunks += 1;
        controller.abort();
        if (chunks > 50) break;
      }
      expect(chunks).toBeLessThanOrEqual(50);
      await expect.poll(() => text.returned).toBe(true);
      await expect.poll(() => harness.open()).toBe(0);
    });

    it('says nothing at all when it is stopped before', async () => {
      const spoken = await speak(harness.tts, [TEXT], request(), AbortSignal.abort());
      expect(spoken.durationMs).toBe(0);
      expect(harness.open()).toBe(0);
    });

    it('stops when the consumer stops reading', async () => {
      for await (const event of harness.tts.speak(endless(), request(), new AbortController().signal)) {
        if (event.type === 'audio') break;
      }
      await expect.poll(() => harness.open()).toBe(0);
    });

    it('agrees to what it can do', () => {
      harness.tts.check(request());
    });

    it('can be warmed and closed, and closed again', async () => {
      harness.tts.warm?.();
      await harness.tts.close();
      await harness.tts.close();
    });
  });
}

export interface Spoken {
  readonly events: readonly TtsEvent[];
  readonly words: readonly TimedWord[];
  readonly formats: ReadonlySet<string>;
  readonly durationMs: number;
}

export async function speak(
  tts: TextToSpeech,
  pieces: readonly TextPiece[],
  request: VoiceRequest,
  signal = new AbortController().signal,
): Promise<Spoken> {
  const events: TtsEvent[] = [];
  for await (const event of tts.speak(textOf(pieces), request, signal)) events.push(event);
  return spokenOf(events);
}

export function spokenOf(events: readonly TtsEvent[]): Spoken {
  const audio = events.flatMap((event) => (event.type === 'audio' ? [event.audio] : []));
  return {
    events,
    words: events.flatMap((event) => (event.type === 'words' ? event.words : [])),
    formats: new Set(audio.map(({ encoding, rateHz }) => `${encoding} ${rateHz}`)),
    durationMs: audio.reduce((sum, piece) => sum + audioDuration(piece), 0),
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- a text that is there already
export async function* textOf(pieces: readonly TextPiece[]): AsyncGenerator<TextPiece> {
  yield* pieces;
}

function endless(): AsyncIterable<string> & { readonly returned: boolean } {
  let returned = false;
  return {
    get returned() {
      return returned;
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          yield 'And so it goes on and on. ';
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      } finally {
        returned = true;
      }
    },
  };
}
