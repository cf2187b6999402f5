import { frameBytesOf, type PlayoutFormat } from '../../media/audio.ts';
import { SILENCE_BYTE } from '../../media/g711.ts';

/**
 * What the agent still has to say, frame by frame, as a ring in shared memory: one writer (the main
 * thread), one reader (the thread that paces). It is bounded, so a fast synthesiser waits for the
 * caller's ear; the reader frees room only by taking frames, and wakes the writer when there is enough.
 *
 *     Int32   0 MAGIC | 1 frame bytes | 2 slots | 3 read | 4 written | 5 wanted | 6 silence byte | 7 spare
 *     slot    i32 utterance | i32 epoch | i32 samples | i32 flags | frame bytes (padded to 4)
 *
 * `samples` is how many of the frame's samples are speech; the rest is silence. A slot
 * with no samples marks the end of an utterance whose last frame is on its way already.
 */
export interface PlayoutRingHandle {
  readonly memory: SharedArrayBuffer;
}

export interface PlayoutRingShape {
  /** Bytes of one 20 ms frame. */
  readonly frameBytes: number;
  /** What a short frame is padded with: silence. */
  readonly silenceByte: number;
  /** Frames that fit (default 500: 10 s). */
  readonly slots?: number;
}

export function playoutShapeOf(format: PlayoutFormat): PlayoutRingShape {
  const silenceByte = format.encoding === 'pcm_s16' ? 0 : SILENCE_BYTE[format.encoding];
  return { frameBytes: frameBytesOf(format), silenceByte };
}

/** The slot is the utterance's last. */
export const SLOT_END = 1;

const MAGIC = 0x50524931;
const HEADER_INTS = 8;
const SLOT_INTS = 4;
const READ = 3;
const WRITTEN = 4;
const WANTED = 5;
const DEFAULT_SLOTS = 500;

export function createPlayoutRing(shape: PlayoutRingShape): PlayoutRingHandle {
  const slots = shape.slots ?? DEFAULT_SLOTS;
  const stride = SLOT_INTS * 4 + Math.ceil(shape.frameBytes / 4) * 4;
  const memory = new SharedArrayBuffer(HEADER_INTS * 4 + slots * stride);
  new Int32Array(memory).set([MAGIC, shape.frameBytes, slots, 0, 0, 0, shape.silenceByte]);
  return { memory };
}

class PlayoutRingView {
  readonly ints: Int32Array;
  readonly bytes: Uint8Array;
  readonly frameBytes: number;
  readonly slots: number;
  readonly silenceByte: number;
  readonly #strideInts: number;

  constructor(memory: SharedArrayBuffer) {
    this.ints = new Int32Array(memory);
    this.bytes = new Uint8Array(memory);
    if (this.ints[0] !== MAGIC) throw new TypeError('not a playout ring');
    this.frameBytes = this.ints[1] as number;
    this.slots = this.ints[2] as number;
    this.silenceByte = this.ints[6] as number;
    this.#strideInts = SLOT_INTS + Math.ceil(this.frameBytes / 4);
  }

  /** Where slot `index` begins, in Int32s. */
  at(index: number): number {
    return HEADER_INTS + (index % this.slots) * this.#strideInts;
  }
}

/** The one writer of a playout ring. */
export class PlayoutRingWriter {
  readonly #view: PlayoutRingView;
  #written: number;

  constructor(handle: PlayoutRingHandle) {
    this.#view = new PlayoutRingView(handle.memory);
    this.#written = Atomics.load(this.#view.ints, WRITTEN);
  }

  get frameBytes(): number {
    return this.#view.frameBytes;
  }

  get capacity(): number {
    return this.#view.slots;
  }

  /** Slots that are free now. */
  get room(): number {
    return this.#view.slots - (this.#written - Atomics.load(this.#view.ints, READ));
  }

  /**
   * Queues one frame of at most `frameBytes` from `payload[offset]` on, padded with silence.
   * `samples` 0 queues a mere end mark. False: the ring is full.
   */
  push(
    utterance: number,
    epoch: number,
    samples: number,
    flags: number,
    payload: Uint8Array,
    offset: number,
    length: number,
  ): boolean {
    if (this.room <= 0) return false;
    const { ints, bytes, frameBytes, silenceByte } = this.#view;
    const slot = this.#view.at(this.#written);
    ints[slot] = utterance;
    ints[slot + 1] = epoch;
    ints[slot + 2] = samples;
    ints[slot + 3] = flags;
    const start = (slot + SLOT_INTS) * 4;
    for (let i = 0; i < length; i++) bytes[start + i] = payload[offset + i] as number;
    for (let i = length; i < frameBytes; i++) bytes[start + i] = silenceByte;
    this.#written += 1;
    Atomics.store(ints, WRITTEN, this.#written);
    return true;
  }

  /** Resolves when `slots` of them are free. Doesn't keep the process alive by itself. */
  async waitForRoom(slots: number): Promise<void> {
    const wanted = Math.min(slots, this.#view.slots);
    while (this.room < wanted) {
      Atomics.store(this.#view.ints, WANTED, wanted);
      if (this.room >= wanted) break; // the reader may have looked before we asked
      const waiting = Atomics.waitAsync(this.#view.ints, WANTED, wanted);
      if (waiting.async) await waiting.value;
    }
    Atomics.store(this.#view.ints, WANTED, 0);
  }

  /** Lets `waitForRoom` go although there is none: the session is over. */
  release(): void {
    Atomics.store(this.#view.ints, READ, this.#written);
    Atomics.store(this.#view.ints, WANTED, 0);
    Atomics.notify(this.#view.ints, WANTED);
  }
}

/** A slot of a playout ring, as a reader looks at it. */
class PlayoutSlot {
  protected readonly view: PlayoutRingView;
  #slot = 0;

  constructor(handle: PlayoutRingHandle) {
    this.view = new PlayoutRingView(handle.memory);
  }

  get frameBytes(): number {
    return this.view.frameBytes;
  }

  get utterance(): number {
    return this.view.ints[this.#slot] as number;
  }

  get epoch(): number {
    return this.view.ints[this.#slot + 1] as number;
  }

  get samples(): number {
    return this.view.ints[this.#slot + 2] as number;
  }

  get isEnd(): boolean {
    return ((this.view.ints[this.#slot + 3] as number) & SLOT_END) !== 0;
  }

  /** Copies the frame's bytes. */
  copy(into: Uint8Array): void {
    const { bytes, frameBytes } = this.view;
    const start = (this.#slot + SLOT_INTS) * 4;
    for (let i = 0; i < frameBytes; i++) into[i] = bytes[start + i] as number;
  }

  /** Looks at slot `index`. False: it isn't written yet. */
  protected lookAt(index: number): boolean {
    if (index >= Atomics.load(this.view.ints, WRITTEN)) return false;
    this.#slot = this.view.at(index);
    return true;
  }
}

/** The one reader of a playout ring. Allocates nothing per frame. */
export class PlayoutRingReader extends PlayoutSlot {
  #read: number;

  constructor(handle: PlayoutRingHandle) {
    super(handle);
    this.#read = Atomics.load(this.view.ints, READ);
  }

  /** Looks at the oldest slot: `utterance` … `copy` speak of it until `pop`. False: the ring is empty. */
  peek(): boolean {
    return this.lookAt(this.#read);
  }

  /** Frees the oldest slot, and wakes the writer if it waits for as much room as there is now. */
  pop(): void {
    const { ints, slots } = this.view;
    this.#read += 1;
    Atomics.store(ints, READ, this.#read);
    const wanted = Atomics.load(ints, WANTED);
    if (wanted === 0) return;
    const room = slots - (Atomics.load(ints, WRITTEN) - this.#read);
    if (room < wanted) return;
    Atomics.store(ints, WANTED, 0);
    Atomics.notify(ints, WANTED);
  }
}

/**
 * Looks at what the reader will come to, in the reader's own thread, and frees nothing: for a sender
 * that is ahead of what counts as played.
 */
export class PlayoutRingPreview extends PlayoutSlot {
  #next = 0;

  /** Looks at the oldest slot that wasn't passed. False: there is none yet. */
  peek(): boolean {
    this.#next = Math.max(this.#next, Atomics.load(this.view.ints, READ));
    return this.lookAt(this.#next);
  }

  /** Passes the slot. */
  pass(): void {
    this.#next += 1;
  }

  /** Goes back to where the reader is. */
  rewind(): void {
    this.#next = 0;
  }
}
