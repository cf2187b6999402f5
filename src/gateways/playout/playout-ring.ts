import { frameBytesOf, type PlayoutFormat } from '../../media/audio.ts';
import { SILENCE_BYTE } from '../../media/g711.ts';

/**
 * What the agent still has to say, frame by frame, as a ring in shared memory: one writer (the main
 * thread), one reader (the thread that paces). It is bounded, so a fast synthesiser waits for the
 * caller's ear; the reader frees room only by taking frames, and wakes the writer when there is enough.
 *
 *     Int32   0 MAGIC | 1 frame bytes | 2 slots | 3 read | 4 written | 5 wanted | 6 silence byte | 7 spare
 *     slot    i32 utterance | i32 epoch | i32 position | i32 samples | i32 flags | frame bytes (padded to 4)
 *
 * What was taken stays readable for two seconds behind the reader, who can go back there after a pause.
 * `position` is that of the frame's first sample in its utterance; `samples` is how many of the frame's samples are
 * speech; the rest is silence. A slot with no samples marks the end of an utterance whose last frame is on its way
 * already.
 */
export interface PlayoutRingHandle {
  readonly memory: SharedArrayBuffer;
}

export interface PlayoutRingShape {
  /** Bytes of one 20 ms frame. */
  readonly frameBytes: number;
  /** What a short frame is padded with: silence. */
  readonly silenceByte: number;
  /** Frames that fit (default 250: 5 s), besides those that were taken and are kept. */
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
const SLOT_INTS = 5;
const READ = 3;
const WRITTEN = 4;
const WANTED = 5;
const DEFAULT_SLOTS = 250;
/** Two seconds: longer than a word, or the few that a caller who interrupts speaks over. */
export const KEPT_SLOTS = 100;
/** The reader may be two frames further than the thread believes that asks it to go back. */
const SPARE_SLOTS = KEPT_SLOTS + 2;

export function createPlayoutRing(shape: PlayoutRingShape): PlayoutRingHandle {
  const slots = (shape.slots ?? DEFAULT_SLOTS) + SPARE_SLOTS;
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

  /** Slots that may wait for the reader. */
  get capacity(): number {
    return this.slots - SPARE_SLOTS;
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
    return this.#view.capacity;
  }

  /** Slots that are free now; negative while the reader has gone back. */
  get room(): number {
    return this.#view.capacity - (this.#written - Atomics.load(this.#view.ints, READ));
  }

  /**
   * Queues one frame, which begins at sample `position` of its utterance: at most `frameBytes` from
   * `payload[offset]` on, padded with silence. `samples` 0 queues a mere end mark. False: the ring is full.
   */
  push(
    utterance: number,
    epoch: number,
    position: number,
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
    ints[slot + 2] = position;
    ints[slot + 3] = samples;
    ints[slot + 4] = flags;
    const start = (slot + SLOT_INTS) * 4;
    for (let i = 0; i < length; i++) bytes[start + i] = payload[offset + i] as number;
    for (let i = length; i < frameBytes; i++) bytes[start + i] = silenceByte;
    this.#written += 1;
    Atomics.store(ints, WRITTEN, this.#written);
    return true;
  }

  /** Resolves when `slots` of them are free. Doesn't keep the process alive by itself. */
  async waitForRoom(slots: number): Promise<void> {
    const wanted = Math.min(slots, this.#view.capacity);
    while (this.room < wanted) {
      Atomics.store(this.#view.ints, WANTED, wanted);
      if (this.room >= wanted) break; // the reader may have looked before we asked
      const waiting = Atomics.waitAsync(this.#view.ints, WANTED, wanted);
      if (waiting.async) await waiting.value;
    }
    Atomics.store(this.#view.ints, WANTED, 0);
  }

  /** The sample of `utterance` at which the reader is: 0 if it hasn't come to it. */
  stopOf(utterance: number): number {
    const { ints } = this.#view;
    const read = Atomics.load(ints, READ);
    const next = this.#view.at(read);
    if (read < this.#written && ints[next] === utterance) return ints[next + 2] as number;
    const last = this.#view.at(read - 1);
    return read > 0 && ints[last] === utterance ? (ints[last + 2] as number) + (ints[last + 3] as number) : 0;
  }

  /**
   * The slot in which sample `position` of `utterance` is, if it was taken already and is kept; else the oldest
   * of it.
   */
  find(
    utterance: number,
    position: number,
  ): { readonly slot: number; readonly position: number } | undefined {
    const { ints, slots } = this.#view;
    const read = Atomics.load(ints, READ);
    const oldest = Math.max(0, read - KEPT_SLOTS, this.#written - slots);
    let found: { slot: number; position: number } | undefined;
    for (let slot = read - 1; slot >= oldest; slot--) {
      const at = this.#view.at(slot);
      if (ints[at] !== utterance) break;
      found = { slot, position: ints[at + 2] as number };
      if (found.position <= position) break;
    }
    return found;
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
  /** So many are known to be written; an atomic look at it costs 0.05 μs (measured). */
  #written = 0;

  constructor(handle: PlayoutRingHandle) {
    this.view = new PlayoutRingView(handle.memory);
  }

  get frameBytes(): number {
    return this.view.frameBytes;
  }

  /** What the frames are encoded in, as their silence tells. */
  get encoding(): PlayoutFormat['encoding'] {
    const { silenceByte } = this.view;
    return silenceByte === SILENCE_BYTE.ulaw
      ? 'ulaw'
      : silenceByte === SILENCE_BYTE.alaw
        ? 'alaw'
        : 'pcm_s16';
  }

  get utterance(): number {
    return this.view.ints[this.#slot] as number;
  }

  get epoch(): number {
    return this.view.ints[this.#slot + 1] as number;
  }

  /** Of its first sample, in the utterance. */
  get position(): number {
    return this.view.ints[this.#slot + 2] as number;
  }

  get samples(): number {
    return this.view.ints[this.#slot + 3] as number;
  }

  get isEnd(): boolean {
    return ((this.view.ints[this.#slot + 4] as number) & SLOT_END) !== 0;
  }

  /** Copies the frame's bytes. */
  copy(into: Uint8Array): void {
    const { bytes, frameBytes } = this.view;
    const start = (this.#slot + SLOT_INTS) * 4;
    for (let i = 0; i < frameBytes; i++) into[i] = bytes[start + i] as number;
  }

  /** Looks at slot `index`. False: it isn't written yet. */
  protected lookAt(index: number): boolean {
    if (index >= this.#written) this.#written = Atomics.load(this.view.ints, WRITTEN);
    if (index >= this.#written) return false;
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

  /** Goes back to slot `index`, if that is one of `utterance` and is still kept. */
  goBack(index: number, utterance: number): void {
    const oldest = Math.max(
      0,
      this.#read - SPARE_SLOTS,
      Atomics.load(this.view.ints, WRITTEN) - this.view.slots,
    );
    if (index < oldest || index >= this.#read || !this.lookAt(index) || this.utterance !== utterance) return;
    this.#read = index;
    Atomics.store(this.view.ints, READ, index);
  }

  /** Goes back to the frame in which sample `position` of `utterance` is, as far as it is kept. */
  goBackTo(utterance: number, position: number): void {
    for (let index = this.#read - 1; index >= Math.max(0, this.#read - KEPT_SLOTS); index--) {
      if (!this.lookAt(index) || this.utterance !== utterance) return;
      if (this.position > position) continue;
      this.goBack(index, utterance);
      return;
    }
  }

  /** Frees the oldest slot, and wakes the writer if it waits for as much room as there is now. */
  pop(): void {
    const { ints, capacity } = this.view;
    this.#read += 1;
    Atomics.store(ints, READ, this.#read);
    const wanted = Atomics.load(ints, WANTED);
    if (wanted === 0) return;
    const room = capacity - (Atomics.load(ints, WRITTEN) - this.#read);
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
