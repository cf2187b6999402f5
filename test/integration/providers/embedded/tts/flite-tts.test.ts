import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TimedWord, TtsEvent, VoiceRequest } from '../../../../../src/dialog/contract/speech.ts';
import { type AudioFormat } from '../../../../../src/media/audio.ts';
import { decodeG711 } from '../../../../../src/media/g711.ts';
import { levelDbov } from '../../../../../src/media/level.ts';
import { createFliteTts, type FliteTts } from '../../../../../src/providers/embedded/tts/flite-tts.ts';
import { MortalThreads } from '../../../../support/mortal-threads.ts';

let tts: FliteTts;
beforeAll(async () => {
  tts = createFliteTts();
  await tts.load();
}, 60_000);
afterAll(async () => {
  await tts.close();
});

const WIDE: AudioFormat = { encoding: 'pcm_s16', rateHz: 16000 };
const never = new AbortController().signal;

function request(more: Partial<VoiceRequest> = {}): VoiceRequest {
  return { voice: 'slt', language: 'en-GB', format: WIDE, ...more };
}

async function* pieces(...text: readonly string[]): AsyncGenerator<string> {
  for (const piece of text) {
    await Promise.resolve();
    yield piece;
  }
}

interface Spoken {
  readonly samples: Int16Array;
  /** Sample at which each chunk begins. */
  readonly seams: number[];
  readonly words: TimedWord[];
  readonly order: TtsEvent['type'][];
}

async function spoken(events: AsyncIterable<TtsEvent>): Promise<Spoken> {
  const chunks: Int16Array[] = [];
  const seams: number[] = [];
  const words: TimedWord[] = [];
  const order: TtsEvent['type'][] = [];
  let at = 0;
  for await (const event of events) {
    order.push(event.type);
    if (event.type === 'words') {
      words.push(...event.words);
      continue;
    }
    if (event.type !== 'audio') throw new Error(event.trouble.message);
    const { audio } = event;
    if (audio.encoding === 'pcm_f32') throw new TypeError('nobody asked for floats');
    const chunk = 'bytes' in audio ? decodeG711(audio.encoding, audio.bytes) : audio.samples;
    chunks.push(chunk);
    seams.push(at);
    at += chunk.length;
  }
  const samples = new Int16Array(at);
  chunks.forEach((chunk, index) => {
    samples.set(chunk, seams[index]);
  });
  return { samples, seams, words, order };
}

const say = (text: string, voice: 'slt' | 'rms' = 'slt'): Promise<Spoken> =>
  spoken(tts.speak(pieces(text), request({ voice }), never));

/** Level of the frames in which somebody speaks (those within 16 dB of it), as ITU-T P.56 means it. */
function activeLevelDbov(samples: Int16Array): number {
  const powers: number[] = [];
  for (let at = 0; at + 320 <= samples.length; at += 320)
    powers.push(10 ** (levelDbov(samples.subarray(at, at + 320)) / 10));
  let level = 10 * Math.log10(powers.reduce((sum, power) => sum + power, 0) / powers.length);
  for (let round = 0; round < 10; round++) {
    const threshold = 10 ** ((level - 15.9) / 10);
    const active = powers.filter((power) => power >= threshold);
    level = 10 * Math.log10(active.reduce((sum, power) => sum + power, 0) / active.length);
  }
  return level;
}

describe('flite text to speech', () => {
  it.each(['slt', 'rms'] as const)(
    'says a sentence in the voice %s, about as long as a person takes',
    async (voice) => {
      const { samples } = await say('Good morning, how can I help you today?', voice);
      expect(samples.length / 16000).toBeGreaterThan(1.5);
      expect(samples.length / 16000).toBeLessThan(3.5);
    },
  );

  it('has two voices that differ', async () => {
    const text = 'Good morning, how can I help you today?';
    const [slt, rms] = await Promise.all([say(text, 'slt'), say(text, 'rms')]);
    expect(Math.abs(slt.samples.length - rms.samples.length)).toBeGreaterThan(1600);
    expect(pitchHz(slt.samples)).toBeGreaterThan(pitchHz(rms.samples) * 1.3);
  });

  it.each(['slt', 'rms'] as const)(
    'speaks at −20 dBov ± 2 in the voice %s, without clipping',
    async (voice) => {
      const { samples } = await say(
        'We are open from Monday to Friday. Would you like to make an appointment? Yes, that is fine.',
        voice,
      );
      expect(activeLevelDbov(samples)).toBeGreaterThan(-22);
      expect(activeLevelDbov(samples)).toBeLessThan(-18);
      expect(samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)).toBeLessThan(30_000);
    },
  );

  it.each(['slt', 'rms'] as const)(
    'begins with sound after 10 ms and ends without a click in the voice %s',
    async (voice) => {
      const { samples } = await say('Around noon.', voice);
      const first = samples.findIndex((sample) => Math.abs(sample) > 500);
      expect(first).toBeLessThan(16 * 100);
      expect(Math.abs(samples[0] ?? 0)).toBeLessThan(10);
      expect(Math.abs(samples.at(-1) ?? 0)).toBeLessThan(10);
      const lastSound = samples.findLastIndex((sample) => Math.abs(sample) > 300);
      expect(samples.length - lastSound).toBeLessThan(16 * 150);
    },
  );

  it('leaves the first sound long before the whole sentence is made', async () => {
    const { seams, samples } = await say(
      'This is a rather long sentence, which takes a speaker several seconds to say.',
    );
    expect(seams[1]).toBeLessThanOrEqual(16 * 40);
    expect(seams.length).toBeGreaterThan(samples.length / 16000 / 0.2);
  });

  it('has no click where chunks or sentences meet', async () => {
    const { samples, seams } = await say(
      'One moment please. Let me look that up for you. It will not take long.',
    );
    for (const seam of seams.slice(1)) expectNoClick(samples, seam, 80);
  });

  it.each([
    { encoding: 'ulaw', rateHz: 8000 },
    { encoding: 'alaw', rateHz: 8000 },
    { encoding: 'pcm_s16', rateHz: 8000 },
  ] as const)(
    'gives $encoding at $rateHz Hz: as long and as loud as at 16 kHz, and as smooth',
    async (format) => {
      const text = 'Good morning. How can I help you today?';
      const wide = await say(text);
      const narrow = await spoken(tts.speak(pieces(text), request({ format }), never));
      expect(tts.formats).toContainEqual(format);
      expect(Math.abs(narrow.samples.length - wide.samples.length / 2)).toBeLessThanOrEqual(2);
      expect(Math.abs(activeLevelDbov(narrow.samples) - activeLevelDbov(wide.samples))).toBeLessThan(1);
      expect(narrow.words.at(-1)?.endMs).toBeCloseTo(wide.words.at(-1)?.endMs ?? 0, 0);
      for (const seam of narrow.seams.slice(1)) expectNoClick(narrow.samples, seam, 60);
    },
  );

  it('pauses between sentences for 150 to 350 ms', async () => {
    const { samples, words } = await say('Thank you. Goodbye.');
    const pause = (words[2]?.startMs ?? 0) - (words[1]?.endMs ?? 0);
    expect(pause).toBeGreaterThan(150);
    expect(pause).toBeLessThan(350);
    const middle = ((words[1]?.endMs ?? 0) + pause / 2 + 20) * 16;
    expect(levelDbov(samples.subarray(middle, middle + 320))).toBeLessThan(-60);
  });

  it('times every written word, in order, within the sound', async () => {
    const text =
      "Hello, we're open 9:30-17:00 on Mon. and it's £49.50. Dr. Smith's number is 020 7946 0018 (ext. 12).";
    const { samples, words } = await say(text);
    expect(words.map((word) => word.text).join(' ')).toBe(text);
    let previousEnd = 0;
    for (const word of words) {
      expect(word.startMs).toBeGreaterThanOrEqual(previousEnd - 0.01);
      expect(word.endMs).toBeGreaterThan(word.startMs);
      previousEnd = word.endMs;
    }
    expect(previousEnd).toBeLessThanOrEqual(samples.length / 16);
    // It is said while it sounds: the middle of each long word isn't silence.
    for (const word of words.filter(({ text: written }) => written.length > 4)) {
      const middle = Math.round(((word.startMs + word.endMs) / 2) * 16);
      expect(levelDbov(samples.subarray(middle - 800, middle + 800)), word.text).toBeGreaterThan(-50);
    }
  });

  it('gives the words of a sentence before its sound', async () => {
    const { order } = await say('Thank you. Goodbye.');
    expect(order[0]).toBe('words');
    expect(order.filter((type) => type === 'words')).toHaveLength(2);
  });

  it('speaks the first sentence while the text is still coming', async () => {
    let release = (): void => undefined;
    const rest = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* slowly(): AsyncGenerator<string> {
      yield 'Let me see.';
      await rest;
      yield 'Yes, there is.';
    }
    const heard: TtsEvent[] = [];
    for await (const event of tts.speak(slowly(), request(), never)) {
      heard.push(event);
      if (event.type === 'audio') release();
    }
    expect(
      heard.flatMap((event) => (event.type === 'words' ? event.words.map((word) => word.text) : [])),
    ).toEqual(['Let', 'me', 'see.', 'Yes,', 'there', 'is.']);
  });

  it('waits for more text when all that came has been spoken', async () => {
    let spokenSoFar = 0;
    let goOn = (): void => undefined;
    async function* slowly(): AsyncGenerator<string> {
      yield 'One moment. ';
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      yield 'Here it is.';
    }
    const words: string[] = [];
    const single = createFliteTts({ threads: 1 });
    try {
      const listening = (async () => {
        for await (const event of single.speak(slowly(), request(), never)) {
          if (event.type === 'words') words.push(...event.words.map((word) => word.text));
          else spokenSoFar += 1;
        }
      })();
      await vi.waitFor(() => {
        expect(spokenSoFar).toBeGreaterThan(3);
      }, 5000);
      // The one thread works in order: when another reply is done, so is the first sentence.
      await spoken(single.speak(pieces('Hello.'), request(), never));
      goOn();
      await listening;
      expect(words.join(' ')).toBe('One moment. Here it is.');
    } finally {
      await single.close();
    }
  }, 30_000);

  it('says nothing for a text without words', async () => {
    expect((await say(' … \n ')).samples).toHaveLength(0);
    expect((await spoken(tts.speak(pieces(), request(), never))).order).toEqual([]);
  });

  it('ends early and silently when it is cancelled, even while the text is awaited', async () => {
    const abort = new AbortController();
    async function* endless(): AsyncGenerator<string> {
      yield 'This is the first sentence of a very long story. ';
      await new Promise(() => undefined);
    }
    let chunks = 0;
    for await (const event of tts.speak(endless(), request(), abort.signal)) {
      if (event.type === 'audio' && ++chunks === 3) abort.abort();
    }
    expect(chunks).toBeLessThan(10);
    const already = AbortSignal.abort();
    expect((await spoken(tts.speak(pieces('Hello.'), request(), already))).order).toEqual([]);
  });

  it('stops the thread too when it is cancelled: the next reply need not wait for the old one', async () => {
    const single = createFliteTts({ threads: 1 });
    try {
      const long =
        'A long list of words, one after the other, that goes on for quite a while and then some more. ';
      const abort = new AbortController();
      for await (const event of single.speak(pieces(long.repeat(20)), request(), abort.signal)) {
        if (event.type === 'audio') abort.abort();
      }
      const next = await spoken(single.speak(pieces('Hello.'), request(), never));
      expect(next.samples.length).toBeGreaterThan(4000);
    } finally {
      await single.close();
    }
  }, 30_000);

  it("lets a new call's first sentence go before the later sentences of the others", async () => {
    const single = createFliteTts({ threads: 1 });
    try {
      const order: string[] = [];
      const listen = async (name: string, text: string): Promise<void> => {
        for await (const event of single.speak(pieces(text), request(), never)) {
          if (event.type === 'words') order.push(name);
        }
      };
      const sentence = 'This sentence belongs to a long reply, which keeps the thread busy for a while. ';
      const talkers = ['a', 'b', 'c'].map((name) => listen(name, sentence.repeat(6)));
      await vi.waitFor(() => {
        expect(order.length).toBeGreaterThanOrEqual(4);
      }, 10_000);
      const soFar = order.length;
      await listen('late', 'Hello.');
      expect(order.indexOf('late')).toBeLessThanOrEqual(soFar + 3);
      await Promise.all(talkers);
    } finally {
      await single.close();
    }
  }, 30_000);

  it('serves many calls at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        say(`You are caller number ${index + 1}.`, index % 2 === 0 ? 'slt' : 'rms'),
      ),
    );
    for (const { samples } of all) expect(samples.length).toBeGreaterThan(12_000);
  }, 30_000);

  it('fails when the text does', async () => {
    async function* broken(): AsyncGenerator<string> {
      yield 'Well. ';
      await Promise.resolve();
      throw new Error('no more words');
    }
    await expect(spoken(tts.speak(broken(), request(), never))).rejects.toMatchObject({ code: 'TTS_FAILED' });
  });

  it.each([
    [{ language: 'de' }, 'LANGUAGE_UNSUPPORTED', /English only/],
    [{ voice: 'kal' }, 'TTS_UNAVAILABLE', /slt and rms/],
    [{ format: { encoding: 'pcm_s16', rateHz: 48000 } }, 'TTS_UNAVAILABLE', /48000/],
  ] as const)('refuses %j', (wrong, code, message) => {
    expect(() => {
      tts.check(request(wrong));
    }).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error);
  });

  it('accepts what it can do', () => {
    for (const language of ['en', 'en-US', 'EN_gb']) {
      expect(() => {
        tts.check(request({ language }));
      }).not.toThrow();
    }
  });

  it('fails the reply whose thread dies, and speaks again when the thread is back', async () => {
    const troubles: string[] = [];
    const threads = new MortalThreads('providers/embedded/tts/flite-worker.ts');
    const mortal = createFliteTts({
      threads: 1,
      supervision: threads.supervision,
      onTrouble: (message) => troubles.push(message),
    });
    try {
      async function* halting(): AsyncGenerator<string> {
        yield 'One moment. ';
        threads.end('exit');
        await new Promise(() => undefined);
      }
      await expect(spoken(mortal.speak(halting(), request(), never))).rejects.toMatchObject({
        code: 'TTS_FAILED',
      });
      expect(troubles).toEqual([expect.stringContaining('started again')]);
      expect(mortal.status?.()).toEqual({
        trouble: expect.stringContaining('died') as string,
        threads: [{ name: 'tts-0', alive: false, restarts: 1 }],
        requests: 0,
      });
      await vi.waitFor(
        async () => {
          const again = await spoken(mortal.speak(pieces('Hello.'), request(), never));
          expect(again.samples.length).toBeGreaterThan(4000);
        },
        { timeout: 10_000, interval: 50 },
      );
      expect(mortal.status?.()).toEqual({
        threads: [{ name: 'tts-0', alive: true, restarts: 1 }],
        requests: 0,
      });
    } finally {
      threads.close();
      await mortal.close();
    }
  }, 30_000);

  it('leaves no thread behind, and speaks no more, when it is closed', async () => {
    const before = handles();
    const other = createFliteTts();
    await other.load();
    expect(handles()).toBeGreaterThan(before);
    await Promise.all([other.close(), other.close()]);
    await vi.waitFor(() => {
      expect(handles()).toBe(before);
    }, 5000);
    await expect(spoken(other.speak(pieces('Hello.'), request(), never))).rejects.toMatchObject({
      code: 'TTS_FAILED',
    });
  }, 30_000);

  it('says why it cannot be started', async () => {
    const threads = new MortalThreads('providers/embedded/tts/flite-worker.ts', 'throw');
    const broken = createFliteTts({ threads: 1, supervision: threads.supervision });
    try {
      await expect(broken.load()).rejects.toMatchObject({
        code: 'TTS_UNAVAILABLE',
        message: expect.stringContaining("flite can't be started: ") as string,
      });
      expect(broken.status?.().trouble).toContain("flite can't be started: ");
    } finally {
      threads.close();
      await broken.close();
    }
  }, 30_000);

  it('starts no thread any more when it is closed while it is being loaded', async () => {
    const before = handles();
    const other = createFliteTts();
    const loaded = other.load();
    await other.close();
    await loaded;
    await vi.waitFor(() => {
      expect(handles()).toBe(before);
    }, 5000);
  }, 30_000);
});

/** Threads' ports that keep this process alive. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.includes('MessagePort')).length;
}

/** The fundamental of the loudest 64 ms, by autocorrelation. */
function pitchHz(samples: Int16Array): number {
  let loudest = 0;
  for (let at = 0; at + 1024 <= samples.length; at += 512) {
    if (levelDbov(samples.subarray(at, at + 1024)) > levelDbov(samples.subarray(loudest, loudest + 1024)))
      loudest = at;
  }
  let best = 0;
  let lag = 0;
  for (let candidate = 50; candidate < 250; candidate++) {
    let sum = 0;
    for (let at = loudest; at < loudest + 700; at++)
      sum += (samples[at] ?? 0) * (samples[at + candidate] ?? 0);
    if (sum > best) [best, lag] = [sum, candidate];
  }
  return 16000 / lag;
}

/** A seam's step is an ordinary step: not much larger than the largest of its neighbours. */
function expectNoClick(samples: Int16Array, seam: number, reach: number): void {
  const step = (at: number): number => Math.abs((samples[at] ?? 0) - (samples[at - 1] ?? 0));
  let around = 0;
  for (let at = seam - reach; at < seam + reach; at++) if (at !== seam) around = Math.max(around, step(at));
  expect(step(seam)).toBeLessThanOrEqual(around * 1.5 + 60);
}
