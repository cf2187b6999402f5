import type { Transcript, WordPlace } from '../../../dialog/contract/speech.ts';
import { editDistance } from '../../../lib/edit-distance.ts';
import { tokens } from '../words.ts';
import { DIGITS, REPEATS } from './everyday.ts';

/** What the searches found in one turn. */
export interface Evidence {
  /** The sentence of the grammar that fits best; empty if none was reached. */
  readonly grammar: string;
  /** What the language model makes of it. */
  readonly model: string;
  /** Where its words were, in steps of 10 ms from where the search began. */
  readonly places?: readonly WordPlace[];
  /** The number that fits best, and how far it leads over `model`: score per frame of 10 ms, in Sphinx's units. */
  readonly numbers: {
    readonly text: string;
    readonly places?: readonly WordPlace[];
    readonly lead: number;
  };
  /** Natural logarithm of the probability of `model` within its lattice. */
  readonly posterior: number;
  /** Share of the neighbouring words of `model` that the agent's sentences have side by side. */
  readonly familiar: number;
  /** Mean natural logarithm of the posterior probabilities of the words of `model` that tell what it is about. */
  readonly telling: number;
}

/**
 * Logistic regression for "the meaning was understood", fitted on 570 turns (four test voices, human speech
 * outside the domain, noises); half of the voices and recordings held out: area under the curve 0.906.
 */
const WEIGHTS = { bias: -3.6, agreement: 2.91, posteriorPerWord: 0.53, familiar: 3.31 } as const;
/** From here on a text may be acted on. What it costs and saves is printed by test/bench/stt.bench.ts. */
export const UNDERSTOOD_FROM = 0.25;

/**
 * … if the words that tell what it is about were heard, too: the same evidence with their posterior, fitted for "none of
 * them is another one" on 453 natural questions (two voices). From `from` on, 59 % of 169 of them were answered rightly and
 * 4.7 % wrongly; without it, 67 and 10. Of 45 others, in the fit and in the choice of `from` not used, 72 and 3.3 %.
 */
const TELLING = {
  bias: -0.64,
  agreement: 0.74,
  posteriorPerWord: 0.76,
  familiar: 3.45,
  telling: 0.95,
  from: 1.4,
} as const;

/**
 * When it was a number. With both hearing digits a small lag is allowed (measured: synthetic voices −1.3 … 2.8, other
 * sentences −99 … −1.6); alone it must lead clearly and be long (human digits 5.8 … 10.7, other speech up to 4.6).
 */
const NUMBER = { digits: 3, share: 0.4, lead: -3, digitsAlone: 6, leadAlone: 5 } as const;
const DIGIT_WORDS: ReadonlySet<string> = new Set([...DIGITS, ...REPEATS]);

function numberIn({ model, numbers }: Evidence): Transcript | undefined {
  const words = tokens(numbers.text);
  const digits = words.filter((word) => DIGIT_WORDS.has(word)).length;
  const others = tokens(model);
  const digitsOfOthers = others.filter((word) => DIGIT_WORDS.has(word)).length;
  const transcript = (confidence: number): Transcript => ({
    text: numbers.text,
    understood: true,
    confidence,
    ...placed(numbers.text, numbers.places),
  });
  if (
    digits >= NUMBER.digits &&
    digitsOfOthers >= NUMBER.share * others.length &&
    numbers.lead > NUMBER.lead
  ) {
    return transcript(0.5 + similarity(words, others) / 2);
  }
  return digits >= NUMBER.digitsAlone && numbers.lead > NUMBER.leadAlone ? transcript(0.5) : undefined;
}

/** Of a turn in which nothing was heard. */
export const NOTHING: Transcript = { text: '', understood: false, confidence: 0 };

/** Gives the number or the language model's text, how sure it is, and whether it may be acted on. */
export function judge(evidence: Evidence): Transcript {
  const number = numberIn(evidence);
  if (number) return number;
  const words = tokens(evidence.model);
  if (words.length === 0) return NOTHING;
  const agreement = similarity(tokens(evidence.grammar), words);
  const posteriorPerWord = evidence.posterior / words.length;
  const sum =
    WEIGHTS.bias +
    WEIGHTS.agreement * agreement +
    WEIGHTS.posteriorPerWord * posteriorPerWord +
    WEIGHTS.familiar * evidence.familiar;
  const confidence = 1 / (1 + Math.exp(-sum));
  const told =
    TELLING.bias +
    TELLING.agreement * agreement +
    TELLING.posteriorPerWord * posteriorPerWord +
    TELLING.familiar * evidence.familiar +
    TELLING.telling * evidence.telling;
  // Noise makes short words ("thanks") of its own: those must be heard by both.
  const heardTwice = words.length > 2 || agreement > 0;
  return {
    text: evidence.model,
    understood: heardTwice && confidence >= UNDERSTOOD_FROM && (agreement === 1 || told >= TELLING.from),
    confidence,
    ...placed(evidence.model, evidence.places),
  };
}

/** Only if each word has a place. */
function placed(text: string, places: readonly WordPlace[] | undefined): Pick<Transcript, 'places'> {
  return places?.length === tokens(text).length ? { places } : {};
}

/** 1: the same words; 0: nothing in common. */
export function similarity(a: readonly string[], b: readonly string[]): number {
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 0 : 1 - editDistance(a, b) / longest;
}
