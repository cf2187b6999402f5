import { KNOWN_PROVIDERS } from '../app/known-providers.ts';
import { loadConfig, type Config } from '../config.ts';
import type { Environment } from '../config/environment.ts';
import { VoiceAgentError } from '../lib/errors.ts';
import { EX_CONFIG, EX_OK, wrongUsage, type Output } from './command.ts';

/** Prints what the configuration comes to, or every problem that it has. Returns the exit status. */
export function checkCommand(args: readonly string[], env: Environment, { print, complain }: Output): number {
  const asJson = args[0] === '--json';
  if (args.length > (asJson ? 1 : 0)) return wrongUsage('check', complain);
  let config: Config;
  try {
    config = loadConfig({ env, known: KNOWN_PROVIDERS });
  } catch (error) {
    if (!(error instanceof VoiceAgentError)) throw error;
    if (asJson) print(JSON.stringify({ ok: false, code: error.code, message: error.message }));
    else complain(error.message);
    return EX_CONFIG;
  }
  const agents = config.agents.map(({ id, extensions, language }) => ({
    id,
    extensions,
    language,
    providers: config.providers.byAgent[id],
  }));
  if (asJson) print(JSON.stringify({ ok: true, agents, dataDir: config.dataDir }));
  else {
    for (const { id, extensions, language, providers } of agents) {
      const parts = Object.entries(providers ?? {}).map(([part, { names }]) => `${part} ${names.join(', ')}`);
      print(`${extensions.join(', ')}: ${id}, ${language}; ${parts.join('; ')}`);
    }
    print(
      `records: ${config.databaseUrl === undefined ? config.dataDir : 'PostgreSQL'}; the configuration is right`,
    );
  }
  return EX_OK;
}
