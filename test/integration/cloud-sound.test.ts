/** The cloud's voice on the telephone: G.711 as it comes, and float samples through our resampler. */
import { describe, expect, it } from 'vitest';
import type { AudioFormat } from '../../src/media/audio.ts';
import { levelDbov } from '../../src/media/level.ts';
import { createCartesiaTts } from '../../src/providers/cartesia/cartesia-tts.ts';
import { createGroqLlm } from '../../src/providers/groq/groq-llm.ts';
import { startCloudCall } from '../support/cloud-call.ts';
import { until } from '../support/leaks.ts';
import { startCartesiaServer } from '../support/provider-servers/cartesia-server.ts';
import { openFliteVoice } from '../support/provider-servers/flite-voice.ts';
import { startGroqServer } from '../support/provider-servers/groq-server.ts';
import type { Synthesise } from '../support/provider-servers/test-voice.ts';
import { findSpeech } from '../support/sound-likeness.ts';
import { CARTESIA_TTS, GROQ_LLM } from '../support/provider-defaults.ts';

const SLT = 'f786b574-daa5-4673-aa0c-cbe3e8534c02';
const SENTENCE =
  'The entrance is on Bridge Street right behind the clinic and there is parking for everybody.';
const OTHER = 'Our dentists are Doctor Harper and Doctor Nolan from Monday on.';

/** What the caller hears of a sentence, as samples of 8,000 Hz, when the voice gives this format. */
async function heard(synthesise: Synthesise, source?: AudioFormat): Promise<Int16Array> {
  const groq = await startGroqServer({ think: () => ({ text: SENTENCE }) });
  const cartesia = await startCartesiaServer({ tts: { synthesise: atAnyRate(synthesise) } });
  const tts = createCartesiaTts({
    ...CARTESIA_TTS,
    apiKey: 'test-key',
    baseUrl: cartesia.url,
    voices: { slt: SLT },
    ...(source ? { format: source } : {}),
  });
  const llm = createGroqLlm({ ...GROQ_LLM, apiKey: 'test-key', baseUrl: groq.url });
  const call = await startCloudCall({ llm, tts, ...(source ? { source } : {}) });
  try {
    await until(() => call.of('answered').length > 0);
    const from = call.peer.received.length;
    call.asks('where are you');
    await until(() => call.of('agent-said').length > 0, 20_000);
    const [asked] = cartesia.generations();
    expect(asked?.output_format).toMatchObject(
      source
        ? { encoding: 'pcm_f32le', sample_rate: source.rateHz }
        : { encoding: 'pcm_mulaw', sample_rate: 8000 },
    );
    return call.peer.heardSamples().subarray(160 * from);
  } finally {
    await call.close();
    await Promise.all([llm.close(), tts.close()]);
    await Promise.all([groq.close(), cartesia.close()]);
  }
}

/** The same speech at any rate, by the textbook and not by the resampler that is tested here. */
function atAnyRate(synthesise: Synthesise): Synthesise {
  return async ({ text, voice, rateHz }) => {
    if (rateHz === 8000) return synthesise({ text, voice, rateHz });
    const { samples, words } = await synthesise({ text, voice, rateHz: 16_000 });
    return { samples: interpolated(samples, 16_000, rateHz), words };
  };
}

/** Whittaker and Shannon, with a Hann window over 32 samples. */
function interpolated(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  const reach = 16;
  return Int16Array.from({ length: Math.floor((samples.length * toHz) / fromHz) }, (_, index) => {
    const at = (index * fromHz) / toHz;
    let sum = 0;
    for (let n = Math.ceil(at - reach); n <= at + reach; n += 1) {
      const x = Math.PI * (at - n);
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      sum += (samples[n] ?? 0) * sinc * 0.5 * (1 + Math.cos(x / reach));
    }
    return Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  });
}

/** Where speech begins and ends in what was heard. */
function speechOf(samples: Int16Array): Int16Array {
  const voiced = (at: number): boolean => levelDbov(samples.subarray(at, at + 160)) > -50;
  let [from, to] = [0, samples.length - (samples.length % 160)];
  while (from < to && !voiced(from)) from += 160;
  while (to > from && !voiced(to - 160)) to -= 160;
  return samples.subarray(from, to);
}

describe('a sentence in the format of the wire and in others', () => {
  it('sounds the same on the telephone', { timeout: 60_000 }, async () => {
    const voice = await openFliteVoice({ slt: SLT });
    const { synthesise } = voice;
    const sentence = speechOf(await heard(synthesise));
    expect(sentence.length).toBeGreaterThan(8 * 2000);
    const other = speechOf((await synthesise({ text: OTHER, voice: SLT, rateHz: 8000 })).samples);
    for (const rateHz of [22_050, 24_000] as const) {
      const converted = await heard(synthesise, { encoding: 'pcm_f32', rateHz });
      const { correlation, at } = findSpeech(converted, sentence);
      expect(correlation).toBeGreaterThan(0.97);
      const same = converted.subarray(at, at + sentence.length);
      expect(Math.abs(levelDbov(same) - levelDbov(sentence))).toBeLessThan(1);
      expect(Math.abs(speechOf(converted).length - sentence.length)).toBeLessThanOrEqual(320);
      // Would other words be noticed?
      expect(findSpeech(converted, other.subarray(0, sentence.length)).correlation).toBeLessThan(0.8);
    }
    await voice.close();
  });
});
