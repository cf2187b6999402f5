/**
 * How a barge-in stops the agent at once, whichever thread decides it and however busy the main
 * thread is: a few numbers in shared memory. What is queued for playing carries the *epoch* in which
 * it was queued; a flush raises the water mark to an epoch, and the pacer drops everything at or
 * below it before its next packet. A decision that comes late can't hit what was queued after it.
 *
 * A pause belongs to an epoch too: a flush of it ends the pause, and a pause that is decided late can't
 * hold up what was queued after the flush. What is paused stays queued where it is until `resume`.
 *
 *     Int32   0 flushed (highest epoch that is void) | 1 armed (0: no; else 2 × epoch, + 1: may pause it, not flush)
 *             2 paused (epoch; 0: none) | 3 … from this utterance on | 4 goes on at this slot of the ring, + 1 (0: where it is)
 */
export interface FlushLineHandle {
  readonly memory: SharedArrayBuffer;
}

const FLUSHED = 0;
const ARMED = 1;
const PAUSED = 2;
const PAUSED_FROM = 3;
const GO_ON_AT = 4;

/** What a detector does by itself to an agent who is interrupted: `stop` flushes. */
export type ArmedAction = 'stop' | 'pause';

export function createFlushLine(): FlushLineHandle {
  return { memory: new SharedArrayBuffer(5 * 4) };
}

export class FlushLine {
  readonly #cells: Int32Array;

  constructor(handle: FlushLineHandle) {
    this.#cells = new Int32Array(handle.memory);
  }

  /** The epoch that audio queued now belongs to. */
  get epoch(): number {
    return Atomics.load(this.#cells, FLUSHED) + 1;
  }

  /** True when audio of `epoch` must not be played any more. */
  isVoid(epoch: number): boolean {
    return epoch <= Atomics.load(this.#cells, FLUSHED);
  }

  /** Voids everything that was queued in `epoch` (the current one by default) or before. */
  flush(epoch = this.epoch): void {
    for (;;) {
      const flushed = Atomics.load(this.#cells, FLUSHED);
      if (flushed >= epoch) return;
      if (Atomics.compareExchange(this.#cells, FLUSHED, flushed, epoch) === flushed) return;
    }
  }

  /**
   * Nothing of `epoch` is played for now, from `utterance` (default: whichever it is) on. Without effect when
   * the epoch is void.
   */
  pause(epoch = this.epoch, utterance = 0): void {
    if (this.isVoid(epoch)) return;
    if (this.paused) {
      const from = Atomics.load(this.#cells, PAUSED_FROM);
      Atomics.store(this.#cells, PAUSED_FROM, Math.min(from, utterance));
      return;
    }
    Atomics.store(this.#cells, GO_ON_AT, 0);
    Atomics.store(this.#cells, PAUSED_FROM, utterance);
    Atomics.store(this.#cells, PAUSED, epoch);
  }

  /** It goes on where it stopped, or at a slot of the playout ring that was played before. */
  resume(slot?: number): void {
    if (!this.paused) return;
    if (slot !== undefined) Atomics.store(this.#cells, GO_ON_AT, slot + 1);
    Atomics.store(this.#cells, PAUSED, 0);
  }

  /** Something is paused, or will be as soon as it is its turn. */
  get paused(): boolean {
    const epoch = Atomics.load(this.#cells, PAUSED);
    return epoch !== 0 && !this.isVoid(epoch);
  }

  /** `utterance` must not be played for now. */
  isPausedAt(utterance: number): boolean {
    return this.paused && utterance >= Atomics.load(this.#cells, PAUSED_FROM);
  }

  /** The pacer's side: the slot at which it shall go on; undefined: where it is. */
  get goOnAt(): number | undefined {
    const slot = Atomics.load(this.#cells, GO_ON_AT);
    return slot === 0 ? undefined : slot - 1;
  }

  /** The pacer's side: it goes on from there. */
  wentOn(): void {
    Atomics.store(this.#cells, GO_ON_AT, 0);
  }

  /** Lets a voice-activity detector flush, or pause, the current epoch by itself (`trip`), once. */
  arm(action: ArmedAction = 'stop'): void {
    Atomics.store(this.#cells, ARMED, this.epoch * 2 + (action === 'pause' ? 1 : 0));
  }

  disarm(): void {
    Atomics.store(this.#cells, ARMED, 0);
  }

  /** The detector's side: flushes, or pauses, the armed epoch. Returns it, or 0 if nothing was armed. */
  trip(): number {
    const armed = Atomics.exchange(this.#cells, ARMED, 0);
    const epoch = armed >> 1;
    if (armed === 0 || this.isVoid(epoch)) return 0;
    if ((armed & 1) === 1) this.pause(epoch);
    else this.flush(epoch);
    return epoch;
  }

  get armed(): boolean {
    return Atomics.load(this.#cells, ARMED) !== 0;
  }
}
