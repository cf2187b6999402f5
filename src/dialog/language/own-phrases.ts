import type { AgentProfile } from '../contract/agent-profile.ts';
import { AGENT_PHRASES, type StockPhrase } from '../contract/stock-phrases.ts';
import { languageOf } from './known-languages.ts';

/** What is said when no agent can talk to the caller. */
export const ANNOUNCEMENTS = ['unknownExtension', 'busy', 'trouble'] as const;

/** `trouble`: also the apology of each agent who speaks that language and has none of their own. */
export type Announcements = Readonly<Record<(typeof ANNOUNCEMENTS)[number], string>> & Spoken;

interface Spoken {
  readonly language: string;
}

type Given<Texts> = { readonly [Name in keyof Texts]?: Texts[Name] | undefined };

/** In the words that are given, else in those of the language. */
export function announcementTexts<Some extends Spoken & Given<Announcements>>(given: Some) {
  const { unknownExtension, busy, apology } = languageOf(given.language).phrases;
  return { unknownExtension, busy, trouble: apology, ...given };
}

/** What an agent says beside the conversation: in their own words, else as their language does. */
export function agentTexts(
  { language, phrases: own }: Pick<AgentProfile, 'language' | 'phrases'>,
  announcements: Spoken & Given<Pick<Announcements, 'trouble'>>,
): Readonly<Partial<Record<StockPhrase, string>>> {
  const { code, phrases } = languageOf(language);
  const lent = languageOf(announcements.language).code === code && { apology: announcements.trouble };
  const all: Given<Record<StockPhrase, string>> = { ...phrases, ...lent, ...own };
  return Object.fromEntries(
    AGENT_PHRASES.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])),
  );
}

/** Which of them nobody has given a text for: the language has none, either. */
export function missingFrom<Name extends string>(
  texts: Given<Record<Name, string>>,
  names: readonly Name[],
): Name[] {
  return names.filter((name) => texts[name] === undefined);
}

export function isComplete<Some extends Given<Announcements>>(texts: Some): texts is Some & Announcements {
  return missingFrom(texts, ANNOUNCEMENTS).length === 0;
}
