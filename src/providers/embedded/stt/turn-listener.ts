import { setImmediate as breathe } from 'node:timers/promises';
import type { Transcript } from '../../../dialog/contract/speech.ts';
import type { Milliseconds } from '../../../lib/clock.ts';
import { FRAME_MS } from '../../../media/audio.ts';
import { AudioRingReader, type AudioRingHandle } from '../../../media/audio-ring.ts';
import { floatToInt16 } from '../../../media/pcm.ts';
import { Resampler } from '../../../media/resampler.ts';
import { FEATURE_FRAME_MS } from './front-end.ts';
import type { Recogniser } from './recogniser.ts';
import { judge, NOTHING } from './verdict.ts';

/** Reaches back before the voice-activity detector's start: it hears a soft onset late (measured: p90 110–140 ms). */
const PREROLL_FRAMES = 15;
/**
 * Is searched behind the detector's last voiced frame, if it has come yet. A soft ending lies there, and a
 * listener that is behind on a busy machine must not hear less than one that isn't: without it, "what are
 * your opening hours" ended as "what are your address" as soon as the machine was busy.
 */
const TAIL_FRAMES = 12;
/** Audio that is searched in one go: small, so that calls take turns on the thread. */
const STEP_FRAMES = 3;
const PARTIAL_EVERY_MS: Milliseconds = 600;

/** What is needed of a recogniser here. */
type Listening = Pick<Recogniser, 'start' | 'push' | 'partial' | 'finish' | 'abandon'>;

interface Turn {
  /** The first frame that is searched. */
  readonly first: number;
  /** Set when the end is known. */
  end?: {
    readonly frame: number;
    readonly resolve: (transcript: Transcript) => void;
    readonly reject: (error: unknown) => void;
  };
}

/** What was placed in steps of the search is placed in the ring. */
function fromFrame(first: number, { places, ...transcript }: Transcript): Transcript {
  const frameOf = (step: number): number => first + Math.floor((step * FEATURE_FRAME_MS) / FRAME_MS);
  const inRing = places?.map(({ frame, toFrame }) => ({ frame: frameOf(frame), toFrame: frameOf(toFrame) }));
  return { ...transcript, ...(inRing && { places: inRing }) };
}

/** Listens to one call's ring, turn by turn, on the worker's thread. */
export class TurnListener {
  readonly #reader: AudioRingReader;
  readonly #recogniser: Listening;
  readonly #onPartial: (text: string) => void;
  readonly #resampler: Resampler;
  readonly #heard: Int16Array;
  #turn: Turn | undefined;
  #nextFrame = 0;
  /** The first frame behind the last turn that ended. */
  #turnEnd = 0;
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(heard: AudioRingHandle, recogniser: Listening, onPartial: (text: string) => void) {
    this.#reader = new AudioRingReader(heard);
    this.#recogniser = recogniser;
    this.#onPartial = onPartial;
    this.#heard = new Int16Array(this.#reader.samplesPerFrame * STEP_FRAMES);
    this.#resampler = new Resampler(this.#reader.rateHz, 16000);
  }

  /**
   * Listens from a little before `frame` on, anew: what was going on is given up. `frame` may lie
   * before the end of the last turn, when the caller had only paused.
   */
  begin(frame: number): void {
    if (this.#closed) return;
    this.#giveUp();
    const from = frame - PREROLL_FRAMES;
    const first = Math.max(0, frame < this.#turnEnd ? from : Math.max(from, this.#turnEnd));
    this.#turn = { first };
    this.#reader.seek(first);
    this.#resampler.reset();
    this.#recogniser.start(Math.max(0, frame - first) * FRAME_MS, this.#reader.rateHz > 8000);
    this.#fail(this.#turn, this.#listen(this.#turn));
  }

  /** The text of the turn that ended with `frame`; an empty one if none had begun. */
  end(frame: number): Promise<Transcript> {
    const turn = this.#turn;
    if (!turn || turn.end) return Promise.resolve(NOTHING);
    return new Promise((resolve, reject) => {
      turn.end = { frame, resolve, reject };
      this.#wake();
    });
  }

  /** Gives up the turn that is going on. The recogniser may be used elsewhere afterwards. */
  close(): void {
    this.#closed = true;
    this.#giveUp();
  }

  #giveUp(): void {
    const turn = this.#turn;
    if (!turn) return;
    this.#turn = undefined;
    this.#recogniser.abandon();
    turn.end?.resolve(NOTHING);
    this.#wake();
  }

  async #listen(turn: Turn): Promise<void> {
    let partialDue = PARTIAL_EVERY_MS;
    let heardMs = 0;
    let lastPartial = '';
    while (this.#turn === turn) {
      const lastFrame = (turn.end?.frame ?? Infinity) + TAIL_FRAMES;
      const frames = this.#step(lastFrame);
      heardMs += frames * FRAME_MS;
      if (turn.end && (frames === 0 || this.#nextFrame > lastFrame)) {
        this.#turnEnd = turn.end.frame + 1;
        this.#turn = undefined;
        turn.end.resolve(fromFrame(turn.first, judge(this.#recogniser.finish())));
        return;
      }
      if (heardMs >= partialDue) {
        partialDue = heardMs + PARTIAL_EVERY_MS;
        const partial = this.#recogniser.partial();
        if (partial !== '' && partial !== lastPartial) this.#onPartial((lastPartial = partial));
      }
      if (frames > 0) await breathe();
      else await this.#moreOrEnd();
    }
  }

  /** A turn that can't be searched fails by itself; the other calls on this thread go on. */
  #fail(turn: Turn, listening: Promise<void>): void {
    listening.catch((error: unknown) => {
      if (this.#turn === turn) this.#turn = undefined;
      turn.end?.reject(error);
    });
  }

  /** Searches the next few frames up to `lastFrame`; returns how many there were. */
  #step(lastFrame: number): number {
    let frames = 0;
    while (frames < STEP_FRAMES && this.#nextFrame <= lastFrame) {
      if (!this.#reader.read(this.#heard, frames * this.#reader.samplesPerFrame)) break;
      this.#nextFrame = this.#reader.info.frame + 1;
      frames += 1;
    }
    const samples = this.#heard.subarray(0, frames * this.#reader.samplesPerFrame);
    if (frames > 0) this.#recogniser.push(floatToInt16(this.#resampler.process(samples)));
    return frames;
  }

  async #moreOrEnd(): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#reader.closed) await woken;
    else await Promise.race([this.#reader.wait(), woken]);
  }
}
