import type { Provider } from '../../provider.ts';
import { expectedPhrases } from '../receptionist/expected-phrases.ts';

export const pocketsphinx: Provider<'stt'> = {
  part: 'stt',
  name: 'pocketsphinx',
  languages: ['en'],
  rank: 100,
  async open({ agents, maxCalls, debug, onTrouble, onAbandoned }) {
    const { createPocketsphinxStt } = await import('./pocketsphinx-stt.ts');
    const stt = createPocketsphinxStt({ maxStreams: maxCalls, onTrouble, supervision: { onAbandoned } });
    for (const agent of agents) {
      const { language, knowledge } = agent;
      const phrases = expectedPhrases(agent);
      const report = await stt.prepare({ language, phrases, pronunciations: knowledge.pronunciations });
      debug({ agent: agent.id, ...report }, 'recogniser prepared');
    }
    return stt;
  },
};
