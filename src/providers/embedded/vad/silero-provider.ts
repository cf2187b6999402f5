import type { Provider } from '../../provider.ts';

export const silero: Provider<'vad'> = {
  part: 'vad',
  name: 'silero',
  languages: 'any',
  rank: 100,
  async open({ onTrouble, onAbandoned }) {
    const { createSileroVad } = await import('./silero-vad.ts');
    return createSileroVad({ onTrouble, supervision: { onAbandoned } });
  },
};
