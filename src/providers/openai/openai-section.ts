import { SettingsSection, type SettingsOf } from '../../settings/settings-section.ts';
import { apiUrl, oneOf, section, text } from '../../settings/values.ts';
import { replies } from '../chat/chat-settings.ts';

/** A deployment at Azure: `https://NAME.openai.azure.com/openai/deployments/DEPLOYMENT`. */
const AZURE_DEPLOYMENT = /\/openai\/deployments\/[^/]+\/*$/;

/** What Azure calls the endpoint, without a path to any API: everything under it is 404. */
const AZURE_BARE = /^https:\/\/[^/]+\.azure\.com(?:\/openai(?:\/deployments)?)?\/*$/;

/** Gemini speaks like OpenAI one step further down. */
const GEMINI_OWN = /generativelanguage\.googleapis\.com(?!.*\/openai\/*$)/;

/** Other endpoints, behind which there is no /chat/completions: Ollama's own, llama.cpp's, OpenAI's. */
const OTHER_ENDPOINT =
  /\/(?:v1\/(?:models|chat)|responses|completions?|embeddings|messages|api\/(?:chat|generate))\/*$/;

/** For `openai-compatible`. */
export const OPENAI_COMPATIBLE = new SettingsSection({
  name: 'openaiCompatible',
  owner: 'the OpenAI-compatible server',
  keyVariable: 'OPENAI_API_KEY',
  schema: section({
    apiKey: text.optional(),
    baseUrl: apiUrl(
      '/chat/completions',
      'an address without a query: the version of the API belongs in apiVersion',
    )
      .refine(
        (value) => !AZURE_BARE.test(value),
        'the whole address, such as https://NAME.openai.azure.com/openai/v1 or …/openai/deployments/DEPLOYMENT',
      )
      .refine((value) => !GEMINI_OWN.test(value), 'Gemini’s address for such clients: …/v1beta/openai')
      .refine(
        (value) => !OTHER_ENDPOINT.test(value) || /\/chat\/completions\/*$/.test(value),
        'the address to which /chat/completions is appended, such as http://127.0.0.1:11434/v1',
      )
      .default('http://127.0.0.1:11434/v1'),
    apiVersion: text.optional(),
    model: text.default('llama3.2'),
    ...replies,
    maxTokensAs: oneOf(['max_tokens', 'max_completion_tokens']).default('max_tokens'),
    /** For models that think before they speak; `reasoning_effort` in openai, src/resources/shared.ts. */
    reasoningEffort: oneOf(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
  }).refine(({ baseUrl, apiVersion }) => apiVersion !== undefined || !AZURE_DEPLOYMENT.test(baseUrl), {
    path: ['apiVersion'],
    error: "the API's version, such as 2024-10-21: baseUrl is a deployment at Azure",
    // Whatever else is wrong in the section.
    when: ({ value }) => typeof (value as { baseUrl?: unknown } | null)?.baseUrl === 'string',
  }),
});

export type OpenAiSettings = SettingsOf<typeof OPENAI_COMPATIBLE>;
