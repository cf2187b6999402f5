/**
 * Tells the caller's voice from the echo of the agent's own by level: what comes back is weaker than
 * what was sent by at least the line's echo loss. How much the line loses is learnt from the call
 * itself: while the agent speaks and the caller doesn't, whatever is heard is echo or noise.
 */

/** Echo losses below this aren't believed (ITU-T G.131 asks for more): a caller must stay audible. */
const LEAST_LOSS_DB = 15;
/** Before anything is known. Echo at −25 … −35 dB then stays under the gate with room to spare. */
const FIRST_LOSS_DB = 20;
const MOST_LOSS_DB = 60;
/** dB above the expected echo that is the caller for certain. */
const MARGIN_DB = 6;
/** How long what was sent may echo: 500 ms of network, jitter buffers and room. */
const REACH_FRAMES = 25;
/** The agent counts as talking from here on, dBov. */
const TALKING_DBOV = -45;
/** dB a frame by which a better loss is believed: from 20 to 40 dB in 2 s of talking. */
const LEARN_DB = 0.2;

export class EchoGate {
  readonly #sent = new Float32Array(REACH_FRAMES).fill(-127);
  #next = 0;
  #lossDb = FIRST_LOSS_DB;

  /** What the line is believed to lose between the agent's voice and its echo, dB. */
  get lossDb(): number {
    return this.#lossDb;
  }

  /** The level (dBov) that this frame must reach to be the caller's; −127 while the agent is silent. */
  gate(heardDbov: number, sentDbov: number): number {
    this.#sent[this.#next] = sentDbov;
    this.#next = (this.#next + 1) % REACH_FRAMES;
    let loudest = -127;
    for (const level of this.#sent) if (level > loudest) loudest = level;
    if (loudest < TALKING_DBOV) return -127;
    const seenLossDb = loudest - heardDbov;
    // Louder than expected, but not by so much that it must be the caller: it is echo after all.
    if (seenLossDb < this.#lossDb) {
      if (seenLossDb > this.#lossDb - MARGIN_DB) this.#lossDb = Math.max(LEAST_LOSS_DB, seenLossDb);
    } else {
      this.#lossDb = Math.min(MOST_LOSS_DB, this.#lossDb + Math.min(LEARN_DB, seenLossDb - this.#lossDb));
    }
    return loudest - this.#lossDb + MARGIN_DB;
  }
}
