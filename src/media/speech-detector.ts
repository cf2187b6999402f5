import type { Milliseconds } from '../lib/clock.ts';
import { FRAME_CONCEALED, FRAME_FILLER, type FrameInfo } from './audio-ring.ts';
import { FRAME_MS } from './audio.ts';
import { evenness } from './evenness.ts';
import { SILENCE_DBOV } from './level.ts';

/**
 * From "the chance that this window holds speech" to when the caller began and stopped talking, and
 * whether that is enough to interrupt the agent. Pure: frames and chances in, events out.
 *
 *                 voiced ≥ startMs                        voiced ≥ bargeInMs
 *      ┌─────────┐ ────────────────► ┌──────────┐ ────────────────► (barge-in, while armed)
 *      │ silence │                   │ speaking │
 *      └─────────┘ ◄──────────────── └──────────┘
 *                 unvoiced ≥ stopMs
 *
 * A frame counts as voiced when the model says speech and its level says that this is where the
 * speech is: the model lags 50 ms behind an onset and hangs on for 30–100 ms after the end
 * (measured), a level doesn't. The numbers below are those that did best in test/bench/speech.bench.ts.
 */
export interface SpeechDetectorOptions {
  readonly startMs: Milliseconds;
  readonly stopMs: Milliseconds;
  readonly bargeInMs: Milliseconds;
  /** Asked before a sound is taken for the caller's while the agent is heard, or was just now: is it only the agent's echo? */
  readonly isEcho?: () => boolean;
  readonly onEvent: (event: SpeechDetectorEvent) => void;
}

export interface SpeechDetectorEvent {
  readonly type: 'speech-start' | 'speech-stop' | 'speech-lasts' | 'level-rises' | 'barge-in';
  /** start: first voiced frame; stop: last voiced frame; barge-in: the frame that decided; lasts, rises: the newest one. */
  readonly frame: number;
  /** Arrival of that frame. */
  readonly at: Milliseconds;
  /** `lasts`, once for a sound, 800 ms after it began: it is a laugh. */
  readonly laughs?: true;
}

/** The model's chance from which on a window is speech, and below which it no longer is. */
const ON_CHANCE = 0.5;
const OFF_CHANCE = 0.35;

/** How far back an onset is looked for: the model's lag, p99. */
const ONSET_REACH_FRAMES = 8;
/** dB above the noise floor that belong to an onset (a fricative before the first vowel). */
const ONSET_ABOVE_FLOOR_DB = 10;
/** dB above the noise floor that the last voiced frame has at least: in noise the model hangs on longest. */
const LAST_ABOVE_FLOOR_DB = 1;
/** What a voiced frame stands above the noise floor (more would tear speech in noise to pieces), dB. */
const VOICED_ABOVE_FLOOR_DB = 0;
/** What a voiced frame may lie below the caller's speech level, dB: breath and room are below that. */
const VOICED_BELOW_SPEECH_DB = 20;
/** Unvoiced time within a word or between two that doesn't begin the count for `startMs` anew. */
const START_GAP_MS = 80;
/** Unvoiced time after which an interjection is over: the count for `bargeInMs` begins anew. */
const BURST_GAP_MS = 300;
/** What unvoiced time within a burst takes off its count: single words far apart don't add up. */
const BURST_LEAK = 0.5;

/** Voiced frames after which it is told how loud the caller is so far: 400 ms. */
const LASTS_FRAMES = 20;
/** So much of a sound, pauses within it included, tells a laugh from words: 800 ms, four "ha"; … */
const LAUGH_FRAMES = 40;
/** … if it is at least so even. */
const LAUGHS = 0.84;

/** After the end of speech it is told for so long that the level rises, … */
const RISE_REACH_FRAMES = 150;
/** … and not again before it was quiet for so long. */
const RISE_QUIET_FRAMES = 5;

const FLOOR_MIN_DBOV = -70;
const FLOOR_MAX_DBOV = -30;
/** Share of the difference that the noise floor follows in a frame: quickly down, slowly up (τ = 1 s). */
const FLOOR_FALL = 0.3;
const FLOOR_RISE = 0.02;
const SPEECH_FOLLOW = 0.05;
/**
 * dB a frame by which the speech level falls while the model hears speech that is too quiet for it: who
 * turns away from the telephone (−25 dB) is heard again within half a second.
 */
const SPEECH_FALL_DB = 0.3;
const QUIET_SPEECH_ABOVE_FLOOR_DB = 6;
/** A sound quieter than this is no speech (G.711's smallest step but one is −72 dBov) … */
const SILENT_DBOV = -70;
/** … nor is what stands less than this above the noise floor, dB; what it follows lies 1 dB above it. */
const SPEECH_ABOVE_FLOOR_DB = 4;
/** Until the caller has spoken: a whisper on the telephone is louder than 20 dB under it. */
const SPEECH_START_DBOV = -35;

/** Frames that wait to be judged or may be an onset's; a power of two. */
const HISTORY = 64;

export class SpeechDetector {
  readonly #options: SpeechDetectorOptions;
  readonly #times = new Float64Array(HISTORY);
  readonly #levels = new Float32Array(HISTORY);
  readonly #gates = new Float32Array(HISTORY);
  readonly #unusable = new Uint8Array(HISTORY);
  #added = 0;
  #judged = 0;
  /** First frame of the unbroken stretch that is being heard. */
  #unbroken = 0;

  #isWindowVoiced = false;
  #floor = -60;
  #speechLevel = SPEECH_START_DBOV;

  #speaking = false;
  /** First frame of the voiced stretch that may become, or is, speech; −1: none. */
  #onset = -1;
  #lastVoiced = -1;
  /** The last voiced frame that stands out of the noise: where speech ended, if it did. */
  #lastClear = -1;
  #startVoicedMs = 0;
  /** Of the voiced frames since the onset: the sum of their power, 1 at 0 dBov, and their number. */
  #power = 0;
  #levelCount = 0;
  /** Of those since it was last told that speech lasts: their levels' sum, dBov, and their mean then. */
  #recentSum = 0;
  #recentDbov = SILENCE_DBOV;
  #burstVoicedMs = 0;
  /** Where that began; −1: it was looked at for a laugh. */
  #burstFrom = -1;
  #unvoicedMs = BURST_GAP_MS;
  #wasArmed = false;
  /** The frame at which speech ended; undefined: it goes on, or there was none. */
  #stoppedAt: number | undefined;
  #quietFrames = 0;

  constructor(options: SpeechDetectorOptions) {
    this.#options = options;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /**
   * Mean power of what is voiced of the speech that is going on, or was the last to end, dBov: as ITU-T P.56 measures how loud
   * somebody speaks, so that a soft end makes a sentence no weaker.
   */
  get speechDbov(): number {
    return this.#levelCount === 0 ? SILENCE_DBOV : 10 * Math.log10(this.#power / this.#levelCount);
  }

  /** The mean level of its last 400 ms, dBov, as `speech-lasts` tells: loud vowels count no more than the rest. */
  get recentDbov(): number {
    return this.#recentDbov;
  }

  /** The model takes the last window for speech. */
  get isWindowVoiced(): boolean {
    return this.#isWindowVoiced;
  }

  /** Whether speech may begin with a frame of this level, whatever the model says; below `gateDbov` it may be echo. */
  couldBeSpeech(levelDbov: number, gateDbov: number): boolean {
    return levelDbov >= Math.max(SILENT_DBOV, gateDbov, this.#floor + SPEECH_ABOVE_FLOOR_DB);
  }

  /** dBov; what this line sounds like while nobody speaks. */
  get noiseFloorDbov(): number {
    return this.#floor;
  }

  /**
   * The next frame arrived; below `gateDbov` it may be the agent's echo (`EchoGate`). A gap in
   * the numbers (frames that the reader missed) ends what was going on.
   */
  addFrame(info: FrameInfo, gateDbov = SILENCE_DBOV): void {
    if (info.frame !== this.#added) this.#beginAt(info.frame);
    const slot = info.frame % HISTORY;
    this.#times[slot] = info.time;
    this.#levels[slot] = info.levelDbov;
    this.#unusable[slot] = (info.flags & (FRAME_CONCEALED | FRAME_FILLER)) === 0 ? 0 : 1;
    this.#gates[slot] = gateDbov;
    this.#added = info.frame + 1;
    this.#lookForRise(info.frame);
  }

  /**
   * The model's chance for all frames up to `frame` that weren't judged yet. `armed`: the agent may be
   * interrupted; every voiced frame that finds enough voiced time behind it says `barge-in` then.
   */
  judge(frame: number, chance: number, armed: boolean): void {
    // What the caller said before the agent began doesn't interrupt it, unless they are still at it.
    if (armed && !this.#wasArmed && this.#unvoicedMs > 0) this.#burstVoicedMs = 0;
    this.#wasArmed = armed;
    this.#isWindowVoiced = chance >= (this.#isWindowVoiced ? OFF_CHANCE : ON_CHANCE);
    const end = Math.min(frame + 1, this.#added);
    for (; this.#judged < end; this.#judged++) this.#judgeFrame(this.#judged, chance, armed);
  }

  #beginAt(frame: number): void {
    this.#unvoicedMs = BURST_GAP_MS;
    if (this.#speaking) this.#stop();
    this.#isWindowVoiced = false;
    this.#unbroken = frame;
    this.#judged = frame;
  }

  #judgeFrame(frame: number, chance: number, armed: boolean): void {
    const slot = frame % HISTORY;
    const level = this.#levels[slot] as number;
    const isVoiced = this.#isWindowVoiced && this.#isLoud(slot, VOICED_ABOVE_FLOOR_DB);
    const isEcho = level < (this.#gates[slot] as number);
    if (this.#unusable[slot] === 0 && !isEcho) this.#followLevels(level, isVoiced, chance);
    if (isVoiced) this.#voiced(frame, armed);
    else this.#unvoiced();
  }

  #followLevels(level: number, isVoiced: boolean, chance: number): void {
    if (isVoiced) this.#speechLevel += SPEECH_FOLLOW * (level - this.#speechLevel);
    else if (this.#isWindowVoiced && level >= this.#floor + QUIET_SPEECH_ABOVE_FLOOR_DB) {
      this.#speechLevel -= SPEECH_FALL_DB;
    }
    const difference = level - this.#floor;
    if (difference < 0) this.#floor += FLOOR_FALL * difference;
    else if (chance < OFF_CHANCE) this.#floor += FLOOR_RISE * difference;
    this.#floor = Math.min(FLOOR_MAX_DBOV, Math.max(FLOOR_MIN_DBOV, this.#floor));
  }

  #voiced(frame: number, armed: boolean): void {
    let voicedMs: Milliseconds = FRAME_MS;
    if (this.#unvoicedMs >= START_GAP_MS && !this.#speaking) {
      this.#startVoicedMs = 0;
      this.#power = 0;
      this.#levelCount = 0;
      this.#recentSum = 0;
      this.#onset = this.#onsetBefore(frame);
      voicedMs += (frame - this.#onset) * FRAME_MS;
    }
    if (this.#unvoicedMs >= BURST_GAP_MS) {
      this.#burstVoicedMs = 0;
      this.#burstFrom = this.#onset;
    }
    this.#lastVoiced = frame;
    const level = this.#levels[frame % HISTORY] as number;
    if (level >= this.#floor + LAST_ABOVE_FLOOR_DB) this.#lastClear = frame;
    this.#power += 10 ** (level / 10);
    this.#levelCount += 1;
    this.#recentSum += level;
    this.#unvoicedMs = 0;
    this.#startVoicedMs += voicedMs;
    this.#burstVoicedMs += voicedMs;
    const starts = !this.#speaking && this.#startVoicedMs >= this.#options.startMs;
    // Not before it is told that speech begins: whoever pauses for it waits until it is told that it has ended.
    const bargesIn = armed && (this.#speaking || starts) && this.#burstVoicedMs >= this.#options.bargeInMs;
    if (this.#levelCount % LASTS_FRAMES === 0) {
      this.#recentDbov = this.#recentSum / LASTS_FRAMES;
      this.#recentSum = 0;
      if (this.#speaking) this.#report('speech-lasts', frame);
    }
    this.#lookForLaugh(frame);
    if (!starts && !bargesIn) return;
    if (this.#isAgentHeard(frame) && this.#options.isEcho?.() === true) {
      this.#startVoicedMs = 0;
      this.#burstVoicedMs = 0;
      this.#onset = frame + 1;
      return;
    }
    if (starts) {
      this.#speaking = true;
      this.#stoppedAt = undefined;
      this.#report('speech-start', this.#onset);
    }
    if (bargesIn) this.#report('barge-in', frame);
  }

  #lookForLaugh(frame: number): void {
    const from = this.#burstFrom;
    if (from < 0 || !this.#speaking || frame + 1 - from < LAUGH_FRAMES) return;
    this.#burstFrom = -1;
    // What is further back than the history may have been overwritten.
    if (this.#added - from > HISTORY) return;
    const levels = Array.from(
      { length: LAUGH_FRAMES },
      (_none, index) => this.#levels[(from + index) % HISTORY] ?? 0,
    );
    if (evenness(levels) >= LAUGHS) this.#report('speech-lasts', frame, true);
  }

  #unvoiced(): void {
    this.#unvoicedMs += FRAME_MS;
    this.#burstVoicedMs = Math.max(0, this.#burstVoicedMs - FRAME_MS * BURST_LEAK);
    if (this.#speaking && this.#unvoicedMs >= this.#options.stopMs) this.#stop();
  }

  /** By the level alone, which is known before the model has heard enough: the next word may begin here. */
  #lookForRise(frame: number): void {
    if (this.#stoppedAt === undefined || frame - this.#stoppedAt > RISE_REACH_FRAMES) return;
    if (!this.#isLoud(frame % HISTORY, ONSET_ABOVE_FLOOR_DB)) {
      this.#quietFrames += 1;
      return;
    }
    if (this.#quietFrames >= RISE_QUIET_FRAMES) this.#report('level-rises', frame);
    this.#quietFrames = 0;
  }

  /** So much above the noise, not far below the caller's voice, and no echo. */
  #isLoud(slot: number, aboveFloorDb: number): boolean {
    const gate = Math.max(
      this.#gates[slot] as number,
      this.#floor + aboveFloorDb,
      this.#speechLevel - VOICED_BELOW_SPEECH_DB,
    );
    return this.#unusable[slot] === 0 && (this.#levels[slot] as number) >= gate;
  }

  #stop(): void {
    this.#speaking = false;
    this.#stoppedAt = this.#added - 1;
    this.#quietFrames = 0;
    this.#unvoicedMs = Math.max(this.#unvoicedMs, START_GAP_MS);
    this.#report('speech-stop', Math.max(this.#onset, this.#lastClear));
  }

  /** The frame with which the sound began that the model called speech at `frame`. */
  #onsetBefore(frame: number): number {
    const first = Math.max(this.#lastVoiced + 1, frame - ONSET_REACH_FRAMES, this.#unbroken);
    let onset = frame;
    while (onset > first) {
      const slot = (onset - 1) % HISTORY;
      const level = this.#levels[slot] as number;
      const gate = Math.max(this.#floor + ONSET_ABOVE_FLOOR_DB, this.#gates[slot] as number);
      if (this.#unusable[slot] === 1 || level < gate) break;
      onset -= 1;
    }
    return onset;
  }

  #isAgentHeard(frame: number): boolean {
    return (this.#gates[frame % HISTORY] as number) > SILENCE_DBOV;
  }

  #report(type: SpeechDetectorEvent['type'], frame: number, laughs = false): void {
    const at = this.#times[frame % HISTORY] as number;
    this.#options.onEvent({ type, frame, at, ...(laughs && { laughs }) });
  }
}
