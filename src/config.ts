import { isAbsolute, join, resolve } from 'node:path';
import type { z } from 'zod';
import { VoiceAgentError } from './lib/errors.ts';
import type { AgentProfile } from './dialog/contract/agent-profile.ts';
import { announcementTexts, isComplete, type Announcements } from './dialog/language/own-phrases.ts';
import type { AllSettings } from './settings/settings-section.ts';
import { crossCheck } from './config/cross-checks.ts';
import { ports } from './config/ports.ts';
import { modelFile } from './config/model-file.ts';
import type { KnownProviders, Part } from './config/known-providers.ts';
import { readDocument } from './config/document.ts';
import { lookUp, withoutSecrets, type Environment } from './config/environment.ts';
import { didYouMean } from './config/nearest.ts';
import { chosenProviders, type Needs, type ProviderChoice } from './config/provider-choice.ts';
import { found, problemsText, type Problem } from './config/problems.ts';
import { tlsFiles } from './config/tls-files.ts';
import {
  agentsFile,
  environmentSchema,
  providersFile,
  type AgentsFile,
  type ProvidersFile,
} from './config/schema.ts';
import { validate } from './config/validate.ts';

export type { KnownProviders } from './config/known-providers.ts';
export type { ProviderChoice } from './config/provider-choice.ts';

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** Everything that agents.yaml, providers.yaml and the environment say, checked, complete and frozen. */
export interface Config {
  readonly agents: readonly AgentProfile[];
  readonly announcements: DeepReadonly<AgentsFile['announcements']> & Announcements;
  /** The user's own tools, for the agents that name them. */
  readonly httpTools: DeepReadonly<AgentsFile['httpTools']>;
  readonly asterisk: DeepReadonly<ProvidersFile['asterisk']>;
  readonly gateways: DeepReadonly<ProvidersFile['gateways']>;
  readonly providers: {
    readonly default: ProviderChoice;
    /** For every agent, by id. Nobody is chosen by `auto` any more. */
    readonly byAgent: Readonly<Record<string, ProviderChoice>>;
    readonly patience: DeepReadonly<ProvidersFile['providers']['patience']>;
    /** The absolute path of the model, if one is named. */
    readonly endOfTurn: DeepReadonly<ProvidersFile['providers']['endOfTurn']>;
    /** How providers are reached, and what they are asked for: each section by its name, complete. */
    readonly settings: AllSettings;
  };
  readonly limits: DeepReadonly<ProvidersFile['limits']>;
  /** With a `node`, this is one of several programs that share calls: each `asterisk[].app` ends in `.NODE` then. */
  readonly fleet: DeepReadonly<ProvidersFile['fleet']>;
  readonly records: DeepReadonly<ProvidersFile['records']>;
  readonly monitoring: DeepReadonly<ProvidersFile['monitoring']>;
  readonly console: DeepReadonly<ProvidersFile['console']>;
  /** Calls that agents make; without a token they make none. */
  readonly outgoing: DeepReadonly<ProvidersFile['outgoing']>;
  readonly latencyTargets: DeepReadonly<ProvidersFile['latencyTargets']>;
  /** Absolute path of the folder for records and recordings; it needn't exist yet. */
  readonly dataDir: string;
  /** Address of the PostgreSQL server that has the records. Undefined: they are in `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
    readonly format: 'auto' | 'json' | 'pretty';
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
  const { settings, problems: inEnvironment } = readEnvironment(env);
  const configDir = settings.VOICE_AGENT_CONFIG_DIR;
  const inFolder = (file: string): string =>
    isAbsolute(configDir) ? join(configDir, file) : join(cwd, configDir, file);
  const agentsDocument = readDocument(inFolder('agents.yaml'), env);
  const providersDocument = readDocument(inFolder('providers.yaml'), env);
  const agents = validate(agentsDocument, agentsFile);
  const providers = validate(providersDocument, providersFile(known));
  const problems = [
    ...inEnvironment,
    ...agentsDocument.problems,
    ...agents.problems,
    ...providersDocument.problems,
    ...providers.problems,
    // Of a file that couldn't be read, nothing more is known.
    ...(agentsDocument.data === undefined || providersDocument.data === undefined
      ? []
      : crossCheck(agentsDocument, providersDocument, known)),
    ...(providers.value ? ports(providersDocument, providers.value) : []),
    ...modelFile(providersDocument, cwd),
    ...tlsFiles(providersDocument, cwd),
  ];
  const announcements = agents.value && announcementTexts(agents.value.announcements);
  if (
    problems.length > 0 ||
    !agents.value ||
    !announcements ||
    !isComplete(announcements) ||
    !providers.value
  ) {
    throw new VoiceAgentError('CONFIG_INVALID', withoutSecrets(problemsText(problems), env));
  }
  const choose = (needs: Needs): ProviderChoice => {
    const one = (part: Part) => chosenProviders(part, needs, providersDocument, known);
    return { vad: one('vad'), stt: one('stt'), llm: one('llm'), tts: one('tts') };
  };
  return deepFreeze(toConfig(settings, { ...agents.value, announcements }, providers.value, cwd, choose));
}

function toConfig(
  settings: Settings,
  agents: AgentsFile & Pick<Config, 'announcements'>,
  providers: ProvidersFile,
  cwd: string,
  choose: (needs: Needs) => ProviderChoice,
): Config {
  const { gateways, limits, fleet, records, monitoring, outgoing, latencyTargets } = providers;
  // What is left are the providers' own sections.
  const { default: _default, agents: _agents, patience, endOfTurn, ...sections } = providers.providers;
  const byAgent = agents.agents.map(({ id, language, voice }): [string, ProviderChoice] => [
    id,
    choose({ agent: id, language, voice }),
  ]);
  return {
    agents: agents.agents,
    announcements: agents.announcements,
    httpTools: agents.httpTools,
    asterisk: providers.asterisk.map((server) => ({ ...server, app: appOf(server.app, fleet.node) })),
    gateways,
    providers: {
      default: choose({ agent: undefined, ...agents.announcements }),
      byAgent: Object.fromEntries(byAgent),
      patience,
      endOfTurn: endOfTurn.model === undefined ? {} : { model: resolve(cwd, endOfTurn.model) },
      settings: sections,
    },
    limits,
    fleet,
    records,
    monitoring,
    console: providers.console,
    outgoing,
    latencyTargets,
    dataDir: resolve(cwd, settings.VOICE_AGENT_DATA_DIR),
    databaseUrl: settings.VOICE_AGENT_DATABASE,
    log: { level: settings.LOG_LEVEL, format: settings.LOG_FORMAT },
  };
}

/** The Stasis application of one program among several, or of the only one. */
function appOf(app: string, node: string | undefined): string {
  return node === undefined ? app : `${app}.${node}`;
}

/** Doesn't compile unless an agent of agents.yaml is an AgentProfile, key by key and in both directions. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- two such functions are the only test of exactly equal types
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;
true satisfies Same<DeepReadonly<AgentsFile['agents'][number]>, DeepReadonly<AgentProfile>>;

type Settings = z.infer<typeof environmentSchema>;

/** Each variable by itself, so that one wrong value doesn't hide where the files are. */
function readEnvironment(env: Environment): { settings: Settings; problems: Problem[] } {
  const settings: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, schema] of Object.entries(environmentSchema.shape)) {
    const given = lookUp(name, env);
    if ('problem' in given) problems.push({ file: 'environment', key: name, message: given.problem });
    const value = 'text' in given && given.text !== '' ? given.text : undefined;
    const result = schema.safeParse(value);
    settings[name] = result.success ? result.data : schema.parse(undefined);
    for (const issue of result.error?.issues ?? []) {
      const values = issue.code === 'invalid_value' ? issue.values.map(String) : [];
      const needed = issue.code === 'invalid_format' ? issue.message : 'some text';
      const allowed = values.length > 0 ? `allowed: ${values.join(', ')}` : `needed: ${needed}`;
      const message = `${found(value, [name])}, ${allowed}${didYouMean(value, values)}`;
      problems.push({ file: 'environment', key: name, message });
    }
  }
  return { settings: settings as Settings, problems };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
