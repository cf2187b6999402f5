import type { LanguageModel } from '../../dialog/contract/ports.ts';
import { createChatModel, type ChatModelOptions } from '../chat/chat-model.ts';
import { chatServer, LaterSdk, SDK_TIMEOUT_MS } from '../sdk-http.ts';
import type { OpenAiSettings } from './openai-section.ts';

export interface OpenAiLlmOptions
  extends
    Pick<OpenAiSettings, 'baseUrl' | 'apiVersion' | 'maxTokens' | 'maxTokensAs' | 'reasoningEffort'>,
    Omit<ChatModelOptions, 'name'> {
  /** Left out for a server that asks for none. */
  readonly apiKey?: string | undefined;
  /** Name in logs and failures (default `openai-compatible`). */
  readonly name?: string;
}

/** A chat model behind any server that speaks like OpenAI: `baseUrl` as it is, and `/chat/completions`. */
export function createOpenAiLlm(options: OpenAiLlmOptions): LanguageModel {
  const { name = 'openai-compatible', apiKey, baseUrl, maxTokens, maxTokensAs, reasoningEffort } = options;
  const address = baseUrl.replaceAll(/(?<!:)\/{2,}/g, '/').replace(/\/$/, '');
  const sdk = new LaterSdk({
    address,
    keys: apiKey === undefined ? [] : [apiKey],
    load: () => import('openai'),
    make: ({ default: Client }, fetch) =>
      new Client({
        baseURL: address,
        ...accessOf(options),
        // All of it explicit, so that the SDK sends nothing that stands in the environment for other programs.
        adminAPIKey: null,
        organization: null,
        project: null,
        fetch,
        maxRetries: 0,
        timeout: SDK_TIMEOUT_MS,
        // It prints what it can't parse to the console.
        logLevel: 'off',
      }),
  });
  return createChatModel(
    chatServer(
      sdk,
      name,
      // Its types don't know what other servers stream.
      (client, body, signal) => client.chat.completions.create(body, { signal }),
      (error) => withRemedy(error, address),
    ),
    { ...options, name },
    {
      limit: [maxTokensAs, maxTokens],
      more: {
        stream_options: { include_usage: true },
        ...(reasoningEffort !== undefined && { reasoning_effort: reasoningEffort }),
      },
    },
  );
}

/** Of an address at which there is nothing: what was asked, and what is most often wrong with it. */
function withRemedy(error: unknown, baseUrl: string): unknown {
  const { status, message } = error as { status?: unknown; message?: unknown };
  const isMissing = status === 404 && !/model|endpoints/i.test(String(message));
  if (isMissing && error instanceof Error) {
    const hint = /\/v\d|\/openai/.test(baseUrl) ? 'is baseUrl right?' : 'is /v1 missing from baseUrl?';
    error.message += `: there is nothing at ${baseUrl}/chat/completions; ${hint}`;
  }
  return error;
}

/** How it is let in: by a bearer's token, at Azure by a header of its own, or without a key. */
function accessOf({ apiKey, apiVersion }: Pick<OpenAiLlmOptions, 'apiKey' | 'apiVersion'>) {
  // The SDK insists on a key; a header that is null isn't sent.
  const nobody = { apiKey: 'none', defaultHeaders: { Authorization: null } };
  if (apiVersion !== undefined) {
    // learn.microsoft.com/azure/ai-services/openai/reference: `api-version` in the query, and `api-key`.
    return {
      ...nobody,
      defaultHeaders: { ...nobody.defaultHeaders, ...(apiKey === undefined ? {} : { 'api-key': apiKey }) },
      defaultQuery: { 'api-version': apiVersion },
    };
  }
  return apiKey === undefined ? nobody : { apiKey };
}
