import type { Provider } from '../provider.ts';
import { OPENAI_COMPATIBLE } from './openai-section.ts';

export const openAiCompatibleLlm: Provider<'llm'> = {
  part: 'llm',
  name: 'openai-compatible',
  section: OPENAI_COMPATIBLE,
  isRemote: true,
  languages: 'any',
  async open({ settings, later, onTrouble }) {
    later('ready', async () => (await import('../sdk-http.ts')).loadSdk(() => import('openai')));
    const { createOpenAiLlm } = await import('./openai-llm.ts');
    return createOpenAiLlm({ ...OPENAI_COMPATIBLE.in(settings), onTrouble });
  },
};
