/** Who is chosen where providers.yaml says `auto`. */
export const AUTO = 'auto';

export interface AvailableKeys {
  readonly groq: boolean;
  readonly cartesia: boolean;
}

export interface AutomaticChoice {
  readonly name: string;
  /** In words, for the log. */
  readonly why: string;
}

/**
 * Where its key is set, a cloud provider that knows the language; else the embedded one. (Cartesia hears
 * English only, Whisper at Groq hears everything.)
 */
export function automatic(
  part: 'vad' | 'stt' | 'llm' | 'tts',
  keys: AvailableKeys,
  language: string,
): AutomaticChoice {
  const groq = { why: "Groq's key is set" };
  const cartesia = { why: "Cartesia's key is set" };
  switch (part) {
    case 'vad':
      return { name: 'silero', why: 'there is no other' };
    case 'stt':
      if (keys.cartesia && /^en([-_]|$)/i.test(language)) return { name: 'cartesia', ...cartesia };
      if (keys.groq) return { name: 'groq-whisper', ...groq };
      return { name: 'pocketsphinx', why: "no key of Cartesia's or Groq's is set" };
    case 'llm':
      return keys.groq ? { name: 'groq', ...groq } : { name: 'receptionist', why: "no key of Groq's is set" };
    case 'tts':
      return keys.cartesia
        ? { name: 'cartesia', ...cartesia }
        : { name: 'flite', why: "no key of Cartesia's is set" };
  }
}
