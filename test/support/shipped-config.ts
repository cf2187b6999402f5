import { KNOWN_PROVIDERS } from '../../src/app/known-providers.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import type { AgentProfile } from '../../src/dialog/contract/agent-profile.ts';

/** The configuration that the project ships. */
export function shippedConfig(env: Readonly<Record<string, string>> = {}): Config {
  return loadConfig({ env: { ARI_PASSWORD: 'secret', ...env }, known: KNOWN_PROVIDERS });
}

export function shippedAgent(id: 'alice' | 'tom'): AgentProfile {
  const agent = shippedConfig().agents.find((candidate) => candidate.id === id);
  if (!agent) throw new Error(`no agent ${id}`);
  return agent;
}
