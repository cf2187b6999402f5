import { AUTO, automatic } from './automatic.ts';
import type { KnownProvider, KnownProviders, Part } from './known-providers.ts';
import type { ConfigDocument } from './document.ts';
import { DEFAULT_VAD } from './provider-settings.ts';
import { valueAt } from './validate.ts';

/** What an agent needs of its providers. */
export interface Needs {
  /** The agent's id; undefined: the announcements. */
  readonly agent: string | undefined;
  readonly language: string;
  readonly voice: string;
}

/** An agent's providers for one part. */
export interface Chosen {
  /** Best first. */
  readonly names: readonly [string, ...string[]];
  /** Why `auto` stood for them; missing: they stand in the file by name. */
  readonly why?: string;
}

/** An agent's providers for each part. */
export type ProviderChoice = Readonly<Record<Part, Chosen>>;

/** The names that stand at a place of providers.yaml: one, a list, or several with commas (as variables have them). */
export function statedNames(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list
    .filter((item) => typeof item === 'string')
    .flatMap((item) => item.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** An agent's providers for a part: those that the file names, or those that `auto` stands for. */
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
  const [first = part === 'vad' ? DEFAULT_VAD : AUTO, ...others] = stated;
  if (![first, ...others].includes(AUTO)) return { names: [first, ...others] };
  const choice = automatic(
    known[part],
    (provider) => hasKey(providers, provider),
    (provider) => lackOf(provider, part, { needs, providers, takesOver: true })?.message,
  );
  return choice ?? { names: [AUTO] };
}

interface Lack {
  readonly of: 'language' | 'voice';
  readonly message: string;
  readonly voices?: readonly string[];
}

/**
 * What a provider lacks to serve an agent; undefined: nothing. `takesOver`: it only stands in when another provider
 * has failed, and may then speak in a voice of its own.
 */
export function lackOf(
  provider: KnownProvider,
  part: Part,
  {
    needs: { language, voice },
    providers,
    takesOver,
  }: { readonly needs: Needs; readonly providers: ConfigDocument; readonly takesOver: boolean },
): Lack | undefined {
  const { name, languages } = provider;
  if (languages !== 'any' && !languages.includes(language)) {
    return {
      of: 'language',
      message: `found "${language}", but ${name} (${part}) knows only: ${languages.join(', ')}`,
    };
  }
  if (part !== 'tts' || takesOver) return undefined;
  const voices = voicesOf(provider, providers);
  if (!voices || voices.names.includes(voice) || voices.id?.test(voice) === true) return undefined;
  const list = [...voices.names, ...(voices.id ? ["a voice's identifier"] : [])].join(', ');
  return { of: 'voice', message: `found "${voice}", voices of ${name}: ${list}`, voices: voices.names };
}

/** Undefined: any voice will do. */
function voicesOf(
  { voices = 'any', section }: KnownProvider,
  providers: ConfigDocument,
): { readonly names: readonly string[]; readonly id?: RegExp } | undefined {
  if (voices === 'any') return undefined;
  if (!('namesAt' in voices)) return { names: voices };
  const { namesAt, id } = voices;
  const given = section && valueAt(providers.data, ['providers', section.name, ...namesAt]);
  const named = given ?? valueAt(section?.schema.parse({}), namesAt);
  return { names: typeof named === 'object' && named !== null ? Object.keys(named) : [], id };
}

/** True where a provider's section has a key. */
export function hasKey(document: ConfigDocument, { section }: KnownProvider): boolean {
  const key = section && valueAt(document.data, ['providers', section.name, 'apiKey']);
  return typeof key === 'string' || typeof key === 'number';
}
