import type { Milliseconds } from '../../lib/clock.ts';
import { FlushLine, type FlushLineHandle } from '../../media/flush-line.ts';
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

  constructor(handles: PlayoutHandles, report: (report: PlayoutReport) => void) {
    this.#ring = new PlayoutRingReader(handles.ring);
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
   */
  take(into: Uint8Array, now: Milliseconds): number {
    this.applyFlush();
    while (this.#ring.peek()) {
      const { utterance, samples, isEnd } = this.#ring;
      if (this.#flushLine.isVoid(this.#ring.epoch)) {
        this.#ring.pop(); // pushed by a writer that hadn't seen the flush yet
        continue;
      }
      if (samples === 0) {
        this.#ring.pop();
        this.#complete(utterance);
        continue;
      }
      this.#ring.copy(into);
      this.#current = utterance;
      // Booked before its slot is freed: a writer that waits for the room looks at the account next.
      const first = this.#accounts.add(utterance, samples, now);
      this.#ring.pop();
      if (first) this.#report({ type: 'started', utterance, at: now });
      if (isEnd) this.#complete(utterance);
      else this.#takeEndMark(utterance);
      return samples;
    }
    return 0;
  }

  /** Settles the utterances whose end has been reached, and takes nothing. */
  settle(): void {
    this.applyFlush();
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

  #complete(utterance: number): void {
    this.#current = 0;
    this.#accounts.complete(utterance);
    this.#report({ type: 'completed', utterance, account: this.#accounts.read(utterance) });
  }
}
