/** What a provider can do, as far as the configuration can be wrong about it. `any` is not checked here. */
export interface KnownProvider {
  readonly languages: readonly string[] | 'any';
  /** Text to speech only. `named`: the names of `providers.<provider>.tts.voices`, and identifiers as they are. */
  readonly voices?: readonly string[] | 'any' | 'named';
  /** The section of `providers` that must hold an `apiKey`. */
  readonly needsKeyOf?: string;
}

/** The providers that this build has, by the names that providers.yaml uses. */
export interface KnownProviders {
  readonly vad: Readonly<Record<string, KnownProvider>>;
  readonly stt: Readonly<Record<string, KnownProvider>>;
  readonly llm: Readonly<Record<string, KnownProvider>>;
  readonly tts: Readonly<Record<string, KnownProvider>>;
}

export const PARTS = ['vad', 'stt', 'llm', 'tts'] as const;
export type Part = (typeof PARTS)[number];
