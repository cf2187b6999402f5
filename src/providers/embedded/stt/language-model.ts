/** An n-gram model in the ARPA format, made from weighted sentences. */

export interface WeightedSentence {
  readonly words: readonly string[];
  readonly weight: number;
}

const START = '<s>';
const END = '</s>';
/** Log10 probability of what never follows (the ARPA convention). */
const NEVER = -99;
/** Share of the unigram mass that is spread evenly over the vocabulary. */
const UNIFORM_SHARE = 0.1;

/** Of a word that stands in its own places only, elsewhere: a name in the middle of a question. */
const RARELY = 1e-6;

interface Context {
  total: number;
  readonly next: Map<string, number>;
}

/**
 * Trigrams with interpolated Witten–Bell smoothing (Chen & Goodman 1998, §2.5): a rich context trusts itself,
 * a thin one its shorter one; weights λ = T/(c+T) are the ARPA back-off weights as they are.
 * `elsewhere`: words that are hardly said outside of the sentences' own places for them.
 */
export function arpaModel(
  sentences: Iterable<WeightedSentence>,
  vocabulary: Iterable<string>,
  elsewhere: ReadonlySet<string> = new Set(),
): string {
  const unigrams: Context = { total: 0, next: new Map() };
  const bigrams = new Map<string, Context>();
  const trigrams = new Map<string, Context>();
  for (const { words, weight } of sentences) {
    const padded = [START, ...words, END];
    for (let at = 1; at < padded.length; at++) {
      const word = padded[at] as string;
      const before = padded[at - 1] as string;
      count(unigrams, word, weight);
      count(context(bigrams, before), word, weight);
      if (at >= 2) count(context(trigrams, `${padded[at - 2] as string} ${before}`), word, weight);
    }
  }

  const all = new Set([...vocabulary, ...unigrams.next.keys(), END]);
  const rare = [...elsewhere].filter((word) => all.has(word)).length;
  const uniform = (UNIFORM_SHARE - rare * RARELY) / (all.size - rare);
  const p1 = (word: string): number =>
    (elsewhere.has(word) ? RARELY : uniform) +
    ((1 - UNIFORM_SHARE) * (unigrams.next.get(word) ?? 0)) / (unigrams.total || 1);
  const p2 = (before: string, word: string): number => {
    const seen = bigrams.get(before);
    return seen ? blended(seen, word, p1(word)) : p1(word);
  };

  const one: string[] = [`${NEVER} ${START} ${log(backoff(bigrams.get(START)))}`];
  for (const word of all) {
    one.push(`${log(p1(word))} ${word}` + (word === END ? '' : ` ${log(backoff(bigrams.get(word)))}`));
  }
  const two: string[] = [];
  for (const [before, seen] of bigrams) {
    for (const word of seen.next.keys()) {
      const pair = `${before} ${word}`;
      two.push(
        `${log(p2(before, word))} ${pair}` + (word === END ? '' : ` ${log(backoff(trigrams.get(pair)))}`),
      );
    }
  }
  const three: string[] = [];
  for (const [pair, seen] of trigrams) {
    const before = pair.slice(pair.indexOf(' ') + 1);
    for (const word of seen.next.keys())
      three.push(`${log(blended(seen, word, p2(before, word)))} ${pair} ${word}`);
  }
  return [
    '\\data\\',
    `ngram 1=${one.length}`,
    `ngram 2=${two.length}`,
    `ngram 3=${three.length}`,
    ...['', '\\1-grams:', ...one],
    ...['', '\\2-grams:', ...two],
    ...['', '\\3-grams:', ...three],
    '',
    '\\end\\',
    '',
  ].join('\n');
}

function context(contexts: Map<string, Context>, key: string): Context {
  let found = contexts.get(key);
  if (!found) contexts.set(key, (found = { total: 0, next: new Map() }));
  return found;
}

function count(seen: Context, word: string, weight: number): void {
  seen.total += weight;
  seen.next.set(word, (seen.next.get(word) ?? 0) + weight);
}

function blended(seen: Context, word: string, shorter: number): number {
  const kinds = seen.next.size;
  return ((seen.next.get(word) ?? 0) + kinds * shorter) / (seen.total + kinds);
}

function backoff(seen: Context | undefined): number {
  return seen ? seen.next.size / (seen.total + seen.next.size) : 1;
}

function log(probability: number): string {
  return Math.log10(probability).toFixed(4);
}
