import { isIP } from 'node:net';
import { AUTO, automatic } from './automatic.ts';
import type { ConfigDocument } from './document.ts';
import { didYouMean } from './nearest.ts';
import { found, pathText, type Path, type Problem } from './problems.ts';
import { problemAt, valueAt } from './validate.ts';

/** What a provider can do, as far as the configuration can be wrong about it. `any` is not checked here. */
export interface KnownProvider {
  readonly languages: readonly string[] | 'any';
  /** Text to speech only. `named`: the names of `providers.<provider>.tts.voices`, and identifiers as they are. */
  readonly voices?: readonly string[] | 'any' | 'named';
  /** The section of `providers` that must hold an `apiKey`. */
  readonly needsKeyOf?: string;
}

/** The providers that this build has, by the names that providers.yaml uses. */
export interface KnownProviders {
  readonly vad: Readonly<Record<string, KnownProvider>>;
  readonly stt: Readonly<Record<string, KnownProvider>>;
  readonly llm: Readonly<Record<string, KnownProvider>>;
  readonly tts: Readonly<Record<string, KnownProvider>>;
}

export const PARTS = ['vad', 'stt', 'llm', 'tts'] as const;
type Part = (typeof PARTS)[number];

const DEFAULTS = { vad: 'silero', stt: AUTO, llm: AUTO, tts: AUTO, voice: 'slt', language: 'en' };
const DEFAULT_VOICES = ['slt', 'rms'];
/** How providers identify voices: a UUID. */
const VOICE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * What no schema sees: names used twice, and names that something else must know. Works on the data as it was
 * read, so that one wrong key elsewhere hides nothing.
 */
export function crossCheck(
  agents: ConfigDocument,
  providers: ConfigDocument,
  known: KnownProviders,
): Problem[] {
  const list = items(agents.data, ['agents']);
  const ids = list.map((path) => textAt(agents, [...path, 'id'])).filter((id) => id !== undefined);
  return [
    ...twice(
      agents,
      list.map((path) => [...path, 'id']),
    ),
    ...twice(
      agents,
      list.flatMap((path) => items(agents.data, [...path, 'extensions'])),
    ),
    ...list.flatMap((path) => {
      const departments = items(agents.data, [...path, 'knowledge', 'departments']);
      return ['name', 'digit'].flatMap((key) =>
        twice(
          agents,
          departments.map((department) => [...department, key]),
        ),
      );
    }),
    ...twice(
      providers,
      items(providers.data, ['asterisk']).map((path) => [...path, 'name']),
    ),
    ...providerNames(providers, ids, known),
    ...list.flatMap((path) => speech(agents, path, providers, known)),
    ...speech(agents, ['announcements'], providers, known),
    ...rtp(providers),
  ];
}

/** Paths of the items of a list; none where no list stands. */
function items(data: unknown, path: Path): Path[] {
  const value = valueAt(data, path);
  return Array.isArray(value) ? value.map((_, index) => [...path, index]) : [];
}

function textAt(document: ConfigDocument, path: Path): string | undefined {
  const value = valueAt(document.data, path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function twice(document: ConfigDocument, paths: readonly Path[]): Problem[] {
  const seen = new Map<string, Path>();
  const problems: Problem[] = [];
  for (const path of paths) {
    const value = textAt(document, path);
    if (value === undefined) continue;
    const first = seen.get(value.toLowerCase());
    if (!first) {
      seen.set(value.toLowerCase(), path);
      continue;
    }
    const where = `${pathText(first)}, line ${document.lineOf(first) ?? '?'}`;
    problems.push(problemAt(document, path, `found "${value}", which stands at ${where} already`));
  }
  return problems;
}

function providerNames(document: ConfigDocument, ids: readonly string[], known: KnownProviders): Problem[] {
  const own = valueAt(document.data, ['providers', 'agents']);
  const ownIds = typeof own === 'object' && own !== null ? Object.keys(own) : [];
  const places: Path[] = [['providers', 'default'], ...ownIds.map((id): Path => ['providers', 'agents', id])];
  const problems = ownIds
    .filter((id) => !ids.includes(id))
    .map((id) =>
      problemAt(
        document,
        ['providers', 'agents', id],
        `agents.yaml has no agent of this id${didYouMean(id, ids)}; it has: ${ids.join(', ')}`,
      ),
    );
  for (const place of places) {
    for (const part of PARTS) {
      const path = [...place, part];
      const name = textAt(document, path);
      const names = [AUTO, ...Object.keys(known[part])];
      if (name === undefined) continue;
      const section = known[part][name]?.needsKeyOf;
      if (section !== undefined && !hasKey(document, section)) {
        const variable = `${section.toUpperCase()}_API_KEY`;
        const needed = `${name} needs a key: set ${variable} (providers.${section}.apiKey)`;
        problems.push(problemAt(document, path, needed));
      }
      if (names.includes(name)) continue;
      problems.push(
        problemAt(
          document,
          path,
          `${found(name, path)}, allowed: ${names.join(', ')}${didYouMean(name, names)}`,
        ),
      );
    }
  }
  return problems;
}

/** Voice and language of an agent (or of the announcements) against the providers that serve it. */
function speech(
  agents: ConfigDocument,
  path: Path,
  providers: ConfigDocument,
  known: KnownProviders,
): Problem[] {
  const id = textAt(agents, [...path, 'id']);
  const language = textAt(agents, [...path, 'language']) ?? DEFAULTS.language;
  const keys = { groq: hasKey(providers, 'groq'), cartesia: hasKey(providers, 'cartesia') };
  const chosen = (part: Part): string => {
    const name =
      (id === undefined ? undefined : textAt(providers, ['providers', 'agents', id, part])) ??
      textAt(providers, ['providers', 'default', part]) ??
      DEFAULTS[part];
    return name === AUTO ? automatic(part, keys, language).name : name;
  };
  const problems: Problem[] = [];

  const voice = textAt(agents, [...path, 'voice']) ?? DEFAULTS.voice;
  const voices = voicesOf(chosen('tts'), providers, known);
  if (voices && !voices.names.includes(voice) && !(voices.orId && VOICE_ID.test(voice))) {
    const voicePath = [...path, 'voice'];
    const meant = didYouMean(voice, voices.names);
    const names = [...voices.names, ...(voices.orId ? ["a voice's identifier"] : [])].join(', ');
    problems.push(
      problemAt(agents, voicePath, `found "${voice}", voices of ${chosen('tts')}: ${names}${meant}`),
    );
  }
  const parts: readonly Part[] = path[0] === 'announcements' ? ['tts'] : ['stt', 'llm', 'tts'];
  for (const part of parts) {
    const languages = known[part][chosen(part)]?.languages;
    if (languages === undefined || languages === 'any' || languages.includes(language)) continue;
    const languagePath = [...path, 'language'];
    problems.push(
      problemAt(
        agents,
        languagePath,
        `found "${language}", but ${chosen(part)} (${part}) knows only: ${languages.join(', ')}`,
      ),
    );
  }
  return problems;
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

function hasKey(document: ConfigDocument, section: string): boolean {
  return textAt(document, ['providers', section, 'apiKey']) !== undefined;
}

function rtp(document: ConfigDocument): Problem[] {
  const gateway: Path = ['gateways', 'rtp'];
  const problems: Problem[] = [];
  const listen = textAt(document, [...gateway, 'listenAddress']);
  const advertised = textAt(document, [...gateway, 'advertisedAddress']);
  if (listen !== undefined && /^(0\.0\.0\.0|::|0:0:0:0:0:0:0:0)$/.test(listen) && advertised === undefined) {
    problems.push(
      problemAt(
        document,
        [...gateway, 'listenAddress'],
        `${listen} is every address of this machine; name in advertisedAddress the one that Asterisk shall send to`,
      ),
    );
  }
  if (advertised !== undefined && isIP(advertised) !== 0 && /^(0\.0\.0\.0|::)$/.test(advertised)) {
    problems.push(
      problemAt(
        document,
        [...gateway, 'advertisedAddress'],
        `nobody can send to ${advertised}: name one address`,
      ),
    );
  }
  const port = Number(textAt(document, [...gateway, 'listenPort']) ?? 0);
  const workers = Number(textAt(document, [...gateway, 'workers']) ?? 1);
  if (port > 0 && port <= 65_535 && workers > 0 && port + workers - 1 > 65_535) {
    problems.push(
      problemAt(
        document,
        [...gateway, 'listenPort'],
        `found ${port}, but ${workers} workers need the ports up to ${port + workers - 1}; the last one is 65535`,
      ),
    );
  }
  return problems;
}
