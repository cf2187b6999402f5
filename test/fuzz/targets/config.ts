/** Both files of the configuration. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KNOWN_PROVIDERS } from '../../../src/app/known-providers.ts';
import { loadConfig } from '../../../src/config.ts';
import { VoiceAgentError } from '../../../src/lib/errors.ts';
import { PROJECT } from '../../../lab/paths.ts';
import { must, textOf, type FuzzTarget } from '../target.ts';

const SECRETS = {
  ARI_PASSWORD: 'pw-9f2c7a-asterisk',
  GROQ_API_KEY: 'gsk_9f2c7a-groq',
  CARTESIA_API_KEY: 'sk_car_9f2c7a',
  OPENAI_API_KEY: 'sk-9f2c7a-openai',
  VONAGE_SIGNATURE_SECRET: 'sig-9f2c7a-vonage',
};

export function openConfig(): FuzzTarget {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-config-'));
  const files = ['agents.yaml', 'providers.yaml'] as const;
  return {
    corpus: [files.map((name) => readFileSync(join(PROJECT, 'config', name), 'utf8'))],
    run(session) {
      files.forEach((name, index) => {
        writeFileSync(join(folder, name), textOf(session[index] ?? ''));
      });
      try {
        const config = loadConfig({
          env: { ...SECRETS, VOICE_AGENT_CONFIG_DIR: folder },
          known: KNOWN_PROVIDERS,
        });
        must(config.agents.length > 0, 'there is an agent');
      } catch (error) {
        if (!(error instanceof VoiceAgentError) || error.code !== 'CONFIG_INVALID') throw error;
        for (const secret of Object.values(SECRETS))
          must(!error.message.includes(secret), `no secret is in the message: ${error.message}`);
        must(error.message.length < 2_000_000, 'the message can be read');
      }
    },
    close() {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}
