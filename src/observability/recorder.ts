import { open, rm, type FileHandle } from 'node:fs/promises';
import { messageOf } from '../lib/errors.ts';
import { systemClock, type Milliseconds } from '../lib/clock.ts';
import { FRAME_MS } from '../media/audio.ts';
import { AudioRingReader, type AudioRingHandle } from '../media/audio-ring.ts';
import type { WordPlace } from '../dialog/contract/speech.ts';
import { wavHeader } from '../media/wav.ts';

export interface RecordingOptions {
  readonly path: string;
  readonly heard: AudioRingHandle;
  readonly sent: AudioRingHandle;
  readonly onTrouble: (message: string) => void;
}

/** Of a recording: between two monotonic instants, or from one frame of the ring to another, both included. */
export type Part = { readonly since: Milliseconds; readonly until: Milliseconds } | WordPlace;

export interface Recording {
  /** Takes what there is up to now, and completes the file. Idempotent; never rejects. */
  stop(): Promise<void>;
  /** Takes out what this side said then, up to a second later. Not after `stop`. */
  silence(side: keyof typeof CHANNELS, part: Part): void;
  /** Frames that came too fast for the disk and are silence in the file. */
  readonly framesMissed: number;
}

/** Written to disk in pieces of so many frames (1 s). */
const BATCH_FRAMES = 50;
/** One direction may be so far behind the other before its place is filled with silence. */
const SLACK_FRAMES = 25;
const PAUSE_MS: Milliseconds = 500;
/** What is silenced is silent a little earlier and later: a soft onset is noticed late, and packets arrive unevenly. */
const MARGIN_MS: Milliseconds = 300;
/** The embedded recogniser places words with an error (measured: up to 94 ms, 705 words of two voices). */
const WORD_MARGIN_FRAMES = 5;
const CHANNELS = { caller: 0, agent: 1 } as const;
const HEADER_BYTES = 44;

/**
 * All recordings use the disk one after the other. On a disk that stands still each that waits there takes one of the four threads on which
 * Node also looks up names: calls would have no provider (measured: a name was looked up after the disk's return only).
 */
let disk: Promise<unknown> = Promise.resolve();
function inTurn<T>(use: () => Promise<T>): Promise<T> {
  const used = disk.then(use);
  disk = used.catch(() => undefined);
  return used;
}

interface Span {
  readonly channel: 0 | 1;
  readonly part: Part;
}

/**
 * Records both directions of a call on one timeline: a stereo WAV file, caller left, agent right.
 * Streams to the disk; memory is that of one second.
 */
export function startRecording(options: RecordingOptions): Recording {
  const recorder = new Recorder(options);
  const done = recorder.run();
  return {
    stop: () => {
      recorder.stop();
      return done;
    },
    silence: (side, part) => {
      recorder.silence({ channel: CHANNELS[side], part });
    },
    get framesMissed() {
      return recorder.framesMissed;
    },
  };
}

class Recorder {
  framesMissed = 0;
  readonly #options: RecordingOptions;
  readonly #heard: AudioRingReader;
  readonly #sent: AudioRingReader;
  readonly #samples: number;
  readonly #frame: Int16Array;
  readonly #batch: Int16Array;
  readonly #stopping = new AbortController();
  /** Of each channel's last frame: when it came, had it been number 0. */
  readonly #origins: (Milliseconds | undefined)[] = [undefined, undefined];
  #toSilence: Span[] = [];
  #next = 0;
  #dataBytes = 0;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#heard = new AudioRingReader(options.heard, 0);
    this.#sent = new AudioRingReader(options.sent, 0);
    this.#samples = this.#heard.samplesPerFrame;
    this.#frame = new Int16Array(Math.max(this.#samples, this.#sent.samplesPerFrame));
    this.#batch = new Int16Array(this.#samples * 2 * BATCH_FRAMES);
  }

  stop(): void {
    this.#stopping.abort();
  }

  silence(span: Span): void {
    this.#toSilence.push(span);
  }

  async run(): Promise<void> {
    let file: FileHandle | undefined;
    let failed = false;
    try {
      if (this.#heard.rateHz !== this.#sent.rateHz) throw new TypeError('the directions differ in rate');
      const opened = await inTurn(() => open(this.#options.path, 'w+', 0o600));
      file = opened;
      await inTurn(() => opened.write(this.#header()));
      const { signal } = this.#stopping;
      while (!signal.aborted && !this.#heard.closed) {
        // Not woken by every frame: only a second's worth of them is written at a time.
        await systemClock.sleep(PAUSE_MS, signal);
        while (this.#due() >= BATCH_FRAMES) await inTurn(() => this.#write(opened, BATCH_FRAMES));
        if (this.#toSilence.length > 0) await inTurn(() => this.#silence(opened));
      }
      const last = Math.max(this.#heard.written, this.#sent.written);
      while (this.#next < last)
        await inTurn(() => this.#write(opened, Math.min(BATCH_FRAMES, last - this.#next)));
      await inTurn(() => this.#silence(opened));
    } catch (error) {
      failed = true;
      this.#options.onTrouble(`the recording ${this.#options.path} failed: ${messageOf(error)}`);
    } finally {
      if (file) await inTurn(() => (file as FileHandle).close()).catch(() => undefined);
      // What was to be silenced isn't: better no recording.
      if (file && failed && this.#toSilence.length > 0) await rm(this.#options.path, { force: true });
    }
  }

  /** Frames that both directions have, or that one of them won't have any more. */
  #due(): number {
    const { written: heard } = this.#heard;
    const { written: sent } = this.#sent;
    return Math.max(Math.min(heard, sent), Math.max(heard, sent) - SLACK_FRAMES) - this.#next;
  }

  async #write(file: FileHandle, frames: number): Promise<void> {
    const batch = this.#batch.subarray(0, frames * this.#samples * 2);
    batch.fill(0);
    for (let n = 0; n < frames; n++) {
      this.#interleave(this.#heard, this.#next + n, n, 0);
      this.#interleave(this.#sent, this.#next + n, n, 1);
    }
    this.#next += frames;
    const bytes = new Uint8Array(batch.buffer, batch.byteOffset, batch.byteLength);
    await file.write(bytes);
    this.#dataBytes += bytes.length;
    // A player sees what there is, though the program be killed now.
    const header = this.#header();
    await file.write(header, 0, header.length, 0);
  }

  #interleave(reader: AudioRingReader, frame: number, place: number, channel: number): void {
    if (frame >= reader.written) return;
    reader.seek(frame);
    if (!reader.read(this.#frame) || reader.info.frame !== frame) {
      this.framesMissed += 1;
      return;
    }
    this.#origins[channel] = reader.info.time - frame * FRAME_MS;
    const from = place * this.#samples * 2 + channel;
    for (let i = 0; i < this.#samples; i++) this.#batch[from + i * 2] = this.#frame[i] as number;
  }

  /** As far as it has been written; what hasn't is silenced next time. */
  async #silence(file: FileHandle): Promise<void> {
    const later: Span[] = [];
    for (const span of this.#toSilence) {
      const { first, end } = this.#framesOf(span);
      const bytesPerFrame = this.#samples * 4;
      const from = HEADER_BYTES + Math.max(0, first) * bytesPerFrame;
      const part = Buffer.alloc(Math.max(0, HEADER_BYTES + Math.min(this.#next, end) * bytesPerFrame - from));
      await file.read(part, 0, part.length, from);
      for (let at = span.channel * 2; at < part.length; at += 4) part.writeInt16LE(0, at);
      await file.write(part, 0, part.length, from);
      if (this.#next < end) later.push(span);
    }
    this.#toSilence = later;
  }

  #framesOf({ channel, part }: Span): { readonly first: number; readonly end: number } {
    if ('frame' in part)
      return { first: part.frame - WORD_MARGIN_FRAMES, end: part.toFrame + 1 + WORD_MARGIN_FRAMES };
    const origin = this.#origins[channel] ?? 0;
    const frameAt = (at: Milliseconds): number => Math.ceil((at - origin) / FRAME_MS);
    return { first: frameAt(part.since - MARGIN_MS) - 1, end: frameAt(part.until + MARGIN_MS) };
  }

  #header(): Uint8Array {
    return wavHeader({ encoding: 'pcm_s16', rateHz: this.#heard.rateHz }, 2, this.#dataBytes);
  }
}
