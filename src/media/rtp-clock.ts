import type { RtpFields } from './rtp-packet.ts';
import { sequenceDistance, timestampDistance } from './sequence.ts';

/** Further behind is no packet that was overtaken (RFC 3550 A.1 MAX_MISORDER). */
const MAX_MISORDER = 100;
/** A packet that takes up more than this of its own length on the way isn't counted too fast: a pause was. */
const PROMPT = 1.5;

/**
 * Puts timestamps on the codec's clock. G.722's counts 8,000 a second for audio of 16,000 Hz (RFC 3551 §4.5.2),
 * but some senders count samples, 16,000: between neighbouring packets their timestamps grow by twice the
 * packet's length, although no time for a pause has gone by. Growth by the length itself proves the opposite.
 */
export class RtpClock {
  /** How many times as fast as it should a peer's clock may count. */
  readonly #samplesPerTick: number;
  #divisor = 1;
  #ssrc = -1;
  #rivalSsrc = -1;
  /** Of the packet with the highest number: as it was sent, and on the codec's clock. */
  #sequence = 0;
  #sent = 0;
  #meant = 0;
  #ticks = 0;
  #arrival = 0;

  constructor(samplesPerTick: number) {
    this.#samplesPerTick = samplesPerTick;
  }

  /** True: the peer's clock counts samples. */
  get countsSamples(): boolean {
    return this.#divisor > 1;
  }

  /** Changes `fields.timestamp` of a packet of `ticks` that came `now` (in ticks), if that has to be. */
  correct(fields: RtpFields, ticks: number, now: number): void {
    if (this.#samplesPerTick === 1) return;
    if (fields.ssrc !== this.#ssrc && !this.#follow(fields)) return;
    const { sequence, timestamp } = fields;
    const growth = timestampDistance(this.#sent, timestamp);
    const distance = sequenceDistance(this.#sequence, sequence);
    if (distance === 1 && this.#ticks > 0) this.#judge(growth, now);
    const meant = (this.#meant + Math.round(growth / this.#divisor)) >>> 0;
    fields.timestamp = meant;
    if (distance < 0 && distance > -MAX_MISORDER) return; // overtaken
    this.#sequence = sequence;
    this.#sent = timestamp;
    this.#meant = meant;
    this.#ticks = ticks;
    this.#arrival = now;
  }

  #judge(growth: number, now: number): void {
    if (growth === this.#ticks) this.#divisor = 1;
    else if (growth === this.#ticks * this.#samplesPerTick && now - this.#arrival < PROMPT * this.#ticks) {
      this.#divisor = this.#samplesPerTick;
    }
  }

  /** Goes over to another stream with its second packet: the first one may be an unknown peer's. */
  #follow(fields: RtpFields): boolean {
    if (this.#ssrc >= 0 && fields.ssrc !== this.#rivalSsrc) {
      this.#rivalSsrc = fields.ssrc;
      return false;
    }
    this.#ssrc = fields.ssrc;
    this.#rivalSsrc = -1;
    this.#sequence = fields.sequence;
    this.#sent = fields.timestamp;
    this.#meant = fields.timestamp;
    this.#ticks = 0;
    return true;
  }
}
