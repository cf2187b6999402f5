import { NO_MEDIA } from '../../src/dialog/contract/call-media.ts';
import type {
  MediaEndpoint,
  MediaEvent,
  MediaStats,
  PlayedAccount,
} from '../../src/dialog/contract/call-media.ts';
import type { MediaSession, Playback } from '../../src/dialog/contract/ports.ts';
import type { Clock, Milliseconds } from '../../src/lib/clock.ts';
import { createAudioRing } from '../../src/media/audio-ring.ts';
import { FRAME_MS, sampleCount, type Audio, type AudioFormat } from '../../src/media/audio.ts';
import { createFlushLine, FlushLine } from '../../src/media/flush-line.ts';

/** Audio of one utterance that may wait to be played. */
const CAPACITY_MS = 2000;

/**
 * A media session whose pacing is a clock's: one frame each 20 ms, flushed from the next frame on,
 * with the exact account of a real one. Deterministic under a manual clock.
 */
export class ScriptedMedia implements MediaSession {
  readonly id: string;
  readonly endpoint: MediaEndpoint = {
    ...{ transport: 'rtp', address: '192.0.2.1', port: 9 },
    codec: 'ulaw' as const,
    attach: () => undefined,
  };
  readonly format: AudioFormat;
  readonly heard = createAudioRing(8000);
  readonly sent = createAudioRing(8000);
  readonly flushLine = createFlushLine();
  readonly attached = Promise.resolve();
  /** Every utterance, in order. */
  readonly playbacks: ScriptedPlayback[] = [];
  packetsSent = 0;
  sendLatenessMs = 0;
  closed = false;
  readonly #clock: Clock;
  readonly #line = new FlushLine(this.flushLine);
  readonly #listeners = new Set<(event: MediaEvent) => void>();
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, options: { id?: string; format?: AudioFormat } = {}) {
    this.#clock = clock;
    this.id = options.id ?? 'media';
    this.format = options.format ?? { encoding: 'ulaw', rateHz: 8000 };
    this.#schedule(clock.now() + FRAME_MS);
  }

  play(): Playback {
    const playback = new ScriptedPlayback(this.playbacks.length + 1, this.#line, this.#clock);
    this.playbacks.push(playback);
    if (this.closed) playback.settle('closed');
    return playback;
  }

  flush(): void {
    this.#line.flush();
  }

  on(listener: (event: MediaEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  tell(event: MediaEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Whether anything is on its way to the caller. */
  get playing(): boolean {
    return this.playbacks.some(
      ({ settled, paused, epoch, written, played }) =>
        !settled && !paused && !this.#line.isVoid(epoch) && written > played,
    );
  }

  stats(): MediaStats {
    return { ...NO_MEDIA, packetsSent: this.packetsSent, sendLatenessMs: this.sendLatenessMs };
  }

  close(): Promise<void> {
    this.closed = true;
    this.#cancel();
    for (const playback of this.playbacks) playback.settle('closed');
    return Promise.resolve();
  }

  #schedule(at: Milliseconds): void {
    this.#cancel = this.#clock.at(at, () => {
      this.#schedule(at + FRAME_MS);
      this.#frame();
    });
  }

  #frame(): void {
    for (const playback of this.playbacks) {
      if (playback.settled) continue;
      if (this.#line.isVoid(playback.epoch)) playback.settle('flushed');
      else if (playback.paused) {
        playback.rest();
        return;
      } else {
        if (playback.frame()) this.packetsSent += 1;
        return;
      }
    }
  }
}

export class ScriptedPlayback implements Playback {
  readonly id: number;
  readonly epoch: number;
  readonly started: Promise<Milliseconds | undefined>;
  readonly finished: Promise<PlayedAccount>;
  written: Milliseconds = 0;
  played: Milliseconds = 0;
  settled = false;
  /** Where it goes on, after a pause: before `played`, if it is heard again from there. */
  #position: Milliseconds = 0;
  #pauses = 0;
  #pausedMs = 0;
  #resting = false;
  readonly #line: FlushLine;
  readonly #clock: Clock;
  readonly #started = Promise.withResolvers<Milliseconds | undefined>();
  readonly #finished = Promise.withResolvers<PlayedAccount>();
  readonly #writers: ((written: boolean) => void)[] = [];
  #ended = false;
  #lastAt: Milliseconds;

  constructor(id: number, line: FlushLine, clock: Clock) {
    this.id = id;
    this.epoch = line.epoch;
    this.#line = line;
    this.#clock = clock;
    this.#lastAt = clock.now();
    this.started = this.#started.promise;
    this.finished = this.#finished.promise;
  }

  write(audio: Audio): Promise<boolean> {
    if (this.settled || this.#ended) return Promise.resolve(false);
    this.written += (sampleCount(audio) * 1000) / audio.rateHz;
    if (this.written - this.played <= CAPACITY_MS) return Promise.resolve(true);
    return new Promise((resolve) => this.#writers.push(resolve));
  }

  end(): void {
    this.#ended = true;
  }

  playedMs(): Milliseconds {
    return this.played;
  }

  get paused(): boolean {
    return !this.settled && this.#line.isPausedAt(this.id);
  }

  pause(): void {
    if (!this.settled) this.#line.pause(this.epoch, this.id);
  }

  resume(fromMs?: Milliseconds): Milliseconds | undefined {
    if (!this.paused) return undefined;
    const frame = Math.floor(Math.max(0, fromMs ?? Infinity, this.#position - 2000) / FRAME_MS) * FRAME_MS;
    this.#position = Math.min(this.#position, frame);
    this.#line.resume();
    return this.#position;
  }

  flush(): void {
    if (!this.settled) this.#line.flush(this.epoch);
  }

  /** One frame's time has come, and it is paused. */
  rest(): void {
    if (!this.#resting) this.#pauses += 1;
    this.#resting = true;
    this.#pausedMs += FRAME_MS;
  }

  /** One frame's time has come. True: a frame was sent. */
  frame(): boolean {
    this.#resting = false;
    const sends = this.#position < this.written;
    if (sends) {
      if (this.played === 0) this.#started.resolve(this.#clock.now());
      this.#position = Math.min(this.written, this.#position + FRAME_MS);
      this.played = Math.max(this.played, this.#position);
      this.#lastAt = this.#clock.now();
      if (this.written - this.played <= CAPACITY_MS) this.#release(true);
    }
    if (this.#ended && this.#position >= this.written) this.settle('completed');
    return sends;
  }

  settle(outcome: PlayedAccount['outcome']): void {
    if (this.settled) return;
    this.settled = true;
    this.#release(false);
    this.#started.resolve(undefined);
    this.#finished.resolve({
      playedMs: this.played,
      writtenMs: this.written,
      outcome,
      accuracy: 'exact',
      at: this.#lastAt,
      pauses: this.#pauses,
      pausedMs: this.#pausedMs,
    });
  }

  #release(written: boolean): void {
    for (const writer of this.#writers.splice(0)) writer(written);
  }
}
