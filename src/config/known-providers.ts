import type { z } from 'zod';

export const PARTS = ['vad', 'stt', 'llm', 'tts'] as const;
export type Part = (typeof PARTS)[number];

/** A provider, as far as the configuration chooses it and can be wrong about it: `Provider` of src/providers. */
export interface KnownProvider {
  readonly name: string;
  readonly section?: KnownSection;
  /** It can't be chosen unless its section has an `apiKey`. */
  readonly needsKey?: boolean;
  readonly languages: readonly string[] | 'any';
  /** Text to speech only; what is `any` or missing isn't checked here. */
  readonly voices?: 'any' | readonly string[] | { readonly namesAt: readonly string[]; readonly id: RegExp };
  /** Its place in `auto`, the lowest first; missing: it has none. */
  readonly rank?: number;
}

/** A section of `providers` in providers.yaml: `SettingsSection` of src/settings. */
export interface KnownSection {
  readonly name: string;
  readonly owner: string;
  readonly keyVariable: string;
  readonly schema: z.ZodType;
}

/** The providers that this build has. */
export type KnownProviders = { readonly [P in Part]: readonly KnownProvider[] };

export function knownProvider(known: KnownProviders, part: Part, name: string): KnownProvider | undefined {
  return known[part].find((provider) => provider.name === name);
}

/** Each section once, in the order of the providers. */
export function sectionsOf(known: KnownProviders): KnownSection[] {
  const sections = PARTS.flatMap((part) => known[part].map(({ section }) => section));
  return [...new Set(sections.filter((section) => section !== undefined))];
}
