import type { VadEvent } from '../../../dialog/contract/speech.ts';
import { FRAME_MS } from '../../../media/audio.ts';
import { AudioRingReader, AudioRingWriter, FRAME_FILLER, type FrameInfo } from '../../../media/audio-ring.ts';
import { FlushLine } from '../../../media/flush-line.ts';
import { SILENCE_DBOV } from '../../../media/level.ts';
import { Melody } from '../../../media/melody.ts';
import { AgentEcho } from './agent-echo.ts';
import { SpeechDetector, type SpeechDetectorEvent } from '../../../media/speech-detector.ts';
import { FrameResampler } from './frame-resampler.ts';
import {
  createLane,
  resetLane,
  SILERO_CONTEXT,
  SILERO_WINDOW,
  type SileroLane,
  type SileroRateHz,
} from './silero-model.ts';
import type { OpenVad } from './vad-messages.ts';

/** Quieter than this is no speech (G.711's smallest step but one is −72 dBov): the model isn't asked. */
const SILENT_DBOV = -70;
/** Windows without the model after which its memory of the call is stale: 320 ms. */
const FORGET_WINDOWS = 10;

/**
 * One call in the speech thread: cuts what is heard into the model's windows, and makes events of its
 * answers. 20 ms frames and 32 ms windows don't match, so a frame is judged with the window that its
 * middle lies in.
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
  readonly #context: number;
  readonly #window: number;
  /** Samples of the window that are in the lane already; what is left of the last frame. */
  #filled = 0;
  #rest = 0;
  /** First sample of the window on the ring's timeline. */
  #windowStart = 0;
  #nextFrame = -1;
  #isSilent = true;
  /** The first frame of what the caller says. */
  #onset = 0;
  /** Below this it may be the agent's echo. */
  #gate = SILENCE_DBOV;
  #silentWindows = FORGET_WINDOWS;

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
    this.#context = SILERO_CONTEXT[this.rateHz];
    this.#window = SILERO_WINDOW[this.rateHz];
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

  /** Reads on until a window is full that the model must judge (true), or there is no more (false). */
  fill(): boolean {
    for (;;) {
      if (this.#rest > 0) this.#take();
      else if (this.#read()) this.#begin();
      else return false;
      if (this.#filled < this.#window) continue;
      if (!this.#isSilent) {
        this.#silentWindows = 0;
        return true;
      }
      this.#silentWindows += 1;
      if (this.#silentWindows === FORGET_WINDOWS) resetLane(this.lane);
      else this.lane.input.copyWithin(0, this.#window);
      this.#judge(0);
    }
  }

  /** The model has judged the window that `fill` made ready. */
  judge(): void {
    this.#judge(this.lane.probability);
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
      resetLane(this.lane);
      this.#filled = 0;
      this.#isSilent = true;
      this.#windowStart = info.frame * this.#samplesPerFrame;
    }
    this.#nextFrame = info.frame + 1;
    this.#rest = this.#samplesPerFrame;
    this.#detector.addFrame(info, this.#gate);
    this.#melody.add(this.#frame);
    this.#take();
  }

  #take(): void {
    const count = Math.min(this.#rest, this.#window - this.#filled);
    const from = this.#samplesPerFrame - this.#rest;
    const into = this.#context + this.#filled;
    for (let index = 0; index < count; index++) {
      this.lane.input[into + index] = (this.#frame[from + index] as number) / 32768;
    }
    const { levelDbov, flags } = this.reader.info;
    if (levelDbov >= SILENT_DBOV && (flags & FRAME_FILLER) === 0) this.#isSilent = false;
    this.#filled += count;
    this.#rest -= count;
  }

  #judge(chance: number): void {
    const end = this.#windowStart + this.#window;
    const lastMiddle = Math.floor((end - 1 - this.#samplesPerFrame / 2) / this.#samplesPerFrame);
    this.#windowStart = end;
    this.#filled = 0;
    this.#isSilent = true;
    this.#detector.judge(lastMiddle, chance, this.#flushLine.armed);
  }

  #decide({ type, frame, at }: SpeechDetectorEvent, report: (event: VadEvent) => void): void {
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
    if (type === 'speech-lasts') report({ type, frame, at, dbov, nowDbov: this.#detector.recentDbov });
    else report({ type, frame, at });
  }
}
