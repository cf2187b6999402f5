import type { Milliseconds } from '../lib/clock.ts';
import { FRAME_MS } from '../media/audio.ts';
import { AudioRingReader, type AudioRingHandle } from '../media/audio-ring.ts';
import { encodeG711 } from '../media/g711.ts';

/** Below this nobody speaks, not even softly: what a line has in a pause, or comfort noise. */
const QUIET_DBOV = -50;
/** So long, and no recogniser waits for the end of a turn any more. */
const QUIET_AFTER_FRAMES = 1000 / FRAME_MS;
/** In one message then: of the 50 messages a second that a call costs, as many as are of use. */
const QUIET_MESSAGE_FRAMES = 100 / FRAME_MS;

interface Run {
  stopped: boolean;
  until: number;
  /** Copied, not sent yet. */
  readonly samples: Int16Array;
  frames: number;
  /** Quiet ones in a row, up to now. */
  quiet: number;
  /** True: everything was sent. */
  readonly done: PromiseWithResolvers<boolean>;
}

/**
 * Carries a call's sound from the ring to a socket, a few frames a message: `messageMs` of it, and 100 ms when nobody has
 * spoken for a second. The first frame that isn't quiet goes at once, with those before it.
 */
export class HeardPump {
  readonly rateHz: number;
  readonly #heard: AudioRingHandle;
  readonly #samplesPerFrame: number;
  readonly #framesPerMessage: number;
  readonly #framesWhenQuiet: number;
  readonly #send: (audio: Uint8Array) => void;
  #run: Run | undefined;
  /** The next frame to be sent. */
  #next: number;
  /** Frames that were sent, since ever. */
  #sent = 0;

  constructor(heard: AudioRingHandle, messageMs: Milliseconds, send: (audio: Uint8Array) => void) {
    const reader = new AudioRingReader(heard);
    this.rateHz = reader.rateHz;
    this.#next = reader.written;
    this.#samplesPerFrame = reader.samplesPerFrame;
    this.#heard = heard;
    this.#framesPerMessage = Math.max(1, Math.round(messageMs / FRAME_MS));
    this.#framesWhenQuiet = Math.max(this.#framesPerMessage, QUIET_MESSAGE_FRAMES);
    this.#send = send;
  }

  /** A telephone's sound goes as μ-law, half of what linear samples weigh. */
  get encoding(): 'ulaw' | 'pcm_s16' {
    return this.rateHz === 8000 ? 'ulaw' : 'pcm_s16';
  }

  get next(): number {
    return this.#next;
  }

  get sent(): number {
    return this.#sent;
  }

  /** The newest frame that could be sent. */
  get newest(): number {
    return new AudioRingReader(this.#heard).written - 1;
  }

  /** Sends from `frame` on, as it comes; what is gone from the ring is left out. */
  start(frame: number): void {
    this.stop();
    const reader = new AudioRingReader(this.#heard, Math.max(0, frame));
    const run: Run = {
      stopped: false,
      until: Infinity,
      samples: new Int16Array(this.#samplesPerFrame * this.#framesWhenQuiet),
      frames: 0,
      quiet: 0,
      done: Promise.withResolvers(),
    };
    this.#run = run;
    this.#next = Math.max(0, frame);
    void this.#pump(run, reader);
  }

  /** Stops behind `frame`. True: all of it was sent, or the call is over. False: it was started anew, or stopped. */
  finish(frame: number): Promise<boolean> {
    const run = this.#run;
    if (!run) return Promise.resolve(false);
    run.until = frame;
    if (this.#next > frame) {
      this.#flush(run);
      this.#stop(true);
    }
    return run.done.promise;
  }

  stop(): void {
    this.#stop(false);
  }

  #stop(completed: boolean): void {
    if (!this.#run) return;
    this.#run.stopped = true;
    this.#run.done.resolve(completed);
    this.#run = undefined;
  }

  async #pump(run: Run, reader: AudioRingReader): Promise<void> {
    const { samples } = run;
    while (!run.stopped) {
      if (this.#next > run.until) {
        this.#flush(run);
        this.#stop(true);
      } else if (reader.read(samples, run.frames * this.#samplesPerFrame)) {
        this.#next = reader.info.frame + 1;
        run.frames += 1;
        run.quiet = reader.info.levelDbov < QUIET_DBOV ? run.quiet + 1 : 0;
        const isQuiet = run.quiet > QUIET_AFTER_FRAMES;
        if (run.frames >= (isQuiet ? this.#framesWhenQuiet : this.#framesPerMessage)) this.#flush(run);
      } else if (!(await reader.wait()) && reader.closed) {
        run.until = Math.min(run.until, this.#next - 1);
      }
    }
  }

  #flush(run: Run): void {
    const length = this.#samplesPerFrame * run.frames;
    this.#sent += run.frames;
    run.frames = 0;
    if (length > 0) this.#send(this.#encoded(run.samples.subarray(0, length)));
  }

  #encoded(samples: Int16Array): Uint8Array {
    if (this.encoding === 'ulaw') return encodeG711('ulaw', samples);
    const copy = samples.slice();
    return new Uint8Array(copy.buffer);
  }
}
