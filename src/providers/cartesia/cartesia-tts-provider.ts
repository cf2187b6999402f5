import type { Provider } from '../provider.ts';
import { CARTESIA_LANGUAGES, CARTESIA_VOICE_ID } from './cartesia-formats.ts';
import { CARTESIA } from './cartesia-section.ts';

export const cartesiaTts: Provider<'tts'> = {
  part: 'tts',
  name: 'cartesia',
  section: CARTESIA,
  needsKey: true,
  isRemote: true,
  languages: CARTESIA_LANGUAGES,
  voices: { namesAt: ['tts', 'voices'], id: CARTESIA_VOICE_ID },
  rank: 10,
  // In the conventions of each language, but no ranges: docs.cartesia.ai/build-with-cartesia/capability-guides/text-normalization
  figures: (settings) => ({
    reads: CARTESIA.in(settings).tts.figures === 'voice' ? 'any' : ['en'],
    butRanges: true,
  }),
  async open({ settings, later, onTrouble }) {
    const { createCartesiaTts } = await import('./cartesia-tts.ts');
    const { apiKey = '', baseUrl, connectMs, tts: own } = CARTESIA.in(settings);
    const { format, repliesPerSocket, figures: _, ...others } = own;
    const tts = createCartesiaTts({
      ...others,
      apiKey,
      baseUrl,
      connectMs,
      contextsPerSocket: repliesPerSocket,
      format: format && { encoding: format.encoding, rateHz: format.sampleRateHz },
      onTrouble,
    });
    // The first reply shall find a connection; greetings are prepared.
    later('ready', () => {
      tts.warm?.();
      return Promise.resolve();
    });
    return tts;
  },
};
