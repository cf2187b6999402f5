import type { Milliseconds } from '../lib/clock.ts';
import { timestampDistance } from './sequence.ts';

/** A change of transit time beyond this isn't jitter: the sender has set its timestamps anew. */
const TIME_BASE_MS = 500;

/** Interarrival jitter, RFC 3550 §6.4.1 and A.8: the smoothed change of transit time between packets. */
export class JitterEstimate {
  readonly #ticksPerMs: number;
  #ticks = 0;
  #timestamp = 0;
  #arrival = Number.NaN;

  constructor(clockRateHz: number) {
    this.#ticksPerMs = clockRateHz / 1000;
  }

  get jitterMs(): Milliseconds {
    return this.#ticks / this.#ticksPerMs;
  }

  update(timestamp: number, arrival: Milliseconds): void {
    const elapsed = (arrival - this.#arrival) * this.#ticksPerMs;
    const change = Math.abs(elapsed - timestampDistance(this.#timestamp, timestamp));
    // False for the first packet too (NaN).
    if (change < TIME_BASE_MS * this.#ticksPerMs) this.#ticks += (change - this.#ticks) / 16;
    this.#timestamp = timestamp;
    this.#arrival = arrival;
  }

  /** The next packet begins a new stream: it says nothing about jitter. */
  rebase(): void {
    this.#arrival = Number.NaN;
  }
}
