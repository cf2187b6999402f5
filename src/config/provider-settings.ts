import { z } from 'zod';
import { text, whole } from '../settings/values.ts';
import { AUTO } from './automatic.ts';
import { sectionsOf, type KnownProviders } from './known-providers.ts';

/* The section `providers` of providers.yaml: who hears, thinks and speaks, and how they are reached. */

/** One name, or several: the first is preferred, the others take its place when it fails. */
const names = z.union([text, z.array(text).min(1)]);

export const DEFAULT_VAD = 'silero';

const choice = z.strictObject({
  vad: text.default(DEFAULT_VAD),
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

/** Whether a caller who pauses has finished: a file that holds a model. */
const endOfTurn = z.strictObject({ model: text.exactOptional() });

/** What may stand in `providers`, with the sections of the providers that there are. */
export function providersSection(known: KnownProviders) {
  const sections = sectionsOf(known).map(({ name, schema }) => [name, schema.prefault({})] as const);
  return z.strictObject({
    default: choice.prefault({}),
    agents: z.record(z.string(), ownChoice).default({}),
    patience: patience.prefault({}),
    endOfTurn: endOfTurn.prefault({}),
    ...Object.fromEntries(sections),
  });
}
