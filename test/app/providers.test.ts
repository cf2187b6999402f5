import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProviderPool } from '../../src/app/providers.ts';
import { Scope } from '../../src/lib/scope.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { shippedConfig } from '../support/shipped-config.ts';

describe('the log at start says who serves', () => {
  let scope: Scope;
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    format: 'json',
    terminal: false,
    write: (line) => lines.push((JSON.parse(line) as { msg: string }).msg),
  });
  beforeEach(() => {
    scope = new Scope('test');
    lines.length = 0;
  });
  afterEach(() => scope.close());

  it('gives the reason for a provider that was chosen by its key, once for all agents', async () => {
    const keys = { GROQ_API_KEY: 'gsk_secret', CARTESIA_API_KEY: 'sk_car_secret' };
    const config = shippedConfig(keys);
    const pool = new ProviderPool(scope, logger, config);
    for (const { id } of config.agents) await pool.llm(config.providers.byAgent[id]!);
    expect(lines).toEqual(["llm: groq, then receptionist, because Groq's key is set"]);
  });

  it('says that a key is missing', async () => {
    const config = shippedConfig();
    await new ProviderPool(scope, logger, config).llm(config.providers.default);
    expect(lines).toEqual(["llm: receptionist, because no key of Groq's is set"]);
  });

  it('gives no reason for a provider that was chosen by name', async () => {
    const config = shippedConfig({ VOICE_AGENT_LLM: 'receptionist', GROQ_API_KEY: 'gsk_secret' });
    await new ProviderPool(scope, logger, config).llm(config.providers.default);
    expect(lines).toEqual(['llm: receptionist']);
  });
});
