import { SILENCE_DBOV } from './level.ts';

/**
 * Tells the caller's voice from the echo of the agent's own by level: what comes back is weaker than
 * what was sent by at least the line's echo loss. How much the line loses is learnt from the call
 * itself: while the agent speaks and the caller doesn't, whatever is heard is echo or noise.
 */

export interface EchoGateOptions {
  /** How long what was sent may echo, frames. */
  readonly reachFrames: number;
  /** Losses below this aren't believed, dB: a caller must stay audible. */
  readonly leastLossDb: number;
  /** Before anything is known, dB. */
  readonly firstLossDb: number;
  /** What was sent may echo from here on, dBov. */
  readonly talkingDbov: number;
}

/**
 * Of what the agent says: 500 ms of network, jitter buffers and room; ITU-T G.131 asks for a loss of more than
 * 15 dB; echo at −25 … −35 dB stays under the gate from the first moment on, with room to spare.
 */
export const ECHO_OF_VOICE: EchoGateOptions = {
  reachFrames: 25,
  leastLossDb: 15,
  firstLossDb: 20,
  talkingDbov: -45,
};

const MOST_LOSS_DB = 60;
/** dB above the expected echo that is the caller for certain. */
const MARGIN_DB = 6;
/** dB a frame by which a better loss is believed: from 20 to 40 dB in 2 s of talking. */
const LEARN_DB = 0.2;

export class EchoGate {
  readonly #sent: Float64Array;
  readonly #leastLossDb: number;
  readonly #talkingDbov: number;
  #next = 0;
  #loudest = SILENCE_DBOV;
  #lossDb: number;

  constructor(options = ECHO_OF_VOICE) {
    this.#sent = new Float64Array(options.reachFrames).fill(SILENCE_DBOV);
    this.#leastLossDb = options.leastLossDb;
    this.#talkingDbov = options.talkingDbov;
    this.#lossDb = options.firstLossDb;
  }

  /** What the line is believed to lose between the agent's voice and its echo, dB. */
  get lossDb(): number {
    return this.#lossDb;
  }

  /** The level (dBov) that this frame must reach to be the caller's; −127 while the agent is silent. */
  gate(heardDbov: number, sentDbov: number): number {
    const loudest = this.#keep(sentDbov);
    if (loudest < this.#talkingDbov) return SILENCE_DBOV;
    const seenLossDb = loudest - heardDbov;
    // Louder than expected, but not by so much that it must be the caller: it is echo after all.
    if (seenLossDb < this.#lossDb) {
      if (seenLossDb > this.#lossDb - MARGIN_DB) this.#lossDb = Math.max(this.#leastLossDb, seenLossDb);
    } else {
      this.#lossDb = Math.min(MOST_LOSS_DB, this.#lossDb + Math.min(LEARN_DB, seenLossDb - this.#lossDb));
    }
    return loudest - this.#lossDb + MARGIN_DB;
  }

  /** The loudest of what may echo, which is looked for only when the one that was has gone. */
  #keep(sentDbov: number): number {
    const gone = this.#sent[this.#next] as number;
    this.#sent[this.#next] = sentDbov;
    this.#next = (this.#next + 1) % this.#sent.length;
    if (sentDbov >= this.#loudest) this.#loudest = sentDbov;
    else if (gone === this.#loudest) this.#loudest = Math.max(...this.#sent);
    return this.#loudest;
  }
}
