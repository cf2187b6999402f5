import { isIP } from 'node:net';
import { AUTO } from './automatic.ts';
import type { ConfigDocument } from './document.ts';
import { knownProvider, PARTS, type KnownProviders, type Part } from './known-providers.ts';
import { didYouMean } from './nearest.ts';
import { agentPhrases, announcements } from './phrase-checks.ts';
import { agentTools, httpToolPlaces } from './tool-checks.ts';
import { chosenProviders, hasKey, lackOf, statedNames, type Needs } from './provider-choice.ts';
import { DEFAULT_LANGUAGE, DEFAULT_VOICE } from './schema.ts';
import { found, pathText, type Path, type Problem } from './problems.ts';
import { items, problemAt, textAt, valueAt } from './validate.ts';
import { consolePage } from './console-checks.ts';
import { vonage } from './vonage-checks.ts';

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
    ...list.flatMap((path) => agentTools(agents, path)),
    ...httpToolPlaces(agents),
    ...list.flatMap((path) =>
      twice(
        agents,
        items(agents.data, [...path, 'transferTargets']).map((target) => [...target, 'name']),
      ),
    ),
    ...list.flatMap((path) => twice(agents, items(agents.data, [...path, 'tools']))),
    ...twice(
      agents,
      items(agents.data, ['httpTools']).map((path) => [...path, 'name']),
    ),
    ...providerNames(providers, ids, known),
    ...list.flatMap((path) => speech(agents, path, providers, known)),
    ...speech(agents, ['announcements'], providers, known),
    ...list.flatMap((path) => agentPhrases(agents, path)),
    ...announcements(agents),
    ...rtp(providers),
    ...vonage(agents, providers),
    ...consolePage(providers),
  ];
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
      const allowed = [AUTO, ...known[part].map(({ name }) => name)];
      const names = statedNames(valueAt(document.data, path));
      if (names.length > 1 && (names.includes(AUTO) || new Set(names).size < names.length)) {
        const rule = names.includes(AUTO) ? `${AUTO} stands alone` : 'each provider stands there once';
        problems.push(problemAt(document, path, `found ${names.join(', ')}: ${rule}`));
      }
      for (const name of names) {
        const provider = knownProvider(known, part, name);
        if (provider?.needsKey && provider.section && !hasKey(document, provider)) {
          const { keyVariable, name: section } = provider.section;
          const needed = `${name} needs a key: set ${keyVariable} (providers.${section}.apiKey)`;
          problems.push(problemAt(document, path, needed));
        }
        if (allowed.includes(name)) continue;
        const message = `${found(name, path)}, allowed: ${allowed.join(', ')}${didYouMean(name, allowed)}`;
        problems.push(problemAt(document, path, message));
      }
    }
  }
  return problems;
}

/** Voice and language of an agent (or of the announcements) against every provider that may serve it. */
function speech(
  agents: ConfigDocument,
  path: Path,
  providers: ConfigDocument,
  known: KnownProviders,
): Problem[] {
  const needs: Needs = {
    agent: textAt(agents, [...path, 'id']),
    language: textAt(agents, [...path, 'language']) ?? DEFAULT_LANGUAGE,
    voice: textAt(agents, [...path, 'voice']) ?? DEFAULT_VOICE,
  };
  const parts: readonly Part[] = path[0] === 'announcements' ? ['tts'] : ['stt', 'llm', 'tts'];
  return parts.flatMap((part) =>
    chosenProviders(part, needs, providers, known).names.flatMap((name, place) => {
      const provider = knownProvider(known, part, name);
      const lack = provider && lackOf(provider, part, { needs, providers, takesOver: place > 0 });
      if (!lack) return [];
      const meant = lack.voices ? didYouMean(needs.voice, lack.voices) : '';
      return [problemAt(agents, [...path, lack.of], `${lack.message}${meant}`)];
    }),
  );
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
