import { AudioRingReader, type AudioRingHandle, type FrameInfo } from '../../../media/audio-ring.ts';
import { EchoCanceller } from '../../../media/echo-canceller.ts';
import { EchoGate, type EchoGateOptions } from '../../../media/echo-gate.ts';
import { EchoLikeness } from '../../../media/echo-likeness.ts';
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
/** What it leaves of an echo, against what it takes. */
const ECHO_OF_ESTIMATE: EchoGateOptions = { reachFrames: 5, leastLossDb: 0, firstLossDb: 3 };
/** How quickly the two powers are forgotten: some 240 ms. */
const FORGET = 0.9;

/** The echo of the agent's voice in what is heard of the caller, frame by frame. */
export class AgentEcho {
  readonly #sent: AudioRingReader;
  readonly #frame: Int16Array;
  readonly #silence: Int16Array;
  readonly #canceller: EchoCanceller;
  readonly #likeness: EchoLikeness;
  #heardPower = 0;
  #restPower = 0;
  readonly #byVoice = new EchoGate();
  readonly #byEstimate = new EchoGate(ECHO_OF_ESTIMATE);
  #hasLearnt = false;
  #sentDbov = SILENCE_DBOV;

  /** `fromFrame`: of the ring of what was sent. */
  constructor(sent: AudioRingHandle, fromFrame: number | undefined) {
    this.#sent = new AudioRingReader(sent, fromFrame);
    this.#frame = new Int16Array(this.#sent.samplesPerFrame);
    this.#silence = new Int16Array(this.#sent.samplesPerFrame);
    this.#canceller = new EchoCanceller(this.#sent.samplesPerFrame);
    this.#likeness = new EchoLikeness(this.#sent.samplesPerFrame);
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
    return this.#hasLearnt ? Math.min(byVoice, byEstimate) : byVoice;
  }

  /** What was just heard is the agent's own voice, which the canceller doesn't take out, or no longer. */
  isAll(): boolean {
    if (this.#restPower < LEARNT_SHARE * this.#heardPower) return false;
    const isClear = this.#byVoice.lossDb >= CLEAR_LOSS_DB;
    const isEcho = this.#likeness.likeness() >= (isClear ? CLEAR_LIKENESS : ECHO_LIKENESS);
    if (isEcho) this.#hasLearnt = false;
    return isEcho;
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
    const isLess = this.#canceller.cancel(this.#frame, heard, heardDbov);
    if (this.#hasLearnt) this.#likeness.add(this.#frame, heard);
    return isLess;
  }
}

function powerOf(levelDbov: number): number {
  return 10 ** (levelDbov / 10);
}
