import type { VadEvent } from '../../../dialog/contract/speech.ts';
import { FRAME_MS } from '../../../media/audio.ts';
import { AudioRingReader, AudioRingWriter, FRAME_FILLER, type FrameInfo } from '../../../media/audio-ring.ts';
import { FlushLine } from '../../../media/flush-line.ts';
import { SILENCE_DBOV } from '../../../media/level.ts';
import { Melody } from '../../../media/melody.ts';
import { AgentEcho } from './agent-echo.ts';
import { SpeechDetector, type SpeechDetectorEvent } from '../../../media/speech-detector.ts';
import { FrameResampler } from './frame-resampler.ts';
import { ModelWindows } from './model-windows.ts';
import { createLane, SILERO_WINDOW, type SileroLane, type SileroRateHz } from './silero-model.ts';
import type { OpenVad } from './vad-messages.ts';

/**
 * Windows that the model is still asked for after the last one that could be speech: a second, in which it gets used to the line.
 * Measured (make bench-turns): after 160 ms it took more coughs for speech, and a "Stop!" of 170 ms for none.
 */
const HANG_WINDOWS = 31;
/** Windows that the model is given, when it is asked again, of those that it wasn't asked for: how the word comes out of the line's noise. */
const PREROLL_WINDOWS = 8;

/**
 * One call in the speech thread: cuts what is heard into the model's windows, and makes events of its
 * answers. 20 ms frames and 32 ms windows don't match, so a frame is judged with the window that its
 * middle lies in.
 *
 * The model isn't asked for windows that can't hold speech by their level: most of a call. It is again with the first one
 * that can, and hears what came just before it then, in the same instant.
 */
export class VadCall {
  readonly rateHz: SileroRateHz;
  /** For rates that the model doesn't hear. */
  readonly #resampler: FrameResampler | undefined;
  /** As it was heard, but for the agent's echo. */
  readonly #heard: Int16Array;
  readonly reader: AudioRingReader;
  readonly lane: SileroLane;
  readonly #echo: AgentEcho | undefined;
  readonly #clean: AudioRingWriter | undefined;
  readonly #flushLine: FlushLine;
  readonly #detector: SpeechDetector;
  readonly #melody: Melody;
  /** The same at the model's rate. */
  readonly #frame: Int16Array;
  readonly #samplesPerFrame: number;
  readonly #windows: ModelWindows;
  /** Samples of the last frame that no window has yet. */
  #rest = 0;
  /** First sample of the window on the ring's timeline. */
  #windowStart = 0;
  #nextFrame = -1;
  #couldBeSpeech = false;
  /** Windows since one could be speech, or the model took it for that. */
  #quietWindows = HANG_WINDOWS;
  /** Windows that the model wasn't asked for; and so many of them it is given before this one. */
  #skipped = 0;
  #behind = 0;
  /** The first frame of what the caller says. */
  #onset = 0;
  /** Below this it may be the agent's echo. */
  #gate = SILENCE_DBOV;

  constructor(request: OpenVad, report: (event: VadEvent) => void) {
    this.#clean = request.clean && new AudioRingWriter(request.clean);
    // After a crash, whoever reads there misses nothing.
    const written = this.#clean?.nextFrame ?? 0;
    this.reader = new AudioRingReader(request.heard, written > 0 ? written : request.fromFrame);
    this.rateHz = this.reader.rateHz === 8000 ? 8000 : 16000;
    this.#resampler =
      this.rateHz === this.reader.rateHz ? undefined : new FrameResampler(this.reader.rateHz, this.rateHz);
    this.#heard = new Int16Array(this.reader.samplesPerFrame);
    this.lane = createLane(this.rateHz);
    this.#echo = request.sent && new AgentEcho(request.sent, this.reader.next);
    this.#flushLine = new FlushLine(request.flushLine);
    this.#samplesPerFrame = (this.rateHz * FRAME_MS) / 1000;
    this.#frame = this.#resampler ? new Int16Array(this.#samplesPerFrame) : this.#heard;
    this.#melody = new Melody(this.rateHz);
    this.#windows = new ModelWindows(this.rateHz, PREROLL_WINDOWS);
    const { startMs, stopMs, bargeInMs } = request;
    this.#detector = new SpeechDetector({
      startMs,
      stopMs,
      bargeInMs,
      isEcho: () => this.#echo?.isAll() ?? false,
      onEvent: (event) => {
        this.#decide(event, report);
      },
    });
  }

  /** Reads on until there is a window for the model in the lane (true), or no more to read (false). */
  fill(): boolean {
    for (;;) {
      if (this.#windows.isFull) {
        if (this.#isAsked()) {
          this.#windows.read(this.#behind, this.lane.input);
          return true;
        }
        this.#skipped += 1;
        this.#judge(0);
      }
      if (this.#rest > 0) this.#take();
      else if (this.#read()) this.#begin();
      else return false;
    }
  }

  /** The model has judged what `fill` has put into the lane. */
  judge(): void {
    if (this.#behind > 0) this.#behind -= 1;
    else this.#judge(this.lane.probability);
  }

  #isAsked(): boolean {
    if (this.#behind > 0) return true;
    if (this.#couldBeSpeech) this.#quietWindows = 0;
    else this.#quietWindows += 1;
    if (this.#quietWindows > HANG_WINDOWS && !this.#detector.isWindowVoiced) return false;
    this.#behind = Math.min(this.#skipped, PREROLL_WINDOWS);
    this.#skipped = 0;
    return true;
  }

  #read(): boolean {
    if (!this.reader.read(this.#heard)) return false;
    const { info } = this.reader;
    this.#gate = this.#echo?.remove(info, this.#heard) ?? SILENCE_DBOV;
    this.#pass(info);
    this.#resampler?.convert(this.#heard, this.#frame);
    return true;
  }

  #pass({ frame, time, levelDbov, flags }: FrameInfo): void {
    const clean = this.#clean;
    if (!clean) return;
    if (clean.nextFrame < frame) clean.slot.fill(0);
    // A place on the timeline is the same in both rings.
    while (clean.nextFrame < frame) clean.commit(time, SILENCE_DBOV, FRAME_FILLER);
    clean.slot.set(this.#heard);
    clean.commit(time, levelDbov, flags);
  }

  /** Nothing more is heard. */
  close(): void {
    this.#clean?.close();
  }

  /** A frame was read. */
  #begin(): void {
    const { info } = this.reader;
    if (info.frame !== this.#nextFrame) {
      // The first frame, or the reader missed some: what was there doesn't belong to this.
      this.lane.state.fill(0);
      this.#windows.clear();
      this.#skipped = 0;
      this.#couldBeSpeech = false;
      this.#windowStart = info.frame * this.#samplesPerFrame;
    }
    this.#nextFrame = info.frame + 1;
    this.#rest = this.#samplesPerFrame;
    this.#detector.addFrame(info, this.#gate);
    this.#melody.add(this.#frame);
    this.#take();
  }

  #take(): void {
    this.#rest -= this.#windows.add(this.#frame, this.#samplesPerFrame - this.#rest);
    const { levelDbov, flags } = this.reader.info;
    if ((flags & FRAME_FILLER) === 0 && this.#detector.couldBeSpeech(levelDbov, this.#gate)) {
      this.#couldBeSpeech = true;
    }
  }

  #judge(chance: number): void {
    const end = this.#windowStart + SILERO_WINDOW[this.rateHz];
    const lastMiddle = Math.floor((end - 1 - this.#samplesPerFrame / 2) / this.#samplesPerFrame);
    this.#windowStart = end;
    this.#couldBeSpeech = false;
    this.#windows.next();
    this.#detector.judge(lastMiddle, chance, this.#flushLine.armed);
  }

  #decide({ type, frame, at, laughs }: SpeechDetectorEvent, report: (event: VadEvent) => void): void {
    const dbov = this.#detector.speechDbov;
    if (type === 'speech-stop') {
      const agoMs = (this.reader.info.frame - frame) * FRAME_MS;
      const { pitched, rise } = this.#melody.of((frame + 1 - this.#onset) * FRAME_MS, agoMs);
      report({ type, frame, at, traits: { dbov, pitched, rise } });
      return;
    }
    if (type === 'speech-start') this.#onset = frame;
    // Here and now, in this thread: the main thread may be busy for a long time.
    if (type === 'barge-in' && this.#flushLine.trip() === 0) return;
    if (laughs) report({ type: 'speech-lasts', frame, at, dbov, laughs });
    else if (type === 'speech-lasts') report({ type, frame, at, dbov, nowDbov: this.#detector.recentDbov });
    else report({ type, frame, at });
  }
}
