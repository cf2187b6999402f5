import type { Milliseconds } from '../lib/clock.ts';

const DIGIT_WORD =
  /^(?:\d+|zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|double|triple|hundred)$/;
/** Words after which nobody has finished. */
const OPEN_END =
  /^(?:and|or|but|so|because|if|that|than|then|the|a|an|my|your|our|his|her|their|to|of|for|from|with|at|in|on|about|is|are|am|was|i|i'm|i'd|we|it's|um|uh|er|erm|well|mister|missus|doctor)$/;
/** Turns that are whole as they stand. */
const COMPLETE =
  /^(?:(?:yes|no|yeah|nope|yep|okay|ok|sure|correct|right|exactly)(?: (?:please|thanks|thank you|that's right))?|thank you|thanks|no thank you|(?:good )?bye|goodbye|that's all|that is all|nothing else|hello|hi)$/;
/** A telephone number is hardly longer (E.164: 15 digits) or shorter than this. */
const NUMBER_COMPLETE_FROM = 10;

/**
 * How long the caller may pause before his turn is taken to be over, given what he has said so far
 * (the recogniser's guess; empty if it has none): longer while he dictates a number or hangs in
 * mid-sentence, shorter when nothing can follow.
 */
export function pauseFor(endpointingMs: Milliseconds, text: string): Milliseconds {
  const words = wordsOf(text);
  const last = words.at(-1);
  if (last === undefined) return endpointingMs;
  if (DIGIT_WORD.test(last)) {
    const digits = trailing(words, DIGIT_WORD);
    if (digits >= 2 && digits < NUMBER_COMPLETE_FROM) return endpointingMs * 2;
    return endpointingMs;
  }
  if (OPEN_END.test(last) && !COMPLETE.test(words.join(' '))) return endpointingMs * 1.6;
  if (COMPLETE.test(words.join(' '))) return endpointingMs * 0.7;
  return endpointingMs;
}

/** Sounds of a listener who doesn't want the floor. */
const BACKCHANNEL =
  /^(?:mhm|mm|hmm|hm|mmhm|mmhmm|uhhuh|uh|huh|um|ah|aha|oh|yeah|yes|yep|okay|ok|right|sure|i|see|good|great)$/;

/** Whether these words, said while the agent speaks, interrupt him. "Mhm", "yeah, okay" don't. */
export function wantsTheFloor(text: string): boolean {
  const words = wordsOf(text);
  return words.length > 4 || words.some((word) => !BACKCHANNEL.test(word));
}

/** Whether `text` repeats what was said before, or its beginning (a recogniser's late word). */
export function repeats(text: string, before: string): boolean {
  const words = wordsOf(text).join(' ');
  return words !== '' && `${wordsOf(before).join(' ')} `.startsWith(`${words} `);
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}'\s]/gu, '')
    .split(/\s+/)
    .filter((word) => word !== '');
}

function trailing(words: readonly string[], pattern: RegExp): number {
  let count = 0;
  for (const word of words.toReversed()) {
    if (!pattern.test(word)) break;
    count += /^\d+$/.test(word) ? word.length : 1;
  }
  return count;
}
