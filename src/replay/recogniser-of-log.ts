import type { TurnStep } from '../dialog/contract/call-events.ts';
import type { Transcript } from '../dialog/contract/speech.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { isDid, isTold, numberIn } from './logged-call.ts';

/** What the recogniser was asked: about the frames from `begin` to `end`. */
interface Question {
  readonly begin: number;
  readonly end: number;
}

interface Answered extends Question {
  readonly transcript: Transcript;
  readonly tookMs: Milliseconds;
  readonly at: Milliseconds;
}

/** An answer, and when it comes if it is asked for at `now`. */
export interface Answer {
  readonly transcript: Transcript;
  readonly at: Milliseconds;
}

/** Frames by which two questions may differ and be the same: threads are late by chance. */
const SAME_FRAMES = 3;

/** Answers as the recogniser did in the call. */
export class RecogniserOfLog {
  readonly #answers: readonly Answered[];

  constructor(steps: readonly TurnStep[]) {
    let begin = 0;
    const asked = new Map<number, Question & { readonly at: Milliseconds }>();
    const answers: Answered[] = [];
    for (const step of steps) {
      if (isDid(step) && step.did === 'begin-turn') begin = numberIn(step, 'frame') ?? begin;
      if (isDid(step) && step.did === 'end-turn') {
        asked.set(numberIn(step, 'ask') ?? -1, { begin, end: numberIn(step, 'frame') ?? begin, at: step.at });
      }
      if (!isTold(step) || step.told !== 'transcript') continue;
      const question = asked.get(numberIn(step, 'ask') ?? -1);
      if (!question) continue;
      answers.push({
        begin: question.begin,
        end: question.end,
        tookMs: step.at - question.at,
        at: step.at,
        transcript: step['transcript'] as Transcript,
      });
    }
    this.#answers = answers;
  }

  /**
   * The answer to that question, when it came; or what can be known of it: the words that lie within, where the recogniser
   * told the places of a longer answer's; else the answer about most of it, after as long. Undefined: it wasn't asked about
   * anything of it.
   */
  answer({ begin, end }: Question, now: Milliseconds): Answer | undefined {
    const isNear = (one: number, other: number): boolean => Math.abs(one - other) <= SAME_FRAMES;
    const same = this.#answers.find((one) => isNear(one.begin, begin) && isNear(one.end, end));
    if (same) return { transcript: same.transcript, at: Math.max(now, same.at) };
    const overlap = (one: Question): number => Math.min(one.end, end) - Math.max(one.begin, begin);
    const [best] = this.#answers
      .filter((one) => overlap(one) > 0)
      .toSorted((a, b) => overlap(b) - overlap(a));
    return best && { transcript: within(best.transcript, begin, end), at: now + best.tookMs };
  }
}

function within(transcript: Transcript, begin: number, end: number): Transcript {
  const words = transcript.text.trim().split(/\s+/);
  if (transcript.places?.length !== words.length) return transcript;
  const inside = transcript.places.map(
    ({ frame, toFrame }) => (frame + toFrame) / 2 >= begin && (frame + toFrame) / 2 <= end,
  );
  const places = transcript.places.filter((_, n) => inside[n]);
  return { ...transcript, text: words.filter((_, n) => inside[n]).join(' '), places };
}
