/**
 * How a barge-in stops the agent at once, whichever thread decides it and however busy the main
 * thread is: two numbers in shared memory. What is queued for playing carries the *epoch* in which
 * it was queued; a flush raises the water mark to an epoch, and the pacer drops everything at or
 * below it before its next packet. A decision that comes late can't hit what was queued after it.
 *
 *     Int32   0 flushed (highest epoch that is void) | 1 armed (epoch that a detector may flush; 0: none)
 */
export interface FlushLineHandle {
  readonly memory: SharedArrayBuffer;
}

const FLUSHED = 0;
const ARMED = 1;

export function createFlushLine(): FlushLineHandle {
  return { memory: new SharedArrayBuffer(8) };
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

  /** Lets a voice-activity detector flush the current epoch by itself (`trip`), once. */
  arm(): void {
    Atomics.store(this.#cells, ARMED, this.epoch);
  }

  disarm(): void {
    Atomics.store(this.#cells, ARMED, 0);
  }

  /** The detector's side: flushes the armed epoch. Returns it, or 0 if nothing was armed. */
  trip(): number {
    const armed = Atomics.exchange(this.#cells, ARMED, 0);
    if (armed === 0 || this.isVoid(armed)) return 0;
    this.flush(armed);
    return armed;
  }

  get armed(): boolean {
    return Atomics.load(this.#cells, ARMED) !== 0;
  }
}
