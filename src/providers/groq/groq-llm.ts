import type { LanguageModel } from '../../dialog/contract/ports.ts';
import { createChatModel, type ChatModelOptions } from '../chat/chat-model.ts';
import { createGroqClient, type GroqConnection } from './groq-client.ts';
import type { GroqSettings } from './groq-section.ts';

export interface GroqLlmOptions
  extends
    GroqConnection,
    Pick<GroqSettings, 'maxTokens' | 'reasoningEffort'>,
    Omit<ChatModelOptions, 'name'> {
  /** Name in logs and failures (default `groq`). */
  readonly name?: string;
}

/** A chat model of Groq's. */
export function createGroqLlm(options: GroqLlmOptions): LanguageModel {
  const { name = 'groq', maxTokens, reasoningEffort } = options;
  const client = createGroqClient(options);
  return createChatModel(
    {
      load: () => client.sdk(),
      ask: async (body, signal) => (await client.sdk()).chat.completions.create(body, { signal }),
      failure: (error) => client.failure('LLM_FAILED', name, error),
      refusal: (error) => client.refusal(error),
      warm: () => {
        client.warm();
      },
      close: () => client.close(),
    },
    { ...options, name },
    {
      limit: ['max_completion_tokens', maxTokens],
      more: reasoningEffort === undefined ? {} : { reasoning_effort: reasoningEffort },
    },
  );
}
