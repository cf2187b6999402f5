import { messageOf } from '../../../lib/errors.ts';
import type { Provider } from '../../provider.ts';
import { expectedPhrases } from '../receptionist/expected-phrases.ts';
import { findModel } from './model-files.ts';

export const pocketsphinx: Provider<'stt'> = {
  part: 'stt',
  name: 'pocketsphinx',
  languages: ['en'],
  rank: 100,
  checkMachine: async () => {
    findModel();
    const { loadPocketsphinx } = await import('./pocketsphinx.ts');
    loadPocketsphinx();
  },
  async open({ agents, follows, later, maxCalls, debug, onTrouble, onAbandoned }) {
    const { createPocketsphinxStt } = await import('./pocketsphinx-stt.ts');
    const stt = createPocketsphinxStt({ maxStreams: maxCalls, onTrouble, supervision: { onAbandoned } });
    if (!follows) {
      await stt.load().catch(async (error: unknown) => {
        await stt.close();
        throw error;
      });
    }
    // Greetings are heard meanwhile; a call that comes earlier makes its own.
    later(follows ? 'called' : 'ready', async () => {
      for (const agent of agents) {
        const { language, knowledge } = agent;
        const source = {
          language,
          phrases: expectedPhrases(agent),
          pronunciations: knowledge.pronunciations,
        };
        try {
          debug({ agent: agent.id, ...(await stt.prepare(source)) }, 'recogniser prepared');
        } catch (error) {
          if (stt.closed) return;
          onTrouble(`the recogniser of ${agent.id} can't be prepared: ${messageOf(error)}`);
        }
      }
    });
    return stt;
  },
};
