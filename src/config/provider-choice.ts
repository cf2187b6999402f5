import { AUTO, automatic } from './automatic.ts';
import type { KnownProviders, Part } from './known-providers.ts';
import type { ConfigDocument } from './document.ts';
import { valueAt } from './validate.ts';

/** What an agent needs of whoever serves it. */
export interface Needs {
  /** The agent's id; undefined: the announcements. */
  readonly agent: string | undefined;
  readonly language: string;
  readonly voice: string;
}

/** Who serves an agent, best first. */
export interface Chosen {
  readonly names: readonly [string, ...string[]];
  /** What `auto` stood for, and why; undefined: they stand in the file by name. */
  readonly why: string | undefined;
}

const DEFAULT_VAD = 'silero';
const DEFAULT_VOICES = ['slt', 'rms'];
/** How providers identify voices: a UUID. */
const VOICE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The names that stand at a place of providers.yaml: one, a list, or several with commas (as variables have them). */
export function statedNames(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list
    .filter((item) => typeof item === 'string')
    .flatMap((item) => item.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Who serves an agent. Of those that `auto` stands for, who can only follow and lacks the language is left out. */
export function chosenProviders(
  part: Part,
  needs: Needs,
  providers: ConfigDocument,
  known: KnownProviders,
): Chosen {
  const own =
    needs.agent === undefined
      ? undefined
      : valueAt(providers.data, ['providers', 'agents', needs.agent, part]);
  const stated = statedNames(own ?? valueAt(providers.data, ['providers', 'default', part]));
  const [first, ...others] = stated.length > 0 ? stated : [part === 'vad' ? DEFAULT_VAD : AUTO];
  if (first !== undefined && !stated.includes(AUTO) && first !== AUTO)
    return { names: [first, ...others], why: undefined };
  const keys = { groq: hasKey(providers, 'groq'), cartesia: hasKey(providers, 'cartesia') };
  const { names, why } = automatic(part, keys, needs.language);
  const [best, ...next] = names;
  const lacking = next.map((name) => ({ name, lack: lackOf(part, name, needs, providers, known, true) }));
  const leftOut = lacking
    .filter(({ lack }) => lack !== undefined)
    .map(({ name, lack }) => `; ${name} can't take its place: ${lack?.message ?? ''}`);
  return {
    names: [best, ...lacking.filter(({ lack }) => lack === undefined).map(({ name }) => name)],
    why: `${why}${leftOut.join('')}`,
  };
}

/** What a provider lacks for an agent; undefined: nothing. Who only `follows` may speak in a voice of its own. */
export function lackOf(
  part: Part,
  name: string,
  { language, voice }: Needs,
  providers: ConfigDocument,
  known: KnownProviders,
  follows: boolean,
):
  | { readonly of: 'language' | 'voice'; readonly message: string; readonly voices?: readonly string[] }
  | undefined {
  const languages = known[part][name]?.languages;
  if (languages !== undefined && languages !== 'any' && !languages.includes(language)) {
    return {
      of: 'language',
      message: `found "${language}", but ${name} (${part}) knows only: ${languages.join(', ')}`,
    };
  }
  if (part !== 'tts' || follows) return undefined;
  const voices = voicesOf(name, providers, known);
  if (!voices || voices.names.includes(voice) || (voices.orId && VOICE_ID.test(voice))) return undefined;
  const list = [...voices.names, ...(voices.orId ? ["a voice's identifier"] : [])].join(', ');
  return { of: 'voice', message: `found "${voice}", voices of ${name}: ${list}`, voices: voices.names };
}

/** Undefined: any voice will do. */
function voicesOf(
  provider: string,
  providers: ConfigDocument,
  known: KnownProviders,
): { readonly names: readonly string[]; readonly orId: boolean } | undefined {
  const voices = known.tts[provider]?.voices;
  if (voices === undefined || voices === 'any') return undefined;
  if (voices !== 'named') return { names: voices, orId: false };
  const named = valueAt(providers.data, ['providers', provider, 'tts', 'voices']);
  return {
    names: typeof named === 'object' && named !== null ? Object.keys(named) : DEFAULT_VOICES,
    orId: true,
  };
}

export function hasKey(document: ConfigDocument, section: string): boolean {
  const key = valueAt(document.data, ['providers', section, 'apiKey']);
  return typeof key === 'string' || typeof key === 'number';
}
