import { z } from 'zod';
import { AUTO } from './automatic.ts';
import { audioFormat, decimal, serverUrl, text, whole } from './values.ts';

/* The section `providers` of providers.yaml: who hears, thinks and speaks, and how they are reached. */

/** One name, or several: the first is preferred, the others take its place when it fails. */
const names = z.union([text, z.array(text).min(1)]);

const choice = z.strictObject({
  vad: text.default('silero'),
  stt: names.default(AUTO),
  llm: names.default(AUTO),
  tts: names.default(AUTO),
});

const ownChoice = z.strictObject({
  vad: text.optional(),
  stt: names.optional(),
  llm: names.optional(),
  tts: names.optional(),
});

/** How long a provider may keep the caller waiting when another one follows it on the list. */
const patience = z.strictObject({
  sttMs: whole(100, 10_000).default(1_000),
  llmMs: whole(100, 10_000).default(1_000),
  ttsMs: whole(100, 10_000).default(800),
});

const replies = {
  temperature: decimal(0, 2).default(0.4),
  maxTokens: whole(16, 4_096).default(400),
  firstTokenMs: whole(100, 30_000).default(2_000),
  tokenMs: whole(100, 30_000).default(1_500),
};

const groq = z.strictObject({
  apiKey: text.optional(),
  baseUrl: serverUrl.default('https://api.groq.com'),
  model: text.default('llama-3.3-70b-versatile'),
  ...replies,
  reasoningEffort: z.enum(['none', 'default', 'low', 'medium', 'high']).optional(),
  sttModel: text.default('whisper-large-v3-turbo'),
  transcriptMs: whole(100, 30_000).default(2_500),
});

const openaiCompatible = z.strictObject({
  apiKey: text.optional(),
  baseUrl: serverUrl.default('http://127.0.0.1:11434/v1'),
  model: text.default('llama3.2'),
  ...replies,
});

const cartesia = z.strictObject({
  apiKey: text.optional(),
  baseUrl: serverUrl.default('https://api.cartesia.ai'),
  connectMs: whole(100, 30_000).default(2_000),
  tts: z
    .strictObject({
      model: text.default('sonic-3'),
      voices: z.record(z.string(), text).default({
        slt: 'f786b574-daa5-4673-aa0c-cbe3e8534c02',
        rms: '228fca29-3a0a-435c-8728-5cb483251068',
      }),
      speed: decimal(0.6, 1.5).optional(),
      feeding: z.enum(['sentence', 'token']).default('sentence'),
      bufferMs: whole(0, 5_000).optional(),
      format: audioFormat.optional(),
      firstAudioMs: whole(100, 30_000).default(1_500),
      chunkMs: whole(100, 30_000).default(1_500),
      sockets: whole(1, 100).default(10),
      repliesPerSocket: whole(1, 100).default(10),
    })
    .prefault({}),
  stt: z
    .strictObject({
      model: text.default('ink-2'),
      socket: z.enum(['turns', 'finalize']).default('turns'),
      startThreshold: decimal(0.5, 0.9).optional(),
      eagerEndThreshold: decimal(0.3, 0.6).optional(),
      endThreshold: decimal(0.05, 0.5).optional(),
      endTimeoutMs: whole(640, 11_200).optional(),
      messageMs: whole(20, 200).default(20),
      transcriptMs: whole(100, 30_000).default(2_000),
    })
    .prefault({}),
});

export const providersSection = z.strictObject({
  default: choice.prefault({}),
  agents: z.record(z.string(), ownChoice).default({}),
  patience: patience.prefault({}),
  groq: groq.prefault({}),
  openaiCompatible: openaiCompatible.prefault({}),
  cartesia: cartesia.prefault({}),
});

type Names = readonly [string, ...string[]];

/** Who hears, thinks and speaks for an agent; best first. */
export interface ProviderChoice {
  readonly vad: Names;
  readonly stt: Names;
  readonly llm: Names;
  readonly tts: Names;
}
