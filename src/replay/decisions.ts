import type { TurnStep } from '../dialog/contract/call-events.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { isDid, isTold, numberIn, type Did } from './logged-call.ts';

/** Something that was decided in a call, as people read it. */
export interface Decision {
  /** After the call began. */
  readonly at: Milliseconds;
  readonly what:
    'turn ends' | 'turn goes on' | 'pause' | 'resume' | 'judgement' | 'yield' | 'filler' | 'says' | 'leaves';
  /** By which it is told from others of its kind. */
  readonly detail: string;
}

/** What was decided in these steps, in order. */
export function decisionsIn(steps: readonly TurnStep[]): readonly Decision[] {
  const decisions: Decision[] = [];
  let lastVoiceAt: Milliseconds | undefined;
  for (const step of steps) {
    if (isTold(step) && step.told === 'speech-stop') lastVoiceAt = numberIn(step, 'lastAt');
    const decision = isDid(step) ? decisionOf(step, lastVoiceAt) : undefined;
    if (decision) decisions.push({ at: step.at, ...decision });
  }
  return decisions;
}

function decisionOf(step: Did, lastVoiceAt: Milliseconds | undefined): Omit<Decision, 'at'> | undefined {
  const { gated, takenBack, judgement, by, phrase, ending } = step;
  const paused = lastVoiceAt === undefined ? undefined : Math.round(step.at - lastVoiceAt);
  switch (step.did) {
    case 'reply':
      // Before the end is certain it is only prepared.
      return gated === true ? undefined : { what: 'turn ends', detail: after(paused) };
    case 'release':
      return { what: 'turn ends', detail: after(paused) };
    case 'drop':
      return takenBack === true ? { what: 'turn goes on', detail: '' } : undefined;
    case 'pause':
    case 'resume':
      return { what: step.did, detail: '' };
    case 'judged':
      return { what: 'judgement', detail: `${String(judgement)}, by ${String(by)}` };
    case 'interrupt':
      return { what: 'yield', detail: '' };
    case 'filler':
      return { what: 'filler', detail: '' };
    case 'say':
      return { what: 'says', detail: String(phrase) };
    case 'leave':
      return { what: 'leaves', detail: String((ending as { readonly reason?: unknown }).reason) };
    default:
      return undefined;
  }
}

function after(pauseMs: Milliseconds | undefined): string {
  return pauseMs === undefined ? '' : `after ${pauseMs} ms of silence`;
}

/** A decision as it was made in the call, as it is made now, or both. */
export interface Compared {
  readonly was?: Decision;
  readonly is?: Decision;
  /** It is the same, about as soon. */
  readonly same: boolean;
}

/** By so much a decision may be earlier or later and be the same: threads and packets are late by chance. */
export const SAME_MS = 100;
/** What is further apart is another one. */
const NEAR_MS = 2000;

/** Which of two calls' decisions are the same: as many as can be in one order (the longest common subsequence). */
export function compare(was: readonly Decision[], is: readonly Decision[]): readonly Compared[] {
  const best = Array.from({ length: was.length + 1 }, () => new Float64Array(is.length + 1));
  const row = (i: number): Float64Array => best[i] as Float64Array;
  const cell = (i: number, j: number): number => row(i)[j] as number;
  for (let i = was.length - 1; i >= 0; i--) {
    for (let j = is.length - 1; j >= 0; j--) {
      const both = match(was[i] as Decision, is[j] as Decision);
      row(i)[j] = Math.max(cell(i + 1, j), cell(i, j + 1), both > 0 ? both + cell(i + 1, j + 1) : 0);
    }
  }
  const compared: Compared[] = [];
  for (let i = 0, j = 0; i < was.length || j < is.length;) {
    const [one, other] = [was[i], is[j]];
    const both = one && other ? match(one, other) : 0;
    if (one && other && both > 0 && cell(i, j) === both + cell(i + 1, j + 1)) {
      compared.push({ was: one, is: other, same: Math.abs(one.at - other.at) <= SAME_MS });
      i += 1;
      j += 1;
    } else if (one && (!other || cell(i, j) === cell(i + 1, j))) {
      compared.push({ was: one, same: false });
      i += 1;
    } else if (other) {
      compared.push({ is: other, same: false });
      j += 1;
    }
  }
  return compared;
}

/** 0: they are two; else how well they fit. */
function match(one: Decision, other: Decision): number {
  const apart = Math.abs(one.at - other.at);
  // How long the silence was is told by the instants.
  const isAlike = one.what === other.what && (one.what === 'turn ends' || one.detail === other.detail);
  return isAlike && apart <= NEAR_MS ? 1 + (1 - apart / NEAR_MS) : 0;
}
