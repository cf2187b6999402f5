import type { Provider } from '../provider.ts';
import { GROQ } from './groq-section.ts';

export const groqLlm: Provider<'llm'> = {
  part: 'llm',
  name: 'groq',
  section: GROQ,
  needsKey: true,
  isRemote: true,
  languages: 'any',
  rank: 10,
  async open({ settings, later, onTrouble }) {
    later('ready', async () => (await import('../sdk-http.ts')).loadSdk(() => import('groq-sdk')));
    const { createGroqLlm } = await import('./groq-llm.ts');
    const { apiKey = '', ...own } = GROQ.in(settings);
    // Whether it is asked again is up to the chain that it stands in.
    return createGroqLlm({ ...own, apiKey, onTrouble });
  },
};
