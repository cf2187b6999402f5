import { VAD_TIMES, type VadEvent, type VadRequest } from '../../src/dialog/contract/speech.ts';
import type { VadStream, VoiceActivityDetector } from '../../src/dialog/contract/ports.ts';
import type { Clock, Milliseconds } from '../../src/lib/clock.ts';
import { FRAME_MS } from '../../src/media/audio.ts';
import { FlushLine } from '../../src/media/flush-line.ts';

/**
 * A detector that hears what it is told. `talk` behaves as the real one: it reports a start after
 * 60 ms, trips an armed flush line after `bargeInMs` by itself, and reports a stop 100 ms after the
 * last voiced frame.
 */
export class ScriptedVad implements VoiceActivityDetector {
  readonly name = 'scripted';
  readonly rates = [8000] as const;
  openError: Error | undefined;
  readonly streams: ScriptedVadStream[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(request: VadRequest): Promise<VadStream> {
    if (this.openError) return Promise.reject(this.openError);
    const stream = new ScriptedVadStream(request, this.#clock);
    this.streams.push(stream);
    return Promise.resolve(stream);
  }

  get openStreams(): number {
    return this.streams.filter((stream) => !stream.closed).length;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export class ScriptedVadStream implements VadStream {
  closed = false;
  readonly request: VadRequest;
  readonly #clock: Clock;
  readonly #line: FlushLine;
  readonly #origin: Milliseconds;

  constructor(request: VadRequest, clock: Clock) {
    this.request = request;
    this.#clock = clock;
    this.#line = new FlushLine(request.flushLine);
    this.#origin = clock.now();
  }

  /** The caller talks for `duration` from now on. Returns when their last frame arrives. */
  talk(duration: Milliseconds): Milliseconds {
    const start = this.#clock.now();
    const end = start + duration;
    const { startMs, stopMs, bargeInMs } = { ...VAD_TIMES, ...this.request };
    if (duration < startMs) return end;
    this.#later(start + startMs, () => {
      this.#event('speech-start', start);
    });
    if (duration >= bargeInMs)
      this.#later(start + bargeInMs, () => {
        this.#trip(start, end);
      });
    this.#later(end + stopMs, () => {
      this.#event('speech-stop', end);
    });
    return end;
  }

  emit(event: VadEvent): void {
    if (!this.closed) this.request.onEvent(event);
  }

  close(): void {
    this.closed = true;
  }

  #trip(start: Milliseconds, end: Milliseconds): void {
    if (this.#line.trip() > 0) this.#event('barge-in', start);
    // Armed later, while the caller is still talking.
    else if (this.#clock.now() < end)
      this.#later(this.#clock.now() + FRAME_MS, () => {
        this.#trip(start, end);
      });
  }

  #event(type: Exclude<VadEvent['type'], 'speech-lasts'>, at: Milliseconds): void {
    this.emit({ type, frame: Math.floor((at - this.#origin) / FRAME_MS), at });
  }

  #later(at: Milliseconds, action: () => void): void {
    this.#clock.at(at, () => {
      if (!this.closed) action();
    });
  }
}
