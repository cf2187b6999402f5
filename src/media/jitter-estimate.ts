import { timestampDistance } from './sequence.ts';

/**
 * Interarrival jitter, RFC 3550 §6.4.1 and A.8: the smoothed change of transit time between packets.
 * All times are in units of the RTP clock.
 */
export class JitterEstimate {
  /** A change beyond this isn't jitter: the sender has set its timestamps anew. */
  readonly #newBaseTicks: number;
  #jitter = 0;
  #timestamp = 0;
  #arrival = 0;
  #begun = false;

  constructor(newBaseTicks: number) {
    this.#newBaseTicks = newBaseTicks;
  }

  get jitterTicks(): number {
    return this.#jitter;
  }

  update(timestamp: number, arrival: number): void {
    const passed = timestampDistance(this.#timestamp, timestamp);
    const change = Math.abs(arrival - this.#arrival - passed);
    if (this.#begun && change < this.#newBaseTicks) this.#jitter += (change - this.#jitter) / 16;
    this.#timestamp = timestamp;
    this.#arrival = arrival;
    this.#begun = true;
  }

  /** The next packet begins a new stream: it says nothing about jitter. */
  rebase(): void {
    this.#begun = false;
  }
}
