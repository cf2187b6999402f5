import { SettingsSection, type SettingsOf } from '../../settings/settings-section.ts';
import { apiUrl, oneOf, section, text, whole } from '../../settings/values.ts';
import { replies } from '../chat/chat-settings.ts';

/** For `groq` and `groq-whisper`. */
export const GROQ = new SettingsSection({
  name: 'groq',
  owner: 'Groq',
  keyVariable: 'GROQ_API_KEY',
  schema: section({
    apiKey: text.optional(),
    baseUrl: apiUrl('/chat/completions')
      .refine(
        // `…/openai` alone is Gemini's or Azure's: the SDK would make `/openai/openai/v1` of it.
        (value) =>
          /\/openai\/v1\/*$/.test(value) || !/\/(?:v\d\w*|openai)(?:\/|$)|\/deployments\//.test(value),
        "Groq's address, with or without /openai/v1 (for another server: openaiCompatible.baseUrl, llm: openai-compatible)",
      )
      .default('https://api.groq.com'),
    model: text.default('llama-3.3-70b-versatile'),
    ...replies,
    /** For models that think before they speak. */
    reasoningEffort: oneOf(['none', 'default', 'low', 'medium', 'high']).optional(),
    sttModel: text.default('whisper-large-v3-turbo'),
    transcriptMs: whole(100, 30_000).default(2_500),
  }),
});

export type GroqSettings = SettingsOf<typeof GROQ>;
