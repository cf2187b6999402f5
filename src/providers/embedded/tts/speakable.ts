import { readAt } from './spoken-rules.ts';
import { tokensOf, type Token } from './spoken-tokens.ts';

/**
 * A stretch of the text as it was written (`text`, one or more of its whitespace-separated words)
 * and as it is said (`say`: plain words, with at most one punctuation mark at the end, or nothing).
 */
export interface SpokenUnit {
  readonly text: string;
  readonly say: string;
}

/** Turns written English into what a speaker would say, keeping what belongs to what. */
export function speakable(text: string): SpokenUnit[] {
  const tokens = tokensOf(text);
  const units: SpokenUnit[] = [];
  for (let at = 0; at < tokens.length;) {
    const reading = readAt(tokens, at);
    const last = tokens[at + reading.count - 1] as Token;
    const written = tokens.slice(at, at + reading.count).map((token) => token.raw);
    units.push({ text: written.join(' '), say: reading.say === '' ? '' : reading.say + last.mark });
    at += reading.count;
  }
  return units;
}
