import { describe, expect, it } from 'vitest';
import { formatFor, PhraseCache, type PhraseRequest } from '../../../src/dialog/reply/prepared-phrases.ts';
import type { AudioFormat } from '../../../src/media/audio.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedTts } from '../../support/scripted-tts.ts';

const ULAW: AudioFormat = { encoding: 'ulaw', rateHz: 8000 };
const ALAW: AudioFormat = { encoding: 'alaw', rateHz: 8000 };
const WIDE: AudioFormat = { encoding: 'pcm_s16', rateHz: 16000 };

function request(tts: ScriptedTts, more: Partial<PhraseRequest> = {}): PhraseRequest {
  const texts = { greeting: 'Hello there', goodbye: 'Goodbye' };
  return { owner: 'alice', texts, tts, voice: 'slt', language: 'en', formats: [ULAW, ALAW, WIDE], ...more };
}

async function prepared(tts: ScriptedTts, more: Partial<PhraseRequest> = {}) {
  const phrases = new PhraseCache();
  const troubles: string[] = [];
  await phrases.prepare(request(tts, more), new AbortController().signal, (phrase) => troubles.push(phrase));
  return { phrases, troubles };
}

describe('phrases known beforehand', () => {
  it('are kept in every format of the wire, with their length and words', async () => {
    const { phrases } = await prepared(new ScriptedTts(new ManualClock(), { firstAudioMs: 0 }));
    for (const format of [ULAW, ALAW, WIDE]) {
      const phrase = phrases.get('alice', 'greeting', format);
      expect(phrase).toMatchObject({ text: 'Hello there', durationMs: 800, audio: format });
      expect(phrase?.words.map(({ text }) => text)).toEqual(['Hello', 'there']);
    }
  });

  it('are synthesised in the format of the wire where the synthesiser has it, and not converted', async () => {
    const { phrases } = await prepared(new ScriptedTts(new ManualClock(), { firstAudioMs: 0 }));
    const audio = phrases.get('alice', 'greeting', ALAW)?.audio;
    expect(audio && 'bytes' in audio && audio.bytes.every((byte) => byte === 0x2a)).toBe(true);
    const tts = new ScriptedTts(new ManualClock());
    expect(formatFor(tts, ALAW)).toEqual(ALAW);
    expect(formatFor(tts, WIDE)).toEqual(ULAW);
  });

  it('are synthesised once where linear samples are given that suffice for every wire', async () => {
    const tts = Object.assign(new ScriptedTts(new ManualClock(), { firstAudioMs: 0 }), {
      formats: [ULAW, ALAW, WIDE],
    });
    const asked: AudioFormat[] = [];
    const speak = tts.speak.bind(tts);
    tts.speak = (text, voice, signal) => {
      asked.push(voice.format);
      return speak(text, voice, signal);
    };
    const { phrases } = await prepared(tts, { texts: { greeting: 'Hello there' } });
    expect(asked).toEqual([WIDE]);
    for (const format of [ULAW, ALAW, WIDE]) {
      expect(phrases.get('alice', 'greeting', format)).toMatchObject({ durationMs: 800, audio: format });
    }
  });

  it('are brought into a format once: when they are wanted, or one after the other before', async () => {
    const { phrases } = await prepared(new ScriptedTts(new ManualClock(), { firstAudioMs: 0 }));
    const wanted = phrases.get('alice', 'greeting', WIDE);
    let others = 0;
    while (phrases.convertNext()) others += 1;
    expect(others).toBe(5); // of two phrases in three formats
    expect(phrases.get('alice', 'greeting', WIDE)).toBe(wanted);
    expect(phrases.get('alice', 'goodbye', ALAW)).toBe(phrases.get('alice', 'goodbye', ALAW));
    expect(phrases.convertNext()).toBe(false);
  });

  it('are asked for in the format that is wanted for RTP, but for no wider wire', () => {
    const narrow: AudioFormat = { encoding: 'pcm_s16', rateHz: 8000 };
    const tts = Object.assign(new ScriptedTts(new ManualClock()), { formats: [narrow, ULAW, WIDE] });
    expect(formatFor(tts, ULAW, narrow)).toEqual(narrow);
    expect(formatFor(tts, WIDE, narrow)).toEqual(WIDE);
  });

  it('that fail are told of, and the others are there', async () => {
    const tts = new ScriptedTts(new ManualClock(), { firstAudioMs: 0 });
    tts.fault = { atWord: 'Hello', how: new Error('no voice') };
    const { phrases, troubles } = await prepared(tts);
    expect(troubles).toEqual(['greeting']);
    expect(phrases.get('alice', 'greeting', ULAW)).toBeUndefined();
    expect(phrases.text('alice', 'greeting')).toBe('Hello there');
    expect(phrases.get('alice', 'goodbye', ULAW)).toBeDefined();
  });

  it('that failed at start are tried again, until they are there', async () => {
    const clock = new ManualClock();
    const tts = new ScriptedTts(clock, { firstAudioMs: 0 });
    tts.fault = { atWord: 'Hello', how: new Error('no voice') };
    const phrases = new PhraseCache();
    const { signal } = new AbortController();
    const again = await phrases.prepare(request(tts), signal, () => undefined);
    expect(again).toEqual(['greeting']);
    let done: boolean | undefined;
    void phrases.complete(request(tts), again, clock, signal).then((result) => (done = result));
    await clock.advance(45_000);
    expect(phrases.get('alice', 'greeting', ULAW)).toBeUndefined();
    expect(done).toBeUndefined();
    tts.fault = undefined;
    await clock.advance(60_000);
    expect(phrases.get('alice', 'greeting', ULAW)).toMatchObject({ text: 'Hello there' });
    expect(done).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('that another voice has spoken are spoken anew by their own, as soon as it is back', async () => {
    const clock = new ManualClock();
    const tts = new ScriptedTts(clock, { firstAudioMs: 0 });
    const speak = tts.speak.bind(tts);
    let isAway = true;
    tts.speak = async function* (text, voice, signal) {
      const trouble = { part: 'tts', provider: 'cloud', kind: 'refused', message: 'away' } as const;
      if (isAway) yield { type: 'trouble', trouble: { ...trouble, outcome: 'fell-back', next: 'own' } };
      yield* speak(text, voice, signal);
    };
    const phrases = new PhraseCache();
    const { signal } = new AbortController();
    const again = await phrases.prepare(request(tts), signal, () => undefined);
    expect(again).toEqual(['greeting', 'goodbye']);
    const substitute = phrases.get('alice', 'goodbye', ULAW);
    expect(substitute).toBeDefined();
    isAway = false;
    const completed = phrases.complete(request(tts), again, clock, signal);
    await clock.advance(30_000);
    expect(await completed).toBe(true);
    expect(phrases.get('alice', 'goodbye', ULAW)).not.toBe(substitute);
  });

  it('are no longer tried when the process ends', async () => {
    const clock = new ManualClock();
    const tts = new ScriptedTts(clock, { firstAudioMs: 0 });
    const over = new AbortController();
    const completed = new PhraseCache().complete(request(tts), ['greeting'], clock, over.signal);
    over.abort();
    await clock.advance(0);
    expect(await completed).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('belong to their agent', async () => {
    const { phrases } = await prepared(new ScriptedTts(new ManualClock(), { firstAudioMs: 0 }));
    expect(phrases.get('tom', 'greeting', ULAW)).toBeUndefined();
  });
});
