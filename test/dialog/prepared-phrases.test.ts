import { describe, expect, it } from 'vitest';
import { formatFor, PhraseCache, type PhraseRequest } from '../../src/dialog/prepared-phrases.ts';
import type { AudioFormat } from '../../src/media/audio.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ScriptedTts } from '../support/scripted-tts.ts';

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

  it('that fail are told of, and the others are there', async () => {
    const tts = new ScriptedTts(new ManualClock(), { firstAudioMs: 0 });
    tts.fault = { atWord: 'Hello', how: new Error('no voice') };
    const { phrases, troubles } = await prepared(tts);
    expect(troubles).toEqual(['greeting']);
    expect(phrases.get('alice', 'greeting', ULAW)).toBeUndefined();
    expect(phrases.text('alice', 'greeting')).toBe('Hello there');
    expect(phrases.get('alice', 'goodbye', ULAW)).toBeDefined();
  });

  it('belong to their agent', async () => {
    const { phrases } = await prepared(new ScriptedTts(new ManualClock(), { firstAudioMs: 0 }));
    expect(phrases.get('tom', 'greeting', ULAW)).toBeUndefined();
  });
});
