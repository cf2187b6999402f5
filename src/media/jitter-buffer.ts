import { JitterEstimate } from './jitter-estimate.ts';
import { MAX_PAYLOAD_BYTES, PacketWindow, type WindowedPacket } from './packet-window.ts';
import { createRtpFields, type RtpFields } from './rtp-packet.ts';
import { sequenceDistance } from './sequence.ts';

/** RFC 3550 A.1 MAX_MISORDER: what lies further from what is expected belongs to another stream. */
const MAX_MISORDER = 100;
/** A gap isn't waited for once this many packets have come behind it: nothing is reordered that far. */
const MAX_HELD = 16;
/** A stream that has been quiet for so long is replaced by a new one at once. */
const UNDEFENDED_MS = 100;
/** A lone packet of another stream is believed after this time, if the old stream is silent too. */
const BELIEVE_MS = 40;
/** Timestamps that disagree with the clock by more have been set anew: that is no jitter. */
const TIME_BASE_MS = 500;
/** After this many packets, the longer wait that a late packet caused is forgotten: 10 s of 20 ms packets. */
const PATIENCE_PACKETS = 500;

export interface JitterBufferStats {
  packetsReceived: number;
  /** Given up: didn't come, or not in time. */
  packetsLost: number;
  /** Came when they had been given up. */
  packetsLate: number;
  packetsDuplicate: number;
  /** Came behind one with a higher number, and in time. */
  packetsReordered: number;
  /** Single packets of another SSRC or of a far-off sequence that no second one confirmed. */
  packetsStray: number;
  /** Payload longer than 200 ms: not listened to. */
  packetsOversize: number;
  /** How often a stream began: the first, a new SSRC, a jump of sequence or of timestamps. */
  streams: number;
}

export interface BufferedPacket extends WindowedPacket {
  /** Packets that were given up just before this one. */
  lost: number;
  /** The first of a stream: its sequence and timestamp have nothing to do with those before. */
  newStream: boolean;
}

export interface JitterBufferOptions {
  readonly ticksPerMs: number;
  /** Bounds of the time for which a gap is held open. */
  readonly holdMinTicks: number;
  readonly holdMaxTicks: number;
}

/**
 * A jitter buffer for a listening machine: packets in, packets in order and gaps out, without playout
 * delay and whatever they hold. What is next leaves at once; behind a gap, packets are held for as long as
 * jitter and experience suggest. Another SSRC or a far-off sequence number is another stream, as soon
 * as a second packet confirms it (RFC 3550 A.1: two in sequence), or the old stream is silent.
 * Times are in ticks of the RTP clock: whole numbers, which cost no memory when they are handed on.
 * Nothing is allocated per packet.
 */
export class JitterBuffer {
  readonly stats: JitterBufferStats;
  readonly #options: JitterBufferOptions;
  readonly #window = new PacketWindow();
  readonly #jitter: JitterEstimate;
  /** Sequence numbers that came, by their last byte: tells duplicates from late packets. */
  readonly #seen = new Int32Array(256).fill(-1);
  #begun = false;
  #newStream = false;
  #ssrc = 0;
  #next = 0;
  #highest = 0;
  #lastArrival = 0;
  #gaveUpAt = 0;
  #patienceTicks = 0;
  /** The packet of another stream that waits to be believed. */
  readonly #rival = createRtpFields();
  readonly #rivalPayload = new Uint8Array(MAX_PAYLOAD_BYTES);
  #rivalArrival = 0;
  #hasRival = false;

  constructor(options: JitterBufferOptions, stats: JitterBufferStats) {
    this.#options = options;
    this.#jitter = new JitterEstimate(TIME_BASE_MS * options.ticksPerMs);
    this.stats = stats;
  }

  get jitterTicks(): number {
    return this.#jitter.jitterTicks;
  }

  /** How long a gap is held open at present. */
  get holdTicks(): number {
    const { holdMinTicks, holdMaxTicks, ticksPerMs } = this.#options;
    const wanted = Math.max(20 * ticksPerMs + 4 * this.jitterTicks, this.#patienceTicks);
    return Math.min(holdMaxTicks, Math.max(holdMinTicks, wanted));
  }

  /** True while packets wait for a gap to be closed or a stream to be confirmed. */
  get waiting(): boolean {
    return this.#window.count > 0 || this.#hasRival;
  }

  /** Copies a packet in. `length` of 0: its number is used up, but it bears no sound. */
  insert(fields: RtpFields, data: Uint8Array, length: number, now: number): void {
    this.stats.packetsReceived += 1;
    if (!this.#begun) {
      this.#begin(fields.ssrc, fields.sequence, now);
    } else if (this.#isForeign(fields)) {
      this.#meetRival(fields, data, length, now);
      return;
    } else if (this.#hasRival) {
      this.#hasRival = false;
      this.stats.packetsStray += 1;
    }
    this.#admit(fields, data, length, now);
  }

  /** Takes the next packet out, if its time has come. */
  take(now: number, into: BufferedPacket): boolean {
    if (
      this.#hasRival &&
      now - Math.max(this.#rivalArrival, this.#lastArrival) >= BELIEVE_MS * this.#options.ticksPerMs
    ) {
      this.#believeRival(this.#rival.sequence);
    }
    if (this.#window.count === 0) return false;
    let lost = 0;
    if (!this.#window.has(this.#next)) {
      while (!this.#window.has((this.#next + lost) & 0xffff)) lost += 1;
      const first = (this.#next + lost) & 0xffff;
      const over = this.#hasRival || this.#window.count >= MAX_HELD;
      if (!over && now - this.#window.arrivalOf(first) < this.holdTicks) return false;
      this.stats.packetsLost += lost;
      this.#gaveUpAt = now;
      this.#next = first;
    }
    this.#window.take(this.#next, into);
    this.#next = (this.#next + 1) & 0xffff;
    into.lost = lost;
    into.newStream = this.#newStream;
    this.#newStream = false;
    return true;
  }

  /** Copies the payload of a packet that was taken, before the next one is. */
  copyPayload(packet: BufferedPacket, into: Uint8Array): void {
    const { bytes } = this.#window;
    const from = this.#window.offsetOf(packet.sequence);
    for (let i = 0; i < packet.length; i++) into[i] = bytes[from + i] as number;
  }

  #begin(ssrc: number, sequence: number, now: number): void {
    this.#begun = true;
    this.#newStream = true;
    this.#ssrc = ssrc;
    this.#next = sequence;
    this.#highest = (sequence - 1) & 0xffff;
    this.#window.clear();
    this.#seen.fill(-1);
    this.#jitter.rebase();
    // What was learnt of late packets in the last stream doesn't hold for this one.
    this.#gaveUpAt = now;
    this.stats.streams += 1;
  }

  #isForeign(fields: RtpFields): boolean {
    const distance = sequenceDistance(this.#next, fields.sequence);
    return fields.ssrc !== this.#ssrc || Math.abs(distance) > MAX_MISORDER;
  }

  #admit(fields: RtpFields, data: Uint8Array, length: number, now: number): void {
    const { sequence } = fields;
    const { stats } = this;
    this.#lastArrival = now;
    this.#patienceTicks -= this.#patienceTicks / PATIENCE_PACKETS;
    if (this.#seen[sequence & 255] === sequence) {
      stats.packetsDuplicate += 1;
      return;
    }
    this.#seen[sequence & 255] = sequence;
    if (length > 0) this.#jitter.update(fields.timestamp, now);
    const distance = sequenceDistance(this.#next, sequence);
    if (distance < 0) {
      stats.packetsLate += 1;
      // It would have been heard if the gap had been held for so much longer.
      const missed = this.holdTicks + now - this.#gaveUpAt;
      this.#patienceTicks = Math.min(this.#options.holdMaxTicks, missed + 5 * this.#options.ticksPerMs);
      return;
    }
    if (sequenceDistance(this.#highest, sequence) > 0) this.#highest = sequence;
    else stats.packetsReordered += 1;
    if (length > MAX_PAYLOAD_BYTES) stats.packetsOversize += 1;
    this.#window.put(fields, data, length > MAX_PAYLOAD_BYTES ? 0 : length, now);
  }

  #meetRival(fields: RtpFields, data: Uint8Array, length: number, now: number): void {
    if (now - this.#lastArrival >= UNDEFENDED_MS * this.#options.ticksPerMs) {
      if (this.#hasRival) this.stats.packetsStray += 1;
      this.#hasRival = false;
      this.#begin(fields.ssrc, fields.sequence, now);
      this.#admit(fields, data, length, now);
      return;
    }
    if (this.#hasRival) {
      const distance = sequenceDistance(this.#rival.sequence, fields.sequence);
      if (this.#rival.ssrc === fields.ssrc && Math.abs(distance) <= 3) {
        this.#believeRival(distance < 0 ? fields.sequence : this.#rival.sequence);
        this.#admit(fields, data, length, now);
        return;
      }
      this.stats.packetsStray += 1;
    }
    this.#hasRival = true;
    this.#rivalArrival = now;
    const kept = Math.min(length, MAX_PAYLOAD_BYTES);
    for (let i = 0; i < kept; i++) this.#rivalPayload[i] = data[fields.payloadOffset + i] as number;
    this.#rival.ssrc = fields.ssrc;
    this.#rival.sequence = fields.sequence;
    this.#rival.timestamp = fields.timestamp;
    this.#rival.payloadType = fields.payloadType;
    this.#rival.payloadLength = kept;
  }

  /** The stream of the rival is the stream now, and begins with `sequence`. */
  #believeRival(sequence: number): void {
    this.#hasRival = false;
    this.#begin(this.#rival.ssrc, sequence, this.#rivalArrival);
    this.#admit(this.#rival, this.#rivalPayload, this.#rival.payloadLength, this.#rivalArrival);
  }
}
