import type { Provider } from '../provider.ts';
import { GROQ } from './groq-section.ts';

export const groqWhisper: Provider<'stt'> = {
  part: 'stt',
  name: 'groq-whisper',
  section: GROQ,
  needsKey: true,
  isRemote: true,
  languages: 'any',
  rank: 20,
  async open({ settings, wordTimes, later }) {
    later('ready', async () => (await import('../sdk-http.ts')).loadSdk(() => import('groq-sdk')));
    const { createGroqWhisperStt } = await import('./groq-whisper-stt.ts');
    const { apiKey = '', baseUrl, sttModel: model, transcriptMs: timeoutMs } = GROQ.in(settings);
    return createGroqWhisperStt({ apiKey, baseUrl, model, timeoutMs, wordTimes });
  },
};
