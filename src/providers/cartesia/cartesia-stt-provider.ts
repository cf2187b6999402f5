import type { Provider } from '../provider.ts';
import { CARTESIA_STT_LANGUAGES } from './cartesia-formats.ts';
import { CARTESIA } from './cartesia-section.ts';

export const cartesiaStt: Provider<'stt'> = {
  part: 'stt',
  name: 'cartesia',
  section: CARTESIA,
  needsKey: true,
  isRemote: true,
  languages: CARTESIA_STT_LANGUAGES,
  rank: 10,
  async open({ settings, later }) {
    later('ready', async () => void (await import('./cartesia-client.ts')).loadCartesia());
    const { createCartesiaStt } = await import('./cartesia-stt.ts');
    const { apiKey = '', baseUrl, connectMs, stt } = CARTESIA.in(settings);
    const { startThreshold: start, eagerEndThreshold: eagerEnd, endThreshold: end, endTimeoutMs } = stt;
    return createCartesiaStt({
      ...stt,
      apiKey,
      baseUrl,
      connectMs,
      turn: { start, eagerEnd, end, endTimeoutMs },
    });
  },
};
