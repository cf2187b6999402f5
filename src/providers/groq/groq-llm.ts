import type { LanguageModel } from '../../dialog/contract/ports.ts';
import { createChatModel, type ChatModelOptions } from '../chat/chat-model.ts';
import { chatServer } from '../sdk-http.ts';
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
  return createChatModel(
    chatServer(createGroqClient(options), name, (sdk, body, signal) =>
      sdk.chat.completions.create(body, { signal }),
    ),
    { ...options, name },
    {
      limit: ['max_completion_tokens', maxTokens],
      more: reasoningEffort === undefined ? {} : { reasoning_effort: reasoningEffort },
    },
  );
}
