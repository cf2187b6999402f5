import { loadConfig, type Config, type KnownProviders } from '../../src/config.ts';
import type { AgentProfile } from '../../src/dialog/agent-profile.ts';

/** What the providers can do, without starting them. */
export const KNOWN: KnownProviders = {
  vad: { silero: { languages: 'any' } },
  stt: {
    pocketsphinx: { languages: ['en'] },
    cartesia: { languages: ['en'], needsKeyOf: 'cartesia' },
    'groq-whisper': { languages: 'any', needsKeyOf: 'groq' },
  },
  llm: { receptionist: { languages: ['en'] }, groq: { languages: 'any', needsKeyOf: 'groq' } },
  tts: {
    flite: { languages: ['en'], voices: ['slt', 'rms'] },
    cartesia: { languages: ['en', 'de'], voices: 'named', needsKeyOf: 'cartesia' },
  },
};

/** The configuration that the project ships. */
export function shippedConfig(env: Readonly<Record<string, string>> = {}): Config {
  return loadConfig({ env: { ARI_PASSWORD: 'secret', ...env }, known: KNOWN });
}

export function shippedAgent(id: 'alice' | 'tom'): AgentProfile {
  const agent = shippedConfig().agents.find((candidate) => candidate.id === id);
  if (!agent) throw new Error(`no agent ${id}`);
  return agent;
}
