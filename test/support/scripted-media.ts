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
    const playback = new ScriptedPlayback(this.playbacks.length + 1, this.#line.epoch, this.#clock);
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
    return this.playbacks.some((playback) => !playback.settled && playback.written > playback.played);
  }

  stats(): MediaStats {
    return { ...NO_MEDIA, packetsSent: this.packetsSent };
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
      else {
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
  readonly #clock: Clock;
  readonly #started = Promise.withResolvers<Milliseconds | undefined>();
  readonly #finished = Promise.withResolvers<PlayedAccount>();
  readonly #writers: ((written: boolean) => void)[] = [];
  #ended = false;
  #lastAt: Milliseconds;

  constructor(id: number, epoch: number, clock: Clock) {
    this.id = id;
    this.epoch = epoch;
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

  /** One frame's time has come. True: a frame was sent. */
  frame(): boolean {
    const sends = this.played < this.written;
    if (sends) {
      if (this.played === 0) this.#started.resolve(this.#clock.now());
      this.played = Math.min(this.written, this.played + FRAME_MS);
      this.#lastAt = this.#clock.now();
      if (this.written - this.played <= CAPACITY_MS) this.#release(true);
    }
    if (this.#ended && this.played >= this.written) this.settle('completed');
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
    });
  }

  #release(written: boolean): void {
    for (const writer of this.#writers.splice(0)) writer(written);
  }
}
