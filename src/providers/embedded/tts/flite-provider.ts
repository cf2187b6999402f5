import type { Provider } from '../../provider.ts';
import { FLITE_VOICES } from './flite-engine.ts';

export const flite: Provider<'tts'> = {
  part: 'tts',
  name: 'flite',
  languages: ['en'],
  voices: FLITE_VOICES,
  rank: 100,
  // It can speak only what it knows the sounds of: speakable.ts.
  figures: () => ({ reads: ['en'] }),
  async open({ onTrouble, onAbandoned }) {
    const { createFliteTts } = await import('./flite-tts.ts');
    return createFliteTts({ onTrouble, supervision: { onAbandoned } });
  },
};
