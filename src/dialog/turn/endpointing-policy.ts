import type { Milliseconds } from '../../lib/clock.ts';
import type { Language } from '../language/language.ts';
import { SpokenNumbers } from '../language/spoken-numbers.ts';
import { Vocabulary, wordsOf } from '../language/words.ts';

/** What is known of a turn in which the caller pauses. */
export interface PausingTurn {
  /** What they have said in it so far, or the recogniser's guess; empty if it has none. */
  readonly text: string;
  /** What the agent had said before, as far as it was heard. */
  readonly asked?: string | undefined;
  /** By how many semitones their voice rose at the end; undefined: nobody knows. */
  readonly rise?: number | undefined;
  /** The end-of-turn model's chance that they have finished, 0 … 1; undefined: there is none, or it hasn't answered. */
  readonly finished?: number | undefined;
  /** Pauses of this caller's after which they went on. */
  readonly pauses?: readonly Milliseconds[] | undefined;
  /** It is the first turn of the call. */
  readonly first?: boolean | undefined;
}

/** Decides how long the caller may pause before their turn is taken to be over. */
export interface EndpointingPolicy {
  /** `ordinaryMs`: the pause where nothing speaks for another one. */
  pauseAfter(turn: PausingTurn, ordinaryMs: Milliseconds): Milliseconds;
}

/** A telephone number is hardly longer (E.164: 15 digits) or shorter than this. */
const NUMBER_COMPLETE_FROM = 10;
const NUMBER_SHORT = 7;
/** In many countries one has eight or nine. */
const NUMBER_USUAL = 8;

/* Shares of the ordinary pause. Chosen on the corpus of test/turns. */
const DICTATING = 3;
/** The number may be complete: in some countries they have seven digits. */
const NEARLY_DICTATED = 2;
const PERHAPS_DICTATED = 1.4;
const OPEN = 4.4;
/** Who hangs in mid-sentence does so no shorter with an agent of short pauses, ms. */
const OPEN_LEAST_MS = 2200;
const SPELLING = 2;
/** "I have a question": it follows. */
const ANNOUNCED = 3.2;
/** What a caller calls for: "I would like to book an appointment". Its details often follow. */
const PURPOSE = 2.2;
/** "Are you open": "on Saturday" may follow, but an answer is waited for. Less, and half of who pauses for 0.7 s is talked into. */
const PURPOSE_ASKED = 1.8;
/** Unless they have paused for so long already, and went on, ms. */
const DETAILS_MS = 200;
const WHOLE = 0.7;
/** Yes, or no, to a question that wants nothing else. */
const ANSWERED = 0.5;
/** A question, by its rising melody. */
const RISEN = 0.65;

/** The end-of-turn model is certain that they have finished, or that they haven't. */
const ENDS = 0.6;
const GOES_ON = 2.5;
const CERTAINLY = 0.7;

/** How long an agent waits, as a share of what is set in milliseconds. */
const PATIENCE = { quick: 0.7, normal: 1, relaxed: 1.7 } as const;

/** Semitones. In the middle of a sentence one voice in ten rises as much, at the end of a question nine. */
const RISES = 2;
/** How much longer than the caller's own pauses one must be, and the longest that a slow caller is given. */
const OWN = 1.2;
const SLOWEST = 2.5;
/** The caller counts as having made this many ordinary pauses already: one long pause is no habit. */
const PRIOR = 2;

/**
 * By the words: longer while the caller dictates a number or hangs in mid-sentence, shorter when nothing can follow;
 * and by what they were asked, an end-of-turn model, their melody, and how long they have paused before. Of a language that nothing is known
 * of, the ordinary one, but for figures, melody and pauses.
 */
export function endpointingByWords(
  language: Language,
  patience: keyof typeof PATIENCE = 'normal',
): EndpointingPolicy {
  const openEnds = new Vocabulary(language.openEnds, language);
  const complete = new Vocabulary(language.complete, language);
  const announced = new Vocabulary(language.announced, language);
  const numbers = new SpokenNumbers(language);
  const asks = {
    number: new Vocabulary(language.asks.number, language),
    name: new Vocabulary(language.asks.name, language),
    openly: new Vocabulary(language.asks.openly, language),
  };
  const whether = new Vocabulary(language.asks.whether ?? [], language);
  const when = new Vocabulary(language.asks.when ?? [], language);

  const wanted = (asked: string): keyof typeof asks | 'yes-or-no' | undefined => {
    const sentence = lastSentence(asked);
    if (asks.number.occursIn(sentence)) return 'number';
    if (asks.name.occursIn(sentence)) return 'name';
    if (!/[?？;]\s*$/u.test(asked.trim())) return undefined;
    return asks.openly.occursIn(sentence) ? 'openly' : 'yes-or-no';
  };

  /** Undefined: the words say nothing of it. */
  const shareByWords = (text: string, asked: string): number | undefined => {
    const words = wordsOf(text, language.code);
    if (words.length === 0) return undefined;
    const answer = wanted(asked);
    const { digits = 0, isOneWord = false } = numbers.atEnd(text) ?? {};
    // One alone may be a quantity, unless it is a number that was asked for.
    if (answer === 'number' ? digits > 0 : digits >= 2 && !isOneWord) {
      const share = shareOfNumber(digits);
      if (share !== undefined) return share;
    }
    if (answer === 'name' && isLetter(words.at(-1))) return SPELLING;
    if (complete.isWhole(text)) return answer === 'yes-or-no' ? ANSWERED : WHOLE;
    if (openEnds.endsWith(text)) return OPEN;
    return announced.closes(text) ? ANNOUNCED : undefined;
  };

  /**
   * More may follow in the caller's first turn: neither who, what, when is asked in it, nor yes or no of a day or an hour, nor was anything
   * certain asked before. Undefined: it is complete.
   */
  const shareOfPurpose = (
    text: string,
    asked: string,
    pauses: readonly Milliseconds[],
  ): number | undefined => {
    const isWhether = whether.occursIn(text);
    const mayFollow =
      language.asks.openly.length > 0 &&
      wordsOf(text, language.code).length > 0 &&
      !asks.openly.occursIn(text) &&
      !(isWhether && when.occursIn(text)) &&
      ['openly', undefined].includes(wanted(asked)) &&
      pauses.every((pauseMs) => pauseMs < DETAILS_MS);
    if (!mayFollow) return undefined;
    return isWhether ? PURPOSE_ASKED : PURPOSE;
  };

  return {
    pauseAfter({ text, asked = '', rise = 0, finished = 0.5, pauses = [], first = false }, setMs) {
      const ordinaryMs = PATIENCE[patience] * setMs;
      const prior = Array.from({ length: PRIOR }, () => ordinaryMs / OWN);
      const own = Math.max(ordinaryMs, Math.min(SLOWEST * ordinaryMs, OWN * longOf([...prior, ...pauses])));
      const share = shareByWords(text, asked);
      if (share === OPEN) return Math.max(own, OPEN * ordinaryMs, OPEN_LEAST_MS * PATIENCE[patience]);
      if (share !== undefined) return share < 1 ? share * ordinaryMs : Math.max(own, share * ordinaryMs);
      if (finished >= CERTAINLY) return ENDS * own;
      if (finished <= 1 - CERTAINLY) return Math.max(own, GOES_ON * ordinaryMs);
      if (rise >= RISES) return RISEN * own;
      const purpose = first ? shareOfPurpose(text, asked, pauses) : undefined;
      return purpose === undefined ? own : Math.max(own, purpose * ordinaryMs);
    },
  };
}

/** Undefined: it is complete. */
function shareOfNumber(digits: number): number | undefined {
  if (digits < NUMBER_SHORT) return DICTATING;
  if (digits < NUMBER_USUAL) return NEARLY_DICTATED;
  return digits < NUMBER_COMPLETE_FROM ? PERHAPS_DICTATED : undefined;
}

function lastSentence(text: string): string {
  return text.match(/[^.!?。！？]+[.!?。！？\s]*$/u)?.[0] ?? text;
}

/** As it is spelled: "M", "I", "double L" ends in one. */
function isLetter(word = ''): boolean {
  return /^[a-zäöüßñçåøæ]$/u.test(word);
}

/** A long one among them: three in five are no longer. */
function longOf(pauses: readonly Milliseconds[]): Milliseconds {
  return pauses.toSorted((a, b) => a - b)[Math.floor(0.6 * (pauses.length - 1))] ?? 0;
}
