import type { Milliseconds } from '../../lib/clock.ts';
import { FlushLine, type FlushLineHandle } from '../../media/flush-line.ts';
import type { PlayoutFormat } from '../../media/audio.ts';
import { fadeFrame } from '../../media/fade.ts';
import { PlayoutAccounts, type PlayoutAccountsHandle, type UtteranceAccount } from './playout-accounts.ts';
import { PlayoutRingReader, type PlayoutRingHandle } from './playout-ring.ts';

/** The memory that the writing and the pacing side of one session's playout share. */
export interface PlayoutHandles {
  readonly ring: PlayoutRingHandle;
  readonly flushLine: FlushLineHandle;
  readonly accounts: PlayoutAccountsHandle;
}

/** What happened to utterances, in order; the account is final once an utterance is completed. */
export type PlayoutReport =
  | { readonly type: 'started'; readonly utterance: number; readonly at: Milliseconds }
  | { readonly type: 'completed'; readonly utterance: number; readonly account: UtteranceAccount }
  /** It had been sent to its end, and the far side has thrown away the rest of it, as after a flush. */
  | { readonly type: 'cut'; readonly utterance: number; readonly account: UtteranceAccount }
  /** Nothing of `epoch` or before is sent any more. `current`: the utterance that was cut off, if one was. */
  | {
      readonly type: 'flushed';
      readonly epoch: number;
      readonly current?: { readonly utterance: number; readonly account: UtteranceAccount };
    };

/**
 * The pacing side of a session's playout: hands out the next frame to send, having dropped first
 * what was flushed meanwhile, and keeps the account. Allocates only when an utterance begins or ends.
 */
export class PlayoutSource {
  readonly #ring: PlayoutRingReader;
  readonly #flushLine: FlushLine;
  readonly #accounts: PlayoutAccounts;
  readonly #report: (report: PlayoutReport) => void;
  #seenEpoch: number;
  /** The utterance that has begun and not ended; 0: none. */
  #current = 0;
  /** A frame was given at the last tick: silence now would be a click. */
  #sounding = false;
  readonly #encoding: PlayoutFormat['encoding'];

  constructor(handles: PlayoutHandles, report: (report: PlayoutReport) => void) {
    this.#ring = new PlayoutRingReader(handles.ring);
    this.#encoding = this.#ring.encoding;
    this.#flushLine = new FlushLine(handles.flushLine);
    this.#accounts = new PlayoutAccounts(handles.accounts);
    this.#report = report;
    this.#seenEpoch = 1;
  }

  /** Drops what a flush has voided, and says so once. To be called before each packet; cheap. */
  applyFlush(): void {
    const epoch = this.#flushLine.epoch;
    if (epoch === this.#seenEpoch) return;
    this.#seenEpoch = epoch;
    while (this.#ring.peek() && this.#flushLine.isVoid(this.#ring.epoch)) this.#ring.pop();
    const utterance = this.#current;
    this.#current = 0;
    this.#sounding = false;
    this.#flushLine.wentOn();
    this.#report(
      utterance === 0
        ? { type: 'flushed', epoch: epoch - 1 }
        : {
            type: 'flushed',
            epoch: epoch - 1,
            current: { utterance, account: this.#accounts.read(utterance) },
          },
    );
  }

  /**
   * Copies the next frame that is to be sent `now` into `into` and books it as sent.
   * Returns its samples of speech; 0: there is nothing to say.
   *
   * When it is paused, the frame that would have been next is given once, fading out, and isn't booked: where
   * the fade began, it goes on, fading in.
   */
  take(into: Uint8Array, now: Milliseconds): number {
    this.applyFlush();
    while (this.#ring.peek()) {
      const { utterance } = this.#ring;
      if (this.#flushLine.isVoid(this.#ring.epoch)) {
        this.#ring.pop(); // pushed by a writer that hadn't seen the flush yet
        continue;
      }
      const resting = this.#accounts.isResting(utterance);
      if (this.#mustRest(utterance)) return this.#rest(utterance, into, now);
      if (this.#flushLine.goOnAt !== undefined) {
        this.#goBack(utterance);
        continue;
      }
      const { position, samples, isEnd } = this.#ring;
      if (resting) this.#accounts.goOn(utterance, now);
      if (samples === 0) {
        this.#ring.pop();
        this.#complete(utterance);
        continue;
      }
      this.#ring.copy(into);
      if (resting && position > 0) fadeFrame(this.#encoding, into, 'in');
      this.#current = utterance;
      this.#sounding = true;
      // Booked before its slot is freed: a writer that waits for the room looks at the account next.
      const first = this.#accounts.reach(utterance, position + samples, now);
      this.#ring.pop();
      if (first) this.#report({ type: 'started', utterance, at: now });
      if (isEnd) this.#complete(utterance);
      else this.#takeEndMark(utterance);
      return samples;
    }
    return this.#underrun(into, now);
  }

  /** There is something to say, and no pause. */
  get isReady(): boolean {
    return (
      this.#ring.peek() && !this.#flushLine.isVoid(this.#ring.epoch) && !this.#mustRest(this.#ring.utterance)
    );
  }

  /** True: nothing is sent now because of a pause, but for the fade that begins it. */
  get paused(): boolean {
    return this.#mustRest(this.#ring.peek() ? this.#ring.utterance : this.#current);
  }

  /** The utterance that has begun, is paused, and doesn't rest yet: the next `take` gives its fade. */
  get pausing(): number | undefined {
    const utterance = this.#current;
    const pauses = utterance !== 0 && this.#mustRest(utterance) && !this.#accounts.isResting(utterance);
    return pauses ? utterance : undefined;
  }

  /** A pause is over: what comes before its time of a sender that is ahead begins with the same fade. */
  fadeIn(frame: Uint8Array, utterance: number, position: number): void {
    const isNext =
      this.#ring.peek() && this.#ring.utterance === utterance && this.#ring.position === position;
    if (isNext && position > 0 && this.#accounts.isResting(utterance)) fadeFrame(this.#encoding, frame, 'in');
  }

  /** What a resumed pause wants is done before its time: for a sender that is ahead of what counts as played. */
  goBackNow(): void {
    if (this.#flushLine.goOnAt === undefined || this.paused) return;
    this.#goBack(this.#ring.peek() ? this.#ring.utterance : this.#current);
  }

  /** What of `utterance` is booked as sent. */
  samplesOf(utterance: number): number {
    return this.#accounts.samplesOf(utterance);
  }

  /** Of what rests, less was heard than is booked: it goes on from there. */
  takeBack(utterance: number, samples: number): void {
    this.#accounts.takeBack(utterance, samples);
    this.#ring.goBackTo(utterance, samples);
  }

  /** Settles the utterances whose end has been reached, and takes nothing. */
  settle(): void {
    this.applyFlush();
    if (this.paused) return;
    while (this.#ring.peek() && (this.#ring.samples === 0 || this.#flushLine.isVoid(this.#ring.epoch))) {
      const { utterance, epoch } = this.#ring;
      this.#ring.pop();
      if (!this.#flushLine.isVoid(epoch)) this.#complete(utterance);
    }
  }

  /** An end mark that waits behind the frame just taken belongs to it. */
  #takeEndMark(utterance: number): void {
    if (!this.#ring.peek() || this.#ring.utterance !== utterance || this.#ring.samples !== 0) return;
    this.#ring.pop();
    this.#complete(utterance);
  }

  /** It is paused; or it shall go on elsewhere, and has to fade out first. */
  #mustRest(utterance: number): boolean {
    return (
      this.#flushLine.isPausedAt(utterance) ||
      (this.#flushLine.goOnAt !== undefined &&
        utterance === this.#current &&
        !this.#accounts.isResting(utterance))
    );
  }

  #rest(utterance: number, into: Uint8Array, now: Milliseconds): number {
    const fades = this.#accounts.rest(utterance, now) && this.#sounding && utterance === this.#current;
    this.#sounding = false;
    if (!fades || !this.#ring.peek() || this.#ring.samples === 0) return 0;
    this.#ring.copy(into);
    fadeFrame(this.#encoding, into, 'out');
    return this.#ring.samples;
  }

  /** Nothing is queued; what is paused rests, or goes on with what was played before. */
  #underrun(into: Uint8Array, now: Milliseconds): number {
    const utterance = this.#current;
    if (utterance !== 0 && this.#mustRest(utterance)) return this.#rest(utterance, into, now);
    this.#sounding = false;
    if (this.#flushLine.goOnAt === undefined) return 0;
    this.#goBack(utterance);
    return this.#ring.peek() ? this.take(into, now) : 0;
  }

  #goBack(utterance: number): void {
    const slot = this.#flushLine.goOnAt;
    this.#flushLine.wentOn();
    if (slot !== undefined) this.#ring.goBack(slot, utterance);
  }

  #complete(utterance: number): void {
    this.#current = 0;
    this.#accounts.complete(utterance);
    this.#report({ type: 'completed', utterance, account: this.#accounts.read(utterance) });
  }
}
