/** Who hears, thinks and speaks in the lab: `make demo PROVIDERS=emulated`. */
import { assumptionLines, cloudAssumptions } from '../test/support/provider-servers/cloud-delays.ts';
import { startEmulatedCloud } from '../test/support/provider-servers/emulated-cloud.ts';
import { PERSONALITIES, type PersonalityName } from '../test/support/provider-servers/personalities.ts';
import { nonEmpty } from './settings.ts';
import { UserError } from './user-error.ts';

const KINDS = ['embedded', 'emulated', 'cloud'] as const;
type ProvidersKind = (typeof KINDS)[number];

/** What the agent finds in its environment, and what has to be ended after it. */
export interface LabProviders {
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const EMBEDDED = {
  VOICE_AGENT_STT: 'pocketsphinx',
  VOICE_AGENT_LLM: 'receptionist',
  VOICE_AGENT_TTS: 'flite',
};
const KEYS = ['GROQ_API_KEY', 'CARTESIA_API_KEY'];

/** Which providers are wanted; embedded ones if nothing is said. Throws UserError. */
export function providersKind(environment: NodeJS.ProcessEnv = process.env): ProvidersKind {
  const given = nonEmpty(environment['PROVIDERS']) ?? 'embedded';
  const kind = KINDS.find((name) => name === given);
  if (!kind) throw new UserError(`PROVIDERS=${given} is not known; it can be ${KINDS.join(', ')}.`);
  const missing = KEYS.filter(
    (key) => nonEmpty(environment[key]) === undefined && nonEmpty(environment[`${key}_FILE`]) === undefined,
  );
  if (kind === 'cloud' && missing.length > 0) {
    throw new UserError(
      `PROVIDERS=cloud needs ${missing.join(' and ')} in the environment (docs/cloud-providers.md); ` +
        'PROVIDERS=emulated shows the same without keys.',
    );
  }
  return kind;
}

/** As `providersKind`, and which kind of model is emulated: Groq's if nothing is said. Throws UserError. */
export function modelKind(environment: NodeJS.ProcessEnv = process.env): PersonalityName {
  const kind = providersKind(environment);
  const given = nonEmpty(environment['MODEL']) ?? 'groq';
  const names = Object.keys(PERSONALITIES) as PersonalityName[];
  const name = names.find((one) => one === given);
  if (!name) throw new UserError(`MODEL=${given} is not known; it can be ${names.join(', ')}.`);
  if (name !== 'groq' && kind !== 'emulated')
    throw new UserError(`MODEL=${given} is of the emulated ones: say PROVIDERS=emulated, too.`);
  return name;
}

/** Starts what they need. Throws UserError. */
export async function openProviders(say: (line: string) => void): Promise<LabProviders> {
  const nothing = (): Promise<void> => Promise.resolve();
  const kind = providersKind();
  const model = modelKind();
  if (kind === 'embedded') return { environment: EMBEDDED, stop: nothing };
  if (kind === 'cloud') return { environment: {}, stop: nothing };
  const assumed = assumptionsGiven();
  const cloud = await startEmulatedCloud({ assumed, model });
  if (model !== 'groq') say(`The model is ${PERSONALITIES[model].title}.`);
  say('Groq and Cartesia are emulated on this machine, and are taken to be this quick:');
  for (const line of assumptionLines(assumed)) say(`  ${line}`);
  return { environment: cloud.environment, stop: () => cloud.close() };
}

/** The emulated cloud's delays, as the command line has them. Throws UserError. */
export function assumptionsGiven(): ReturnType<typeof cloudAssumptions> {
  try {
    return cloudAssumptions(process.env);
  } catch (error) {
    if (error instanceof RangeError) throw new UserError(`${error.message}.`);
    throw error;
  }
}
