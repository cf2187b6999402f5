/**
 * Cuts a stream of samples or bytes that comes in pieces of any size into frames of one length. The
 * frame of silence that it is given says how long a frame is and what the last one is padded with:
 * `new Framer(codec.silence)`, or `new Framer(new Int16Array(320))` for 20 ms at 16 kHz.
 */
export class Framer<T extends Uint8Array | Int16Array> {
  readonly #silence: T;
  readonly #rest: T;
  #held = 0;

  constructor(silence: T) {
    this.#silence = silence;
    this.#rest = silence.slice() as T;
  }

  /** Samples or bytes that wait for their frame to become full. */
  get held(): number {
    return this.#held;
  }

  /** Takes `piece`; gives the frames that became full, in memory of their own. */
  push(piece: T): T[] {
    const size = this.#silence.length;
    const frames: T[] = [];
    let used = 0;
    if (this.#held > 0) {
      used = Math.min(size - this.#held, piece.length);
      this.#rest.set(piece.subarray(0, used), this.#held);
      this.#held += used;
      if (this.#held < size) return frames;
      frames.push(this.#rest.slice() as T);
      this.#held = 0;
    }
    const whole = piece.length - ((piece.length - used) % size);
    const block = piece.slice(used, whole) as T;
    for (let at = 0; at < block.length; at += size) frames.push(block.subarray(at, at + size) as T);
    this.#rest.set(piece.subarray(whole));
    this.#held = piece.length - whole;
    return frames;
  }

  /** The last frame, padded with silence; undefined if none was begun. Then a new stream may begin. */
  flush(): T | undefined {
    if (this.#held === 0) return undefined;
    const frame = this.#silence.slice() as T;
    frame.set(this.#rest.subarray(0, this.#held));
    this.#held = 0;
    return frame;
  }
}
