/** 5 s of 20 ms packets: 200 ppm are 1 ms in that time. */
const WINDOW_PACKETS = 250;
/** More than 100 ms behind isn't skew: half a second of evidence is enough. */
const URGENT_PACKETS = 25;
const URGENT_FRAMES = 5;

/**
 * Keeps one direction's frames in step with the clock, whose unit here is the tick of the RTP clock, from the
 * start of the session on: frame `n` belongs to the time from `n · frameTicks`. *Behind* is how many
 * ticks of the time that has passed have no frame yet, told when the last sample of a packet is in.
 * Changes of the travel time show in it as noise that only ever adds, so its minimum over some
 * seconds is the truth about skew. It is meant to be between 0 and one frame; beyond half a frame on
 * either side it is corrected by whole frames.
 */
export class Timeline {
  readonly frameTicks: number;
  #frames = 0;
  #minimum = Infinity;
  #observed = 0;
  #deficit = 0;

  constructor(frameTicks: number) {
    this.frameTicks = frameTicks;
  }

  /** Frames so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Frames that should be added, at quiet places. */
  get deficit(): number {
    return this.#deficit;
  }

  /** Frames that should be left out, at quiet places, if the timeline is `behind` by so much. */
  surplus(behind: number): number {
    return Math.max(0, Math.ceil(-behind / this.frameTicks - 0.5));
  }

  addFrame(): void {
    this.#frames += 1;
  }

  /** One frame of the deficit has been added. */
  settleDeficit(): void {
    this.#deficit = Math.max(0, this.#deficit - 1);
  }

  /** Ticks by which the frames and `pending` further ticks are behind the instant `at`. */
  behind(at: number, pending: number): number {
    return at - this.#frames * this.frameTicks - pending;
  }

  /** Ticks, whole frames of them, that are to be filled before `pending` ticks that came `at`. */
  room(at: number, pending: number): number {
    return Math.max(0, Math.floor(this.behind(at, pending) / this.frameTicks)) * this.frameTicks;
  }

  /** A packet was used up, and left the timeline `behind` by so much. */
  observe(behind: number): void {
    this.#minimum = Math.min(this.#minimum, behind);
    this.#observed += 1;
    const urgent = this.#observed >= URGENT_PACKETS && this.#minimum > URGENT_FRAMES * this.frameTicks;
    if (this.#observed < WINDOW_PACKETS && !urgent) return;
    const deficit = Math.max(0, Math.floor(this.#minimum / this.frameTicks - 0.5));
    this.rebase();
    this.#deficit = deficit;
  }

  /** What was observed before says nothing of what comes: a new stream was placed by the clock. */
  rebase(): void {
    this.#minimum = Infinity;
    this.#observed = 0;
    this.#deficit = 0;
  }
}

/** An error of more frames (1 s) is corrected anywhere, below that never in speech. */
const TOLERABLE_FRAMES = 50;

/**
 * How quiet a frame must be, dBov, to be left out or repeated when the timeline is wrong by `frames`:
 * the more urgent, the louder. A telephone line's idle noise lies below −50 dBov, speech above −40.
 */
export function quietEnough(frames: number): number {
  return frames > TOLERABLE_FRAMES ? Infinity : Math.min(-40, -55 + 5 * frames);
}
