import type { Part } from './known-providers.ts';

/** Who is chosen where providers.yaml says `auto`. */
export const AUTO = 'auto';

export interface AvailableKeys {
  readonly groq: boolean;
  readonly cartesia: boolean;
}

export interface AutomaticChoice {
  /** Best first. */
  readonly names: readonly [string, ...string[]];
  /** In words, for the log. */
  readonly why: string;
}

/**
 * Where their keys are set, the cloud's providers that know the language, and behind them the embedded one, which
 * takes their place when they fail; else the embedded one alone. (Cartesia hears English only, Whisper at Groq
 * hears everything.)
 */
export function automatic(part: Part, keys: AvailableKeys, language: string): AutomaticChoice {
  const groq = "Groq's key is set";
  const cartesia = "Cartesia's key is set";
  switch (part) {
    case 'vad':
      return { names: ['silero'], why: 'there is no other' };
    case 'stt': {
      const isEnglish = /^en([-_]|$)/i.test(language);
      const whisper = keys.groq ? ['groq-whisper'] : [];
      if (keys.cartesia && isEnglish) {
        return {
          names: ['cartesia', ...whisper, 'pocketsphinx'],
          why: keys.groq ? `${cartesia}, and ${groq}` : cartesia,
        };
      }
      if (keys.groq) return { names: ['groq-whisper', 'pocketsphinx'], why: groq };
      return { names: ['pocketsphinx'], why: "no key of Cartesia's or Groq's is set" };
    }
    case 'llm':
      if (keys.groq) return { names: ['groq', 'receptionist'], why: groq };
      return { names: ['receptionist'], why: "no key of Groq's is set" };
    case 'tts':
      if (keys.cartesia) return { names: ['cartesia', 'flite'], why: cartesia };
      return { names: ['flite'], why: "no key of Cartesia's is set" };
  }
}
