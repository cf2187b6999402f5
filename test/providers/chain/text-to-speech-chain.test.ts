import { beforeEach, describe, expect, it } from 'vitest';
import { upTo } from '../../../src/dialog/reply/conversation-history.ts';
import type { TextToSpeech } from '../../../src/dialog/contract/ports.ts';
import { FLUSH, type TextPiece, type TimedWord } from '../../../src/dialog/contract/speech.ts';
import { sampleCount } from '../../../src/media/audio.ts';
import { chainTextToSpeech } from '../../../src/providers/chain/text-to-speech-chain.ts';
import { failure, listed, onTrial } from '../../support/listed-provider.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedTts } from '../../support/scripted-tts.ts';

const WORD_MS = 400;
let clock: ManualClock;
let first: ScriptedTts;
let second: ScriptedTts;

beforeEach(() => {
  clock = new ManualClock();
  first = new ScriptedTts(clock);
  second = new ScriptedTts(clock);
});

function chain(...ports: TextToSpeech[]) {
  const [one = first, two = second] = ports;
  return chainTextToSpeech({
    providers: [listed('first', one, clock), listed('second', two, clock)],
    clock,
    patienceMs: 800,
  });
}

async function* text(...pieces: (TextPiece | number)[]): AsyncGenerator<TextPiece> {
  for (const piece of pieces) {
    if (typeof piece === 'number') await clock.sleep(piece);
    else yield piece;
  }
}

async function speak(voice: TextToSpeech, source: AsyncIterable<TextPiece>, signal?: AbortSignal) {
  const words: TimedWord[] = [];
  const told: string[] = [];
  const began = clock.now();
  let soundMs = 0;
  let over = false;
  const reading = (async () => {
    try {
      const request = { voice: 'slt', language: 'en', format: { encoding: 'ulaw', rateHz: 8000 } as const };
      for await (const event of voice.speak(source, request, signal ?? new AbortController().signal)) {
        if (event.type === 'words') words.push(...event.words);
        else if (event.type === 'audio') {
          expect(event.audio.encoding).toBe('ulaw');
          soundMs += (sampleCount(event.audio) * 1000) / event.audio.rateHz;
        } else told.push(`${event.trouble.provider} ${event.trouble.kind} ${event.trouble.outcome}`);
      }
    } catch (error) {
      told.push(`thrown: ${(error as Error).message}`);
    }
    over = true;
  })();
  await clock.until(() => over, 20_000);
  await reading;
  return {
    words: words.map(({ text: word }) => word).join(' '),
    times: words,
    told,
    soundMs,
    ms: clock.now() - began,
  };
}

describe('voices on a list', () => {
  it('use the first one as long as it works', async () => {
    const { words, told, soundMs } = await speak(chain(), text('We open at eight. ', 'Goodbye.'));
    expect(words).toBe('We open at eight. Goodbye.');
    expect(told).toEqual([]);
    expect(soundMs).toBe(5 * WORD_MS);
    expect(second.pieces).toEqual([]);
  });

  it('go on from the word at which one died, and every word has its place in the sound', async () => {
    first.fault = { atWord: 'eight', how: failure('first', 'tls') };
    const { words, times, told } = await speak(chain(), text('We open at eight. ', 'Goodbye.'));
    expect(told).toEqual(['first tls fell-back']);
    expect(words).toBe('We open at eight. Goodbye.');
    expect(second.pieces.join('')).toBe(' eight. Goodbye.');
    expect(times.map(({ startMs }) => startMs)).toEqual([0, 1, 2, 3, 4].map((word) => word * WORD_MS));
  });

  it('say a word again of which half was heard', async () => {
    const half: TextToSpeech = {
      name: 'half',
      voices: first.voices,
      formats: first.formats,
      check: () => undefined,
      close: () => Promise.resolve(),
      async *speak(given) {
        for await (const piece of given) expect(piece).not.toBe('');
        yield {
          type: 'words',
          words: ['We', 'open', 'at', 'eight.'].map((word, index) => ({
            ...{ text: word, startMs: index * 400, endMs: index * 400 + 300 },
          })),
        };
        yield { type: 'audio', audio: { encoding: 'ulaw', rateHz: 8000, bytes: new Uint8Array(8 * 550) } };
        throw failure('first', 'stalled');
      },
    };
    const { soundMs, times } = await speak(chain(half), text('We open at eight.'));
    expect(second.pieces.join('')).toBe(' open at eight.');
    expect(soundMs).toBe(550 + 3 * WORD_MS);
    // And whoever breaks in then has heard the second voice's words, not what the first one was about to say.
    expect(times.map(({ text: word, endMs }) => [word, endMs])).toEqual([
      ['We', 300],
      ['open', 850],
      ['at', 1250],
      ['eight.', 1650],
    ]);
    expect(upTo('We open at eight.', times, 1200)).toBe('We open');
  });

  it('go on where the text goes on, though it comes later than the death', async () => {
    first.fault = { atWord: 'eight', how: failure('first', 'dns') };
    const { words } = await speak(chain(), text('We open at eight. ', 2000, 'Goodbye.'));
    expect(words).toBe('We open at eight. Goodbye.');
  });

  it('try a fresh connection before another voice is heard', async () => {
    first.fault = { atWord: 'eight', how: failure('first', 'cut') };
    const { told } = await speak(chain(), text('We open at eight.'));
    expect(told).toEqual(['first cut retried', 'first cut fell-back']);
  });

  it('give way when no sound comes in time, counted from the first text', async () => {
    first.fault = { atWord: 'We', how: 'hang' };
    const { words, ms, told } = await speak(chain(), text(3000, 'We open.'));
    expect(words).toBe('We open.');
    expect(told).toEqual(['first timeout fell-back']);
    expect(ms).toBeLessThan(3000 + 800 + 150);
  });

  it('are given text piece by piece if the first one takes that, and whole sentences otherwise', async () => {
    first.takes = 'text';
    first.fault = { atWord: 'We', how: failure('first', 'tls') };
    expect(chain().takes).toBe('text');
    const given = text('We ', 'open ', 'at ', 'eight. ', 'One ', 'moment', FLUSH, 2000, ' Good', 'bye.');
    const { words } = await speak(chain(), given);
    expect(words).toBe('We open at eight. One moment Goodbye.');
    expect(second.pieces).toEqual(['We open at eight. ', 'One moment', ' Goodbye.']);
  });

  it('speak in one of their own when they take the place of one that they do not know', async () => {
    first.fault = { atWord: 'We', how: failure('first', 'tls') };
    const asked: string[] = [];
    const known = ['rms'];
    const other: TextToSpeech = {
      name: 'other',
      voices: known,
      formats: second.formats,
      check({ voice }) {
        if (!known.includes(voice)) throw new Error('unknown');
      },
      speak(...args) {
        asked.push(args[1].voice);
        return second.speak(...args);
      },
      close: () => Promise.resolve(),
    };
    expect((await speak(chain(first, other), text('We open.'))).words).toBe('We open.');
    expect(asked).toEqual(['rms']);
  });

  it('have ended well when one dies after the last word', async () => {
    const dies: TextToSpeech = {
      name: 'dies',
      voices: first.voices,
      formats: first.formats,
      check: () => undefined,
      async *speak(...args) {
        yield* first.speak(...args);
        throw failure('first', 'cut');
      },
      close: () => Promise.resolve(),
    };
    expect((await speak(chain(dies), text('We open at eight.'))).told).toEqual([]);
    expect(second.pieces).toEqual([]);
  });

  it('convert what the next one can not give in the format of the line', async () => {
    first.fault = { atWord: 'We', how: failure('first', 'tls') };
    const linear: TextToSpeech = {
      name: 'linear',
      voices: second.voices,
      formats: [{ encoding: 'pcm_s16', rateHz: 16_000 }],
      check: () => undefined,
      speak: (...args) => second.speak(...args),
      close: () => Promise.resolve(),
    };
    const { soundMs } = await speak(chain(first, linear), text('We open.'));
    expect(soundMs).toBeCloseTo(2 * WORD_MS, -1);
  });

  it('open its breaker, so that the next sentence goes to the second voice at once', async () => {
    first.fault = { atWord: 'We', how: 'hang' };
    const voice = chain();
    await speak(voice, text('We open.'));
    const { told, ms } = await speak(voice, text('We open.'));
    expect(told).toEqual(['first timeout skipped']);
    expect(ms).toBeLessThan(100);
  });

  it('fail when all have', async () => {
    first.fault = { atWord: 'We', how: failure('first', 'tls') };
    second.fault = { atWord: 'We', how: failure('second', 'tls') };
    expect((await speak(chain(), text('We open.'))).told).toEqual([
      'first tls fell-back',
      'thrown: second: as scripted (tls)',
    ]);
  });

  it('stop silently when the consumer stops', async () => {
    first.fault = { atWord: 'open', how: 'hang' };
    const controller = new AbortController();
    clock.at(clock.now() + 300, () => {
      controller.abort();
    });
    expect((await speak(chain(), text('We open.'), controller.signal)).told).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('are asked no more by a caller who leaves in the wait before a second attempt', async () => {
    first.fault = { atWord: 'We', how: failure('first', 'cut') };
    const controller = new AbortController();
    clock.at(clock.now() + 80, () => {
      controller.abort();
    });
    const { told } = await speak(chain(), text('We open.'), controller.signal);
    expect(told).toEqual(['first cut retried']);
    await clock.advance(5000);
    expect([first.pieces.length, second.pieces.length]).toEqual([1, 0]);
    expect(clock.pending).toBe(0);
  });

  it('leave no breaker half-open when the caller didn’t wait', async () => {
    const { providers, trial } = await onTrial(first, second, clock);
    const voice = chainTextToSpeech({ providers, clock, patienceMs: 800 });
    const request = { voice: 'slt', language: 'en', format: { encoding: 'ulaw', rateHz: 8000 } as const };
    for await (const event of voice.speak(text('Hello.'), request, new AbortController().signal)) {
      expect(event).toMatchObject({ type: 'trouble', trouble: { provider: 'first', outcome: 'skipped' } });
      expect(trial.admits).toBe(false);
      break;
    }
    expect(trial.admits).toBe(true);
  });

  it('have one time for all attempts at a first sound', async () => {
    let attempts = 0;
    const dies: TextToSpeech = {
      name: 'dies',
      voices: first.voices,
      formats: first.formats,
      check: () => undefined,
      close: () => Promise.resolve(),
      async *speak(given, _voice, signal) {
        attempts += 1;
        for await (const piece of given) {
          await clock.sleep(attempts === 1 ? 400 : 5000, signal);
          if (piece !== '' && attempts === 1) throw failure('first', 'cut');
        }
        yield* [];
      },
    };
    const { told, ms } = await speak(chain(dies), text('We open.'));
    expect(told).toEqual(['first cut retried', 'first timeout fell-back']);
    expect(ms).toBeLessThan(800 + 100);
  });
});
