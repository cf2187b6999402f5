import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import { hi } from './hi.ts';
import { it } from './it.ts';
import { ja } from './ja.ts';
import { NO_NUMBER_WORDS, PLAIN_SENTENCES, type Language } from './language.ts';
import { nl } from './nl.ts';
import { pl } from './pl.ts';
import { pt } from './pt.ts';
import { th } from './th.ts';
import { zh } from './zh.ts';

const KNOWN: ReadonlyMap<string, Language> = new Map(
  [en, de, fr, es, it, pt, nl, pl, hi, ja, zh, th].map((language) => [language.code, language]),
);

/** Codes of the languages that there is data of. */
export const KNOWN_LANGUAGES: readonly string[] = [...KNOWN.keys()];

/**
 * What is known of the language of a BCP 47 tag (`de`, `pt-BR`, `zh_Hans`). Of one without data: nothing, so
 * that every pause is of the ordinary length, every word interrupts, and no phrase is there.
 */
export function languageOf(tag: string): Language {
  const [code = ''] = tag.toLowerCase().split(/[-_]/);
  return KNOWN.get(code) ?? unknownLanguage(code);
}

function unknownLanguage(code: string): Language {
  return {
    code,
    phrases: {},
    backchannels: [],
    urgent: [],
    openEnds: [],
    announced: [],
    complete: [],
    numbers: NO_NUMBER_WORDS,
    asks: { number: [], name: [], openly: [] },
    sentences: PLAIN_SENTENCES,
  };
}
