import { join, resolve } from 'node:path';
import { z } from 'zod';
import { VoiceAgentError } from './lib/errors.ts';
import type { AgentProfile } from './dialog/ports.ts';
import { crossCheck, PARTS, type KnownProviders } from './config/cross-checks.ts';
import { readDocument } from './config/document.ts';
import type { Environment } from './config/environment.ts';
import { didYouMean } from './config/nearest.ts';
import { found, problemsText, type Problem } from './config/problems.ts';
import {
  agentsFile,
  environmentSchema,
  providersFile,
  type AgentsFile,
  type ProviderChoice,
  type ProvidersFile,
} from './config/schema.ts';
import { validate } from './config/validate.ts';

export type { KnownProvider, KnownProviders } from './config/cross-checks.ts';
export type { ProviderChoice } from './config/schema.ts';

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** Everything that agents.yaml, providers.yaml and the environment say, checked, complete and frozen. */
export interface Config {
  readonly agents: readonly AgentProfile[];
  readonly announcements: DeepReadonly<AgentsFile['announcements']>;
  readonly asterisk: DeepReadonly<ProvidersFile['asterisk']>;
  readonly gateways: DeepReadonly<ProvidersFile['gateways']>;
  readonly providers: {
    readonly default: Readonly<ProviderChoice>;
    /** For every agent, by id. */
    readonly byAgent: Readonly<Record<string, Readonly<ProviderChoice>>>;
  };
  readonly limits: DeepReadonly<ProvidersFile['limits']>;
  readonly records: DeepReadonly<ProvidersFile['records']>;
  readonly latencyTargets: DeepReadonly<ProvidersFile['latencyTargets']>;
  /** Absolute path of the folder for records and recordings; it needn't exist yet. */
  readonly dataDir: string;
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
    readonly format: 'json' | 'pretty';
  };
}

/**
 * Reads and checks the whole configuration. Throws one CONFIG_INVALID whose message lists every problem with
 * its file, line, key, what was found and what is allowed.
 */
export function loadConfig(options: {
  readonly env: Environment;
  readonly known: KnownProviders;
  /** What relative folders are relative to; the current folder by default. */
  readonly cwd?: string;
}): Config {
  const { env, known, cwd = '.' } = options;
  const settings = readEnvironment(env);
  const configDir = settings.value?.VOICE_AGENT_CONFIG_DIR ?? 'config';
  const agentsDocument = readDocument(join(cwd, configDir, 'agents.yaml'), env);
  const providersDocument = readDocument(join(cwd, configDir, 'providers.yaml'), env);
  const agents = validate(agentsDocument, agentsFile);
  const providers = validate(providersDocument, providersFile);
  const problems = [
    ...settings.problems,
    ...agentsDocument.problems,
    ...agents.problems,
    ...providersDocument.problems,
    ...providers.problems,
    ...crossCheck(agentsDocument, providersDocument, known),
  ];
  if (problems.length > 0 || !settings.value || !agents.value || !providers.value) {
    throw new VoiceAgentError('CONFIG_INVALID', problemsText(problems));
  }
  return deepFreeze(toConfig(settings.value, agents.value, providers.value, cwd));
}

function toConfig(
  settings: z.infer<typeof environmentSchema>,
  agents: AgentsFile,
  providers: ProvidersFile,
  cwd: string,
): Config {
  const { asterisk, gateways, limits, records, latencyTargets } = providers;
  const byAgent = agents.agents.map(({ id }): [string, ProviderChoice] => {
    const choice = { ...providers.providers.default };
    for (const part of PARTS) choice[part] = providers.providers.agents[id]?.[part] ?? choice[part];
    return [id, choice];
  });
  return {
    agents: agents.agents.map(toProfile),
    announcements: agents.announcements,
    asterisk,
    gateways,
    providers: { default: providers.providers.default, byAgent: Object.fromEntries(byAgent) },
    limits,
    records,
    latencyTargets,
    dataDir: resolve(cwd, settings.VOICE_AGENT_DATA_DIR),
    log: { level: settings.LOG_LEVEL, format: settings.LOG_FORMAT },
  };
}

type AgentEntry = AgentsFile['agents'][number];

/** Optional keys that are missing stay missing (not `undefined`), as ports.ts has them. */
function toProfile(entry: AgentEntry): AgentProfile {
  return JSON.parse(JSON.stringify(entry)) as AgentProfile;
}

function readEnvironment(env: Environment): {
  value?: z.infer<typeof environmentSchema>;
  problems: Problem[];
} {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = environmentSchema.safeParse(given);
  if (result.success) return { value: result.data, problems: [] };
  const problems = result.error.issues.map((issue): Problem => {
    const key = String(issue.path[0]);
    const values = issue.code === 'invalid_value' ? issue.values.map(String) : [];
    const allowed = values.length > 0 ? `allowed: ${values.join(', ')}` : `needed: ${issue.message}`;
    const message = `${found(env[key], [key])}, ${allowed}${didYouMean(env[key], values)}`;
    return { file: 'environment', key, message };
  });
  return { problems };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
