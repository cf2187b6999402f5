import type { Milliseconds } from '../lib/clock.ts';

/** How a kind of thread is looked after. */
export interface ThreadPolicy {
  /** For its first word. */
  readonly startMs: Milliseconds;
  /** While it has work: so long without a heartbeat, and it counts as hung. In whole seconds. */
  readonly hungMs: Milliseconds;
  /** For the answer to a request. */
  readonly answerMs: Milliseconds;
  /** For ending when it is told to; then it is terminated. */
  readonly stopMs: Milliseconds;
  /** For being terminated: one that is in native code can't be, and is abandoned then. */
  readonly terminateMs: Milliseconds;
  /** Before the first, second … start after it died; the last one counts for all further ones. */
  readonly restartAfterMs: readonly Milliseconds[];
  /** More deaths and failed starts than these within a minute: it is given up. */
  readonly failuresAMinute: number;
  /** One that was given up is started again after this long, and earlier if it is needed. */
  readonly reviveAfterMs: Milliseconds;
  /** Packets leave it at their times: it looks for garbage by itself alone, since a call may begin in any moment. */
  readonly keepsTime?: boolean;
}

const COMMON = { stopMs: 2000, terminateMs: 2000 };

/** Calls have no sound meanwhile: at once, and a moment later if its port isn't free yet. */
export const MEDIA_POLICY: ThreadPolicy = {
  ...COMMON,
  startMs: 10_000,
  hungMs: 2000,
  answerMs: 2000,
  restartAfterMs: [0, 100, 200, 400],
  failuresAMinute: 5,
  reviveAfterMs: 30_000,
  keepsTime: true,
};

/** Its far side has a buffer: it may be late sooner than RTP's. */
export const EDGE_POLICY: ThreadPolicy = { ...MEDIA_POLICY, hungMs: 3000 };

/** Works in long steps: a model is run (tens of milliseconds), a sentence is spoken (up to 100 ms), ten times that on a busy machine. */
export const SPEECH_POLICY: ThreadPolicy = {
  ...COMMON,
  startMs: 60_000,
  hungMs: 5000,
  answerMs: 5000,
  restartAfterMs: [50, 100, 200, 400, 800, 1600, 3200, 5000],
  failuresAMinute: 10,
  reviveAfterMs: 30_000,
};

/** Makes an agent's models in one go (measured: 1.8 s on a machine with five times the work that it can do). */
export const RECOGNISER_POLICY: ThreadPolicy = { ...SPEECH_POLICY, hungMs: 10_000, answerMs: 15_000 };

/** Waits for disks, in steps of native code: nobody waits for it but the next write. */
export const DATABASE_POLICY: ThreadPolicy = {
  ...COMMON,
  startMs: 30_000,
  hungMs: 60_000,
  answerMs: 60_000,
  restartAfterMs: [50, 500, 5000],
  failuresAMinute: 10,
  reviveAfterMs: 30_000,
};
