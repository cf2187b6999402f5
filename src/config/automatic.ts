import type { KnownProvider } from './known-providers.ts';

/** The name in providers.yaml that lets the program choose the providers. */
export const AUTO = 'auto';

export interface AutomaticChoice {
  /** Best first. */
  readonly names: readonly [string, ...string[]];
  /** In words, for the log. */
  readonly why: string;
}

/**
 * Of the providers of a part that have a rank, those that are usable (their key is set, or they need none) and can
 * serve the agent, in the order of their ranks. If none can serve it, the first usable one: the agent's check then
 * reports what that one lacks.
 */
export function automatic(
  providers: readonly KnownProvider[],
  hasKey: (provider: KnownProvider) => boolean,
  /** In words; undefined: nothing. */
  lackOf: (provider: KnownProvider) => string | undefined,
): AutomaticChoice | undefined {
  const ranked = providers
    .filter(({ rank }) => rank !== undefined)
    .toSorted((one, other) => (one.rank ?? 0) - (other.rank ?? 0));
  const allowed = ranked.filter((provider) => provider.needsKey !== true || hasKey(provider));
  const able = allowed.filter((provider) => lackOf(provider) === undefined);
  const [best, ...next] = able.length > 0 ? able : allowed.slice(0, 1);
  if (!best) return undefined;
  const names: AutomaticChoice['names'] = [best.name, ...next.map(({ name }) => name)];
  const unable = allowed
    .filter(({ name }) => !names.includes(name))
    .map((provider) => `; ${provider.name} can't take its place: ${lackOf(provider) ?? ''}`);
  return { names, why: `${keysText(ranked, [best, ...next])}${unable.join('')}` };
}

/** Which keys decided. */
function keysText(ranked: readonly KnownProvider[], chosen: readonly KnownProvider[]): string {
  const ownersOf = (providers: readonly KnownProvider[]): string[] => [
    ...new Set(providers.flatMap(({ needsKey, section }) => (needsKey && section ? [section.owner] : []))),
  ];
  const owners = ownersOf(chosen);
  if (owners.length > 0) return owners.map((owner) => `${owner}'s key is set`).join(', and ');
  const missing = ownersOf(ranked).map((owner) => `${owner}'s`);
  return missing.length > 0 ? `no key of ${missing.join(' or ')} is set` : 'there is no other';
}
