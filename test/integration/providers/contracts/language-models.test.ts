import { systemClock } from '../../../../src/lib/clock.ts';
import { createReceptionist } from '../../../../src/providers/embedded/receptionist/receptionist.ts';
import { createGroqLlm } from '../../../../src/providers/groq/groq-llm.ts';
import { noUnhandledRejections } from '../../../support/leaks.ts';
import { startGroqServer } from '../../../support/provider-servers/groq-server.ts';
import { ScriptedLlm } from '../../../support/scripted-llm.ts';
import { describeLanguageModel, type LanguageModelHarness } from './language-model.contract.ts';

noUnhandledRejections();

describeLanguageModel('the scripted model', () => {
  const llm = new ScriptedLlm(systemClock, [['We', ' are', ' open.']], { firstTokenMs: 1 });
  return Promise.resolve({ llm, open: () => llm.open, close: () => llm.close() });
});

describeLanguageModel('the receptionist', () => {
  const llm = createReceptionist({ clock: systemClock });
  return Promise.resolve({ llm, open: () => 0, close: () => llm.close() });
});

async function groqHarness(flavour: 'groq' | 'plain'): Promise<LanguageModelHarness> {
  const server = await startGroqServer({
    flavour,
    think: () => ({ text: 'We are open from eight to six on weekdays.' }),
    betweenTokens: () => 2,
  });
  const llm = createGroqLlm(
    flavour === 'groq'
      ? { apiKey: 'test-key', baseUrl: server.url }
      : { baseUrl: `${server.url}/v1`, model: 'llama3.2', name: 'local' },
  );
  return {
    llm,
    open: () => server.streaming,
    async close() {
      await llm.close();
      await server.close();
    },
  };
}

describeLanguageModel('Groq', () => groqHarness('groq'));
describeLanguageModel('an OpenAI-compatible server under /v1', () => groqHarness('plain'));
