import type { Milliseconds } from '../../lib/clock.ts';
import type { Playback } from '../../dialog/contract/ports.ts';
import type { PlayedAccount } from '../../dialog/contract/call-media.ts';
import type { Audio, PlayoutFormat } from '../../media/audio.ts';
import { AudioConverter } from '../../media/convert.ts';
import type { UtteranceAccount } from './playout-accounts.ts';
import { SLOT_END, type PlayoutRingWriter } from './playout-ring.ts';

export interface QueuedPlaybackOptions {
  readonly id: number;
  readonly epoch: number;
  readonly format: PlayoutFormat;
  readonly accuracy: PlayedAccount['accuracy'];
  readonly frameBytes: number;
  readonly samplesPlayed: (id: number) => number;
  /** There is something to push. */
  readonly changed: () => void;
  /** So many frames were refused. */
  readonly refused: (frames: number) => void;
  readonly isVoid: (epoch: number) => boolean;
  /** The playout that it is a part of; places are samples of this utterance. */
  readonly playout: {
    readonly isPausedAt: (utterance: number) => boolean;
    readonly pause: (utterance: number, epoch: number) => void;
    readonly resume: (utterance: number, from: number | undefined) => number | undefined;
    readonly flush: (epoch: number) => void;
  };
}

/** Audio that waits for room in the ring. */
interface Chunk {
  readonly bytes: Uint8Array;
  offset: number;
  readonly resolve: (written: boolean) => void;
}

/**
 * A writer that doesn't await its writes is refused beyond this: one write may be of any length,
 * what piles up behind it may not.
 */
const UNAWAITED_MAX_MS = 60_000;

/** One utterance on the writing side: converts, cuts into frames, waits, and settles its promises. */
export class QueuedPlayback implements Playback {
  readonly id: number;
  readonly epoch: number;
  readonly #options: QueuedPlaybackOptions;
  readonly #started = Promise.withResolvers<Milliseconds | undefined>();
  readonly #finished = Promise.withResolvers<PlayedAccount>();
  readonly #bytesPerSample: number;
  readonly #converter: AudioConverter<PlayoutFormat['encoding']>;
  readonly #chunks: Chunk[] = [];
  /** The frame that isn't full yet. */
  readonly #frame: Uint8Array;
  #fill = 0;
  #waitingBytes = 0;
  #writtenBytes = 0;
  #pushedSamples = 0;
  #ended = false;
  #final: UtteranceAccount | undefined;

  constructor(options: QueuedPlaybackOptions) {
    this.#options = options;
    this.id = options.id;
    this.epoch = options.epoch;
    this.#bytesPerSample = options.format.encoding === 'pcm_s16' ? 2 : 1;
    this.#converter = new AudioConverter(options.format);
    this.#frame = new Uint8Array(options.frameBytes);
  }

  get started(): Promise<Milliseconds | undefined> {
    return this.#started.promise;
  }

  get finished(): Promise<PlayedAccount> {
    return this.#finished.promise;
  }

  /** Frames that wait for room. */
  get framesWaiting(): number {
    return Math.ceil((this.#waitingBytes + this.#fill) / this.#options.frameBytes);
  }

  write(audio: Audio): Promise<boolean> {
    if (this.#ended || this.#final !== undefined || this.#options.isVoid(this.epoch)) {
      return Promise.resolve(false);
    }
    const bytes = bytesOf(this.#converter.convert(audio));
    if (this.#chunks.length > 0 && this.#milliseconds(this.#waitingBytes) > UNAWAITED_MAX_MS) {
      this.#options.refused(Math.ceil(bytes.length / this.#options.frameBytes));
      return Promise.resolve(false);
    }
    return this.#append(bytes);
  }

  end(): void {
    if (this.#ended || this.#final !== undefined) return;
    const tail = bytesOf(this.#converter.flush());
    if (tail.length > 0 && !this.#options.isVoid(this.epoch)) void this.#append(tail);
    this.#ended = true;
    this.#options.changed();
  }

  playedMs(): Milliseconds {
    return this.#samplesToMs(this.#final?.samples ?? this.#options.samplesPlayed(this.id));
  }

  get paused(): boolean {
    return this.#final === undefined && this.#options.playout.isPausedAt(this.id);
  }

  pause(): void {
    if (this.#final === undefined) this.#options.playout.pause(this.id, this.epoch);
  }

  resume(fromMs?: Milliseconds): Milliseconds | undefined {
    if (!this.paused) return undefined;
    const { rateHz } = this.#options.format;
    const from = fromMs === undefined ? undefined : Math.max(0, Math.floor((fromMs * rateHz) / 1000));
    const place = this.#options.playout.resume(this.id, from);
    return place === undefined ? undefined : this.#samplesToMs(place);
  }

  flush(): void {
    if (this.#final === undefined) this.#options.playout.flush(this.epoch);
  }

  /** Pushes frames while there is room. `done`: the end mark is in the ring; `dry`: more must be written. */
  pushTo(ring: PlayoutRingWriter): 'done' | 'dry' | 'full' {
    for (;;) {
      const chunk = this.#chunks[0];
      if (!chunk) break;
      while (this.#take(chunk)) {
        if (ring.room <= 0) return 'full';
        this.#push(ring, this.#fill, 0);
      }
      this.#chunks.shift();
      chunk.resolve(true);
    }
    if (!this.#ended) return 'dry';
    if (ring.room <= 0) return 'full';
    this.#push(ring, this.#fill, SLOT_END);
    return 'done';
  }

  /** Flushed or closed: nothing that waits is pushed any more. */
  abandon(): void {
    for (const chunk of this.#chunks.splice(0)) chunk.resolve(false);
    this.#waitingBytes = 0;
  }

  begin(at: Milliseconds): void {
    this.#started.resolve(at);
  }

  /** The last word on this utterance. `now` dates the account of one that never began. */
  settle(outcome: PlayedAccount['outcome'], account: UtteranceAccount, now: Milliseconds): void {
    if (this.#final !== undefined) return;
    this.#final = account;
    this.abandon();
    this.#started.resolve(account.startedAt);
    this.#finished.resolve({
      playedMs: this.#samplesToMs(account.samples),
      writtenMs: this.#milliseconds(this.#writtenBytes),
      outcome,
      accuracy: this.#options.accuracy,
      at: account.lastAt ?? now,
      pauses: account.pauses,
      pausedMs: account.pausedMs,
    });
  }

  #append(bytes: Uint8Array): Promise<boolean> {
    this.#writtenBytes += bytes.length;
    this.#waitingBytes += bytes.length;
    return new Promise((resolve) => {
      this.#chunks.push({ bytes, offset: 0, resolve });
      this.#options.changed();
    });
  }

  /** Fills the frame from `chunk`. True: it is full. */
  #take(chunk: Chunk): boolean {
    const count = Math.min(this.#frame.length - this.#fill, chunk.bytes.length - chunk.offset);
    this.#frame.set(chunk.bytes.subarray(chunk.offset, chunk.offset + count), this.#fill);
    chunk.offset += count;
    this.#fill += count;
    this.#waitingBytes -= count;
    return this.#fill === this.#frame.length;
  }

  #push(ring: PlayoutRingWriter, length: number, flags: number): void {
    const samples = length / this.#bytesPerSample;
    ring.push(this.id, this.epoch, this.#pushedSamples, samples, flags, this.#frame, 0, length);
    this.#pushedSamples += samples;
    this.#fill = 0;
  }

  #samplesToMs(samples: number): Milliseconds {
    return (samples * 1000) / this.#options.format.rateHz;
  }

  #milliseconds(bytes: number): Milliseconds {
    return this.#samplesToMs(bytes / this.#bytesPerSample);
  }
}

function bytesOf(converted: Int16Array | Uint8Array): Uint8Array {
  return converted instanceof Uint8Array
    ? converted
    : new Uint8Array(converted.buffer, converted.byteOffset, converted.byteLength);
}
