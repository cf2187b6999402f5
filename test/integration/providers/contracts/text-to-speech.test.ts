import { systemClock } from '../../../../src/lib/clock.ts';
import type { AudioFormat } from '../../../../src/media/audio.ts';
import { createCartesiaTts } from '../../../../src/providers/cartesia/cartesia-tts.ts';
import { chainTextToSpeech } from '../../../../src/providers/chain/text-to-speech-chain.ts';
import { createFliteTts } from '../../../../src/providers/embedded/tts/flite-tts.ts';
import { listed } from '../../../support/listed-provider.ts';
import { noUnhandledRejections } from '../../../support/leaks.ts';
import { startCartesiaServer } from '../../../support/provider-servers/cartesia-server.ts';
import { ScriptedTts } from '../../../support/scripted-tts.ts';
import { describeTextToSpeech, type TextToSpeechHarness } from './text-to-speech.contract.ts';
import { CARTESIA_TTS } from '../../../support/provider-defaults.ts';

noUnhandledRejections();

describeTextToSpeech('the scripted voice', () => {
  const tts = new ScriptedTts(systemClock, { firstAudioMs: 1 });
  return Promise.resolve({ tts, voice: 'slt', open: () => tts.open, close: () => tts.close() });
});

describeTextToSpeech('flite', async () => {
  const tts = createFliteTts({ threads: 1 });
  await tts.load();
  return { tts, voice: 'slt', open: () => 0, close: () => tts.close() };
});

async function cartesiaHarness(format?: AudioFormat, feeding?: 'token'): Promise<TextToSpeechHarness> {
  const server = await startCartesiaServer({ tts: { betweenChunks: () => 1 } });
  const tts = createCartesiaTts({
    ...CARTESIA_TTS,
    apiKey: 'test-key',
    baseUrl: server.url,
    voices: { anna: '00000000-0000-4000-8000-000000000000' },
    ...(format ? { format } : {}),
    ...(feeding ? { feeding, bufferMs: 20 } : {}),
  });
  return {
    tts,
    voice: 'anna',
    open: () => server.speaking,
    async close() {
      await tts.close();
      await server.close();
    },
  };
}

describeTextToSpeech('Cartesia', () => cartesiaHarness());
describeTextToSpeech('Cartesia fed with tokens', () =>
  cartesiaHarness({ encoding: 'ulaw', rateHz: 8000 }, 'token'),
);
// As every call has it: on a list, be it the only one on it.
describeTextToSpeech('Cartesia, on a list', async () => {
  const harness = await cartesiaHarness();
  const providers = [listed('cartesia', harness.tts, systemClock)] as const;
  return { ...harness, tts: chainTextToSpeech({ providers, clock: systemClock, patienceMs: 5000 }) };
});
