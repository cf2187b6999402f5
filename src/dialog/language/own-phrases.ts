import type { AgentProfile } from '../contract/agent-profile.ts';
import { AGENT_PHRASES, type StockPhrase } from '../contract/stock-phrases.ts';
import { languageOf } from './known-languages.ts';

/** What is said when no agent can talk to the caller. */
export interface Announcements {
  readonly language: string;
  readonly unknownExtension: string;
  readonly busy: string;
  /** Also the apology of each agent who speaks that language and has none of their own. */
  readonly trouble: string;
}

/** In the words that are given, else in those of the language. Undefined: it has none. */
export function announcementsOf<Given extends Pick<Announcements, 'language'> & Partial<Announcements>>(
  given: Given,
): (Given & Announcements) | undefined {
  const { phrases } = languageOf(given.language);
  const { unknownExtension = phrases.unknownExtension } = given;
  const { busy = phrases.busy, trouble = phrases.apology } = given;
  if (unknownExtension === undefined || busy === undefined || trouble === undefined) return undefined;
  return { ...given, unknownExtension, busy, trouble };
}

/** What an agent says beside the conversation: in their own words, else as their language does. */
export function agentTexts(
  { language, phrases: own = {} }: Pick<AgentProfile, 'language' | 'phrases'>,
  announcements: Pick<Announcements, 'language' | 'trouble'>,
): Readonly<Partial<Record<StockPhrase, string>>> {
  const { code, phrases } = languageOf(language);
  const lent = languageOf(announcements.language).code === code && { apology: announcements.trouble };
  const all: Partial<Record<StockPhrase, string>> = { ...phrases, ...lent, ...own };
  return Object.fromEntries(
    AGENT_PHRASES.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])),
  );
}
