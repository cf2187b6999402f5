import type { RtpFields } from './rtp-packet.ts';

const SLOTS = 128;
const FIRST_PAYLOAD_BYTES = 160;
const FREE = -1;

/** RFC 3551 §4.2: a receiver should accept packets of up to 200 ms, 1,600 bytes at 64 kbit/s. */
export const MAX_PAYLOAD_BYTES = 1600;

/** A packet that was taken out of the window. */
export interface WindowedPacket {
  sequence: number;
  timestamp: number;
  payloadType: number;
  /** In whatever unit `put` was told. */
  arrival: number;
  /** Bytes of payload, to be read from `bytes` at `offsetOf(sequence)`. */
  length: number;
}

/**
 * Packets by sequence number, for distances below 128. Memory is allocated once, and once more each
 * time a stream shows packets longer than any before (three times at most).
 */
export class PacketWindow {
  readonly #sequences = new Int32Array(SLOTS).fill(FREE);
  readonly #timestamps = new Float64Array(SLOTS);
  readonly #payloadTypes = new Uint8Array(SLOTS);
  readonly #arrivals = new Float64Array(SLOTS);
  readonly #lengths = new Int32Array(SLOTS);
  #slotBytes = FIRST_PAYLOAD_BYTES;
  #bytes = new Uint8Array(SLOTS * FIRST_PAYLOAD_BYTES);
  #count = 0;

  /** Packets in the window. */
  get count(): number {
    return this.#count;
  }

  /** Where payloads lie, each from its `offsetOf` on. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  offsetOf(sequence: number): number {
    return (sequence % SLOTS) * this.#slotBytes;
  }

  has(sequence: number): boolean {
    return this.#sequences[sequence % SLOTS] === sequence;
  }

  arrivalOf(sequence: number): number {
    return this.#arrivals[sequence % SLOTS] as number;
  }

  /** Copies the packet in; its payload is at `fields.payloadOffset` of `data`, at most MAX_PAYLOAD_BYTES. */
  put(fields: RtpFields, data: Uint8Array, length: number, arrival: number): void {
    const slot = fields.sequence % SLOTS;
    if (length > this.#slotBytes) this.#grow(length);
    if (this.#sequences[slot] === FREE) this.#count += 1;
    this.#sequences[slot] = fields.sequence;
    this.#timestamps[slot] = fields.timestamp;
    this.#payloadTypes[slot] = fields.payloadType;
    this.#arrivals[slot] = arrival;
    this.#lengths[slot] = length;
    const bytes = this.#bytes;
    const to = slot * this.#slotBytes;
    const from = fields.payloadOffset;
    // A loop, because a subarray for `set` would be garbage for every packet.
    for (let i = 0; i < length; i++) bytes[to + i] = data[from + i] as number;
  }

  /** Takes a packet that is there (`has`) out; its payload stays readable for the next 127 numbers. */
  take(sequence: number, into: WindowedPacket): void {
    const slot = sequence % SLOTS;
    into.sequence = sequence;
    into.timestamp = this.#timestamps[slot] as number;
    into.payloadType = this.#payloadTypes[slot] as number;
    into.arrival = this.#arrivals[slot] as number;
    into.length = this.#lengths[slot] as number;
    this.#sequences[slot] = FREE;
    this.#count -= 1;
  }

  clear(): void {
    this.#sequences.fill(FREE);
    this.#count = 0;
  }

  #grow(length: number): void {
    const slotBytes = length <= 480 ? 480 : MAX_PAYLOAD_BYTES;
    const bytes = new Uint8Array(SLOTS * slotBytes);
    for (let slot = 0; slot < SLOTS; slot++) {
      const from = slot * this.#slotBytes;
      bytes.set(this.#bytes.subarray(from, from + this.#slotBytes), slot * slotBytes);
    }
    this.#bytes = bytes;
    this.#slotBytes = slotBytes;
  }
}
