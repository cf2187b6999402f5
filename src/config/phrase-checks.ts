import type { AgentProfile } from '../dialog/contract/agent-profile.ts';
import { AGENT_PHRASES } from '../dialog/contract/stock-phrases.ts';
import { KNOWN_LANGUAGES, languageOf } from '../dialog/language/known-languages.ts';
import {
  agentTexts,
  ANNOUNCEMENTS,
  announcementTexts,
  missingFrom,
  type Announcements,
} from '../dialog/language/own-phrases.ts';
import type { ConfigDocument } from './document.ts';
import { DEFAULT_LANGUAGE } from './schema.ts';
import type { Path, Problem } from './problems.ts';
import { problemAt, textAt, valueAt } from './validate.ts';

/** The phrases that an agent's configuration must give, because its language has none. */
export function agentPhrases(document: ConfigDocument, agent: Path): Problem[] {
  const language = codeAt(document, agent);
  // As they stand in the file: that they are texts is checked elsewhere.
  const phrases = valueAt(document.data, [...agent, 'phrases']) as AgentProfile['phrases'] & object;
  const texts = agentTexts({ language, phrases }, announcementsIn(document));
  return missingText(document, [...agent, 'phrases'], language, missingFrom(texts, AGENT_PHRASES));
}

/** The same of the announcements. */
export function announcements(document: ConfigDocument): Problem[] {
  const texts = announcementsIn(document);
  return missingText(document, ['announcements'], texts.language, missingFrom(texts, ANNOUNCEMENTS));
}

function announcementsIn(document: ConfigDocument) {
  const given = valueAt(document.data, ['announcements']) as Partial<Announcements> | undefined;
  return announcementTexts({ ...given, language: codeAt(document, ['announcements']) });
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
