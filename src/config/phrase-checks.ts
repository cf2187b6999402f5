import { AGENT_PHRASES } from '../dialog/contract/stock-phrases.ts';
import { KNOWN_LANGUAGES, languageOf } from '../dialog/language/known-languages.ts';
import type { ConfigDocument } from './document.ts';
import { DEFAULT_LANGUAGE } from './schema.ts';
import type { Path, Problem } from './problems.ts';
import { problemAt, textAt, valueAt } from './validate.ts';

const ANNOUNCEMENTS: Path = ['announcements'];

/** The phrases that an agent's configuration must give, because its language has none. */
export function agentPhrases(document: ConfigDocument, agent: Path): Problem[] {
  const code = codeAt(document, agent);
  const lent = code === codeAt(document, ANNOUNCEMENTS) && isGiven(document, [...ANNOUNCEMENTS, 'trouble']);
  const missing = AGENT_PHRASES.filter(
    (name) =>
      languageOf(code).phrases[name] === undefined &&
      !isGiven(document, [...agent, 'phrases', name]) &&
      !(name === 'apology' && lent),
  );
  return missingText(document, [...agent, 'phrases'], code, missing);
}

/** The same of the announcements. */
export function announcements(document: ConfigDocument): Problem[] {
  const code = codeAt(document, ANNOUNCEMENTS);
  const { unknownExtension, busy, apology } = languageOf(code).phrases;
  const missing = Object.entries({ unknownExtension, busy, trouble: apology })
    .filter(([name, text]) => text === undefined && !isGiven(document, [...ANNOUNCEMENTS, name]))
    .map(([name]) => name);
  return missingText(document, ANNOUNCEMENTS, code, missing);
}

function missingText(
  document: ConfigDocument,
  path: Path,
  code: string,
  missing: readonly string[],
): Problem[] {
  if (missing.length === 0) return [];
  const known = KNOWN_LANGUAGES.join(', ');
  const message = `nothing stands there for ${missing.join(', ')}; only ${known} have phrases of their own, "${code}" has none`;
  return [problemAt(document, path, message)];
}

function codeAt(document: ConfigDocument, path: Path): string {
  return languageOf(textAt(document, [...path, 'language']) ?? DEFAULT_LANGUAGE).code;
}

function isGiven(document: ConfigDocument, path: Path): boolean {
  return valueAt(document.data, path) !== undefined;
}
