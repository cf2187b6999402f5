import type { LanguageModel } from '../../../../src/dialog/contract/ports.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { chainLanguageModels } from '../../../../src/providers/chain/language-model-chain.ts';
import { createReceptionist } from '../../../../src/providers/embedded/receptionist/receptionist.ts';
import { createGroqLlm } from '../../../../src/providers/groq/groq-llm.ts';
import { createOpenAiLlm } from '../../../../src/providers/openai/openai-llm.ts';
import { listed } from '../../../support/listed-provider.ts';
import { noUnhandledRejections } from '../../../support/leaks.ts';
import { OPENAI_LLM, GROQ_LLM } from '../../../support/provider-defaults.ts';
import {
  AZURE_API_VERSION,
  startGroqServer,
  type GroqServer,
} from '../../../support/provider-servers/groq-server.ts';
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

const THINK = {
  think: () => ({ text: 'We are open from eight to six on weekdays.' }),
  betweenTokens: () => 2,
};

function harness(llm: LanguageModel, server: GroqServer): LanguageModelHarness {
  return {
    llm,
    open: () => server.streaming,
    async close() {
      await llm.close();
      await server.close();
    },
  };
}

describeLanguageModel('Groq', async () => {
  const server = await startGroqServer(THINK);
  return harness(createGroqLlm({ ...GROQ_LLM, apiKey: 'test-key', baseUrl: server.url }), server);
});

// As every call has it: on a list, be it the only one on it.
describeLanguageModel('Groq, on a list', async () => {
  const server = await startGroqServer(THINK);
  const groq = harness(createGroqLlm({ ...GROQ_LLM, apiKey: 'test-key', baseUrl: server.url }), server);
  const providers = [listed('groq', groq.llm, systemClock)] as const;
  return { ...groq, llm: chainLanguageModels({ providers, clock: systemClock, patienceMs: 5000 }) };
});

describeLanguageModel('an OpenAI-compatible server under /v1', async () => {
  const server = await startGroqServer({ ...THINK, flavour: 'plain' });
  return harness(createOpenAiLlm({ ...OPENAI_LLM, baseUrl: `${server.url}/v1` }), server);
});

describeLanguageModel('an OpenAI-compatible server under a path of its own', async () => {
  const server = await startGroqServer({ ...THINK, flavour: 'plain', base: '/v1beta/openai' });
  return harness(createOpenAiLlm({ ...OPENAI_LLM, baseUrl: `${server.url}/v1beta/openai/` }), server);
});

describeLanguageModel('a deployment at Azure', async () => {
  const server = await startGroqServer({ ...THINK, flavour: 'azure' });
  const baseUrl = `${server.url}/openai/deployments/agent`;
  return harness(
    createOpenAiLlm({ ...OPENAI_LLM, apiKey: 'test-key', baseUrl, apiVersion: AZURE_API_VERSION }),
    server,
  );
});
