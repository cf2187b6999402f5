import type { SttRequest } from '../dialog/contract/speech.ts';

/** A phrase of more words is a sentence, which a recogniser knows how to hear. */
const LONGEST_TERM_WORDS = 3;

/** Of an agent's phrases, which are the same in all of its calls. */
const shortOnes = new WeakMap<readonly string[], readonly string[]>();

/**
 * The words of an agent that a general recogniser may not expect: those that no dictionary has first, then
 * names and short phrases. Bounded, because providers refuse more.
 */
export function keyTerms(
  { phrases, pronunciations = {} }: Pick<SttRequest, 'phrases' | 'pronunciations'>,
  limit: { readonly terms: number; readonly characters: number },
): string[] {
  const terms = new Map<string, string>();
  let characters = 0;
  for (const term of [...Object.keys(pronunciations), ...shortOf(phrases)]) {
    const clean = term.trim();
    const key = clean.toLowerCase();
    if (clean === '' || terms.has(key)) continue;
    if (terms.size >= limit.terms || characters + clean.length > limit.characters) break;
    characters += clean.length;
    terms.set(key, clean);
  }
  return [...terms.values()];
}

function shortOf(phrases: readonly string[]): readonly string[] {
  const known = shortOnes.get(phrases);
  if (known) return known;
  const short = phrases.filter((phrase) => phrase.trim().split(/\s+/).length <= LONGEST_TERM_WORDS);
  shortOnes.set(phrases, short);
  return short;
}
