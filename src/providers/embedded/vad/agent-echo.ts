import { FRAME_MS } from '../../../media/audio.ts';
import { AudioRingReader, type AudioRingHandle, type FrameInfo } from '../../../media/audio-ring.ts';
import { EchoCanceller } from '../../../media/echo-canceller.ts';
import { EchoGate, type EchoGateOptions } from '../../../media/echo-gate.ts';
import { EchoLikeness, HEARD_FRAMES } from '../../../media/echo-likeness.ts';
import { levelDbov, SILENCE_DBOV } from '../../../media/level.ts';

/** From this likeness on, what was heard is an echo and nothing else (see EchoLikeness). */
const ECHO_LIKENESS = 0.32;
/**
 * The same on a line that has shown for seconds that it loses so much: vowels of the same pitch are as alike as 0.6, and an echo
 * that comes up in mid-call is soon learnt.
 */
const CLEAR_LOSS_DB = 38;
const CLEAR_LIKENESS = 0.7;
/** Share of what was heard that the canceller leaves once it has learnt: −8 dB. */
const LEARNT_SHARE = 0.16;
/** The same of what it leaves of an echo then, in which a caller stands out. */
const LEFT_LIKENESS = 0.5;
/** The known echo may come so much sooner or later than before: a telephone's buffer begins anew … */
const MOST_MOVED_MS = 40;
/**
 * … and does so, if it is more than half a millisecond, from here on: the likeness of what was heard to what the canceller
 * takes for its echo, and of what it leaves to what was sent, together.
 */
const MOVED_LIKENESS = 0.8;
const LEAST_MOVED_MS = 0.5;
/** What it leaves of an echo, against what it takes. */
const ECHO_OF_ESTIMATE: EchoGateOptions = {
  reachFrames: 5,
  leastLossDb: 0,
  firstLossDb: 3,
  talkingDbov: -60,
};
/** How quickly the two powers are forgotten: some 240 ms. */
const FORGET = 0.9;

/** The echo of the agent's voice in what is heard of the caller, frame by frame. */
export class AgentEcho {
  readonly #sent: AudioRingReader;
  readonly #frame: Int16Array;
  readonly #silence: Int16Array;
  readonly #canceller: EchoCanceller;
  readonly #likeness: EchoLikeness;
  /** Of what was heard and what the canceller took for the echo in it. */
  readonly #known: EchoLikeness;
  /** The frame from which on it is looked for an echo that has moved: as much must have been heard since it did so last. */
  #looksFrom = -Infinity;
  #heardPower = 0;
  #restPower = 0;
  readonly #byVoice = new EchoGate();
  readonly #byEstimate = new EchoGate(ECHO_OF_ESTIMATE);
  #hasLearnt = false;
  #sentDbov = SILENCE_DBOV;

  /** `fromFrame`: of the ring of what was sent. */
  constructor(sent: AudioRingHandle, fromFrame: number | undefined) {
    this.#sent = new AudioRingReader(sent, fromFrame);
    const { samplesPerFrame } = this.#sent;
    this.#frame = new Int16Array(samplesPerFrame);
    this.#silence = new Int16Array(samplesPerFrame);
    this.#canceller = new EchoCanceller(samplesPerFrame);
    this.#likeness = new EchoLikeness(samplesPerFrame);
    this.#known = new EchoLikeness(samplesPerFrame, MOST_MOVED_MS, MOST_MOVED_MS);
  }

  /**
   * Takes the echo out of the frame that was heard, and sets its level to that of what is left. Returns the level (dBov)
   * below which this may still be echo; −127 while there is none.
   */
  remove(info: FrameInfo, heard: Int16Array): number {
    this.#follow(info.frame - 1);
    this.#heardPower = FORGET * this.#heardPower + powerOf(info.levelDbov);
    if (this.#pass(heard, info.levelDbov)) info.levelDbov = levelDbov(heard);
    this.#restPower = FORGET * this.#restPower + powerOf(info.levelDbov);
    this.#hasLearnt ||= this.#restPower < LEARNT_SHARE * this.#heardPower;
    const byVoice = this.#byVoice.gate(info.levelDbov, this.#sentDbov);
    const byEstimate = this.#byEstimate.gate(info.levelDbov, this.#canceller.echoDbov);
    if (!this.#hasLearnt || byVoice === SILENCE_DBOV) return byVoice;
    // Of an echo that is too quiet for a gate it is asked all the same whether it is one: it may have changed.
    return Math.max(SILENCE_DBOV + 1, Math.min(byVoice, byEstimate));
  }

  /** What was just heard is the agent's own voice, which the canceller doesn't take out, or no longer. */
  isAll(): boolean {
    const hasMoved = this.#sent.info.frame < this.#looksFrom;
    const likeness = this.#likeness.likeness();
    if (this.#hasLearnt && !hasMoved && this.#isMoved(likeness)) return true;
    if (this.#restPower < LEARNT_SHARE * this.#heardPower) return likeness >= LEFT_LIKENESS;
    if (hasMoved) return likeness >= ECHO_LIKENESS;
    const isClear = this.#byVoice.lossDb >= CLEAR_LOSS_DB;
    const isEcho = likeness >= (isClear ? CLEAR_LIKENESS : ECHO_LIKENESS);
    if (isEcho) this.#hasLearnt = false;
    return isEcho;
  }

  /** The known echo comes at another time than before, which the canceller is told. */
  #isMoved(likeness: number): boolean {
    if (this.#known.likeness() + likeness < MOVED_LIKENESS) return false;
    const { delay } = this.#known;
    if (Math.abs(delay) <= (LEAST_MOVED_MS / FRAME_MS) * this.#frame.length) return false;
    this.#canceller.move(delay);
    this.#looksFrom = this.#sent.info.frame + HEARD_FRAMES; // the echoes that are compared were at the old place
    return true;
  }

  /** What was sent with a frame can't be heard in it: the one before is the newest that matters, and it is there. */
  #follow(frame: number): void {
    const { info } = this.#sent;
    this.#sentDbov = SILENCE_DBOV;
    while (info.frame < frame && this.#sent.read(this.#frame)) {
      this.#sentDbov = Math.max(this.#sentDbov, info.levelDbov);
      // Nobody has heard the frames that went with these.
      if (info.frame < frame) this.#pass(this.#silence.fill(0), SILENCE_DBOV);
    }
    if (info.frame !== frame) this.#frame.fill(0);
  }

  /** True: some of what was heard was taken away. */
  #pass(heard: Int16Array, heardDbov: number): boolean {
    // Once it has learnt, what it leaves tells whether the path is still the same.
    if (!this.#hasLearnt) this.#likeness.add(this.#frame, heard);
    this.#known.addHeard(heard);
    const isLess = this.#canceller.cancel(this.#frame, heard, heardDbov);
    this.#known.addSent(this.#canceller.echo);
    if (this.#hasLearnt) this.#likeness.add(this.#frame, heard);
    return isLess;
  }
}

function powerOf(levelDbov: number): number {
  return 10 ** (levelDbov / 10);
}
