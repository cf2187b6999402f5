/*
 * What may stand in a label. Each value is a time series for ever, and labels are read by people who may
 * know nothing of calls: so there are few values, and none comes from a caller, a channel or a text.
 */

/** Everything without a label of its own. */
export const OTHER = 'other';

/** A word of the program's own, as `caller-hung-up`. Numbers, names and sentences look different. */
const CODE_WORD = /^[a-z]+(?:[-_][a-z]+){0,6}$/;
const LONGEST_WORD = 40;
const MOST_WORDS = 60;

/** Lets code words through, so many different ones at most; the rest is `other`. */
export function codeWords(): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return value;
    if (seen.size >= MOST_WORDS || value.length > LONGEST_WORD || !CODE_WORD.test(value)) return OTHER;
    seen.add(value);
    return value;
  };
}

/** Lets the names through that exist; what a model made up is `other`. */
export function knownNames(names: () => ReadonlySet<string>): (value: string) => string {
  return (value) => (names().has(value) ? value : OTHER);
}
