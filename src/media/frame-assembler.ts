/** What a frame mostly consists of. */
export type FrameKind = 'frame' | 'lost' | 'filler';

/**
 * Cuts a stream of sound and gaps into frames. A frame that is mostly sound but has a hole (packets
 * of 10 or 30 ms don't end where frames do) has the hole filled with the sound beside it, mirrored:
 * that makes no click, and a hole is never longer than half a frame.
 */
export class FrameAssembler {
  readonly samples: Int16Array;
  readonly #isHole: Uint8Array;
  #filled = 0;
  #lost = 0;
  #filler = 0;

  /** `samples`: where each frame is put together. */
  constructor(samples: Int16Array) {
    this.samples = samples;
    this.#isHole = new Uint8Array(samples.length);
  }

  get filled(): number {
    return this.#filled;
  }

  get room(): number {
    return this.samples.length - this.#filled;
  }

  /** Adds up to `count` samples of sound; returns how many there was room for. */
  addSound(sound: Int16Array, offset: number, count: number): number {
    const used = Math.min(count, this.room);
    const { samples } = this;
    const to = this.#filled;
    for (let i = 0; i < used; i++) samples[to + i] = sound[offset + i] as number;
    this.#filled += used;
    return used;
  }

  /** Adds up to `count` samples of a gap; returns how many there was room for. */
  addGap(kind: 'lost' | 'filler', count: number): number {
    const used = Math.min(count, this.room);
    this.#isHole.fill(1, this.#filled, this.#filled + used);
    this.#filled += used;
    if (kind === 'lost') this.#lost += used;
    else this.#filler += used;
    return used;
  }

  /** Ends the frame: `samples` hold it, if it is a `frame`, until something is added. */
  finish(): FrameKind {
    const holes = this.#lost + this.#filler;
    const kind = holes * 2 <= this.samples.length ? 'frame' : this.#lost >= this.#filler ? 'lost' : 'filler';
    if (holes > 0) {
      if (kind === 'frame') this.#patch();
      this.#isHole.fill(0);
    }
    this.#filled = 0;
    this.#lost = 0;
    this.#filler = 0;
    return kind;
  }

  #patch(): void {
    const { samples } = this;
    const hole = this.#isHole;
    for (let start = 0; start < samples.length; start++) {
      if (hole[start] === 0) continue;
      let end = start;
      while (end < samples.length && hole[end] === 1) end += 1;
      // What lies before has been patched already; a hole at the very start mirrors what follows, as far
      // as that goes.
      let next = end;
      while (next < samples.length && hole[next] === 0) next += 1;
      for (let i = start; i < end; i++) {
        const mirrored = start > 0 ? start - 1 - ((i - start) % start) : end + ((end - 1 - i) % (next - end));
        samples[i] = samples[mirrored] as number;
      }
      start = end;
    }
  }
}
