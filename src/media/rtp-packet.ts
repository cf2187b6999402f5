import { codecOf, type Codec } from './codec.ts';

/**
 * RTP packets, RFC 3550 §5.1, as functions over bytes.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *     |                           timestamp                           |
 *     |           synchronization source (SSRC) identifier            |
 *     |            contributing source (CSRC) identifiers (0 … 15)    |
 *     |      X: defined by profile    |  length in 32-bit words       |
 *     |      X: header extension      | payload … P: padding, its count last
 */
const RTP_HEADER_BYTES = 12;

/** What stands in a packet's header, and where its payload lies. Made once, filled by `parseRtp`. */
export interface RtpFields {
  payloadType: number;
  marker: boolean;
  /** 0 … 65,535. */
  sequence: number;
  /** 0 … 2³² − 1, in units of the codec's clock rate. */
  timestamp: number;
  /** 0 … 2³² − 1. */
  ssrc: number;
  csrcCount: number;
  /** Where the header extension's data begins (after its 4-byte head); its length is 0 without one. */
  extensionOffset: number;
  extensionLength: number;
  payloadOffset: number;
  payloadLength: number;
}

/** Why bytes aren't an RTP packet. `rtcp` is well-formed, but no media (RFC 5761 §4). */
export type RtpMalformed =
  'too-short' | 'bad-version' | 'rtcp' | 'truncated-csrc' | 'truncated-extension' | 'bad-padding';

export function createRtpFields(): RtpFields {
  return {
    payloadType: 0,
    marker: false,
    sequence: 0,
    timestamp: 0,
    ssrc: 0,
    csrcCount: 0,
    extensionOffset: 0,
    extensionLength: 0,
    payloadOffset: 0,
    payloadLength: 0,
  };
}

/**
 * Reads the header of the packet in the first `length` bytes of `data` into `into`. Returns why it
 * isn't one, in which case `into` is worthless. Allocates nothing, throws nothing.
 */
export function parseRtp(data: Uint8Array, length: number, into: RtpFields): RtpMalformed | undefined {
  const size = Math.min(length, data.length);
  if (size < 2) return 'too-short';
  const first = data[0] as number;
  const second = data[1] as number;
  // STUN (0–3) and DTLS (20–63) on the same port (RFC 7983) fail here too.
  if (first >> 6 !== 2) return 'bad-version';
  // RTCP's packet types 192–223 take the place of marker and payload types 64–95.
  if (second >= 192 && second <= 223) return 'rtcp';
  if (size < RTP_HEADER_BYTES) return 'too-short';

  const csrcCount = first & 15;
  let offset = RTP_HEADER_BYTES + 4 * csrcCount;
  if (offset > size) return 'truncated-csrc';
  into.extensionOffset = offset;
  into.extensionLength = 0;
  if (first & 0x10) {
    if (offset + 4 > size) return 'truncated-extension';
    into.extensionOffset = offset + 4;
    into.extensionLength = 4 * (((data[offset + 2] as number) << 8) | (data[offset + 3] as number));
    offset = into.extensionOffset + into.extensionLength;
    if (offset > size) return 'truncated-extension';
  }
  let end = size;
  if (first & 0x20) {
    const padding = data[size - 1] as number;
    if (padding === 0 || offset + padding > size) return 'bad-padding';
    end -= padding;
  }
  into.csrcCount = csrcCount;
  into.marker = second > 127;
  into.payloadType = second & 127;
  into.sequence = ((data[2] as number) << 8) | (data[3] as number);
  into.timestamp = readUint32(data, 4);
  into.ssrc = readUint32(data, 8);
  into.payloadOffset = offset;
  into.payloadLength = end - offset;
  return undefined;
}

/** A whole packet as a value, where convenience counts more than speed (tools, tests, captures). */
export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

/** The packet in `bytes`, or why there is none. The payload is a view of `bytes`. */
export function decodeRtp(bytes: Uint8Array): RtpPacket | RtpMalformed {
  const fields = createRtpFields();
  const malformed = parseRtp(bytes, bytes.length, fields);
  if (malformed) return malformed;
  const { payloadType, marker, sequence, timestamp, ssrc, payloadOffset, payloadLength } = fields;
  const payload = bytes.subarray(payloadOffset, payloadOffset + payloadLength);
  return { payloadType, marker, sequence, timestamp, ssrc, payload };
}

export function encodeRtp(packet: RtpPacket): Uint8Array {
  const bytes = new Uint8Array(RTP_HEADER_BYTES + packet.payload.length);
  const { payloadType, marker, sequence, timestamp, ssrc } = packet;
  writeHeader(bytes, payloadType, marker, sequence, timestamp, ssrc);
  bytes.set(packet.payload, RTP_HEADER_BYTES);
  return bytes;
}

export interface RtpPacketBuilderOptions {
  /** Fixed values for tests; random when left out, as RFC 3550 §5.1 asks. */
  readonly ssrc?: number;
  readonly sequence?: number;
  readonly timestamp?: number;
  /** Gives uniform integers 0 … 2³² − 1. Default: the system's cryptographic generator. */
  readonly random?: () => number;
}

/**
 * Writes one stream's packets: every packet holds exactly 20 ms, sequence and timestamp wrap, the
 * marker stands on the first packet of each talk spurt (RFC 3551 §4.1).
 */
export class RtpPacketBuilder {
  readonly codec: Codec;
  readonly #options: RtpPacketBuilderOptions;
  #ssrc = 0;
  #sequence = 0;
  #timestamp = 0;
  #spurt = true;

  /** `codec`: a codec or its name. Throws CODEC_UNKNOWN. */
  constructor(codec: Codec | string, options: RtpPacketBuilderOptions = {}) {
    this.codec = typeof codec === 'string' ? codecOf(codec) : codec;
    this.#options = options;
    this.reset();
  }

  get ssrc(): number {
    return this.#ssrc;
  }

  /** Sequence number of the next packet. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Timestamp of the next packet. */
  get timestamp(): number {
    return this.#timestamp;
  }

  /** Bytes of every packet. */
  get packetBytes(): number {
    return RTP_HEADER_BYTES + this.codec.frameBytes;
  }

  /**
   * Writes the next packet into `into` and returns its length, always `packetBytes`: a payload
   * shorter than 20 ms is padded with the codec's silence. Allocates nothing. `marker` left out: set
   * on the first packet and on the first one after `skip`.
   */
  write(payload: Uint8Array, into: Uint8Array, marker = this.#spurt): number {
    const { frameBytes, frameSamples, silence, payloadType } = this.codec;
    if (payload.length > frameBytes) {
      throw new RangeError(`a payload of ${payload.length} bytes; a packet holds ${frameBytes}`);
    }
    writeHeader(into, payloadType, marker, this.#sequence, this.#timestamp, this.#ssrc);
    if (payload.length < frameBytes) into.set(silence, RTP_HEADER_BYTES);
    into.set(payload, RTP_HEADER_BYTES);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#advance(frameSamples);
    this.#spurt = false;
    return RTP_HEADER_BYTES + frameBytes;
  }

  /** One packet in memory of its own. */
  build(payload: Uint8Array, marker?: boolean): Uint8Array {
    const packet = new Uint8Array(this.packetBytes);
    this.write(payload, packet, marker);
    return packet;
  }

  /** A stretch of encoded audio as packets; the last one is padded. */
  packetize(encoded: Uint8Array): Uint8Array[] {
    const packets: Uint8Array[] = [];
    for (let offset = 0; offset < encoded.length; offset += this.codec.frameBytes) {
      packets.push(this.build(encoded.subarray(offset, offset + this.codec.frameBytes)));
    }
    return packets;
  }

  /** Nothing is sent for so many samples: the timestamp goes on, and a new talk spurt follows. */
  skip(samples: number): void {
    this.#advance(samples);
    this.#spurt = true;
  }

  /** Begins a new stream: new SSRC, sequence and timestamp (those of the options, where given). */
  reset(): void {
    const { ssrc, sequence, timestamp, random = cryptoRandom } = this.#options;
    this.#ssrc = (ssrc ?? random()) >>> 0;
    this.#sequence = (sequence ?? random()) & 0xffff;
    this.#timestamp = (timestamp ?? random()) >>> 0;
    this.#spurt = true;
  }

  #advance(samples: number): void {
    const ticks = (samples * this.codec.clockRateHz) / this.codec.audioRateHz;
    this.#timestamp = (this.#timestamp + ticks) >>> 0;
  }
}

function cryptoRandom(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number;
}

function writeHeader(
  into: Uint8Array,
  payloadType: number,
  marker: boolean,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  into[0] = 0x80;
  into[1] = (marker ? 0x80 : 0) | (payloadType & 127);
  into[2] = sequence >>> 8;
  into[3] = sequence;
  writeUint32(into, 4, timestamp);
  writeUint32(into, 8, ssrc);
}

function readUint32(data: Uint8Array, offset: number): number {
  return (
    (((data[offset] as number) << 24) |
      ((data[offset + 1] as number) << 16) |
      ((data[offset + 2] as number) << 8) |
      (data[offset + 3] as number)) >>>
    0
  );
}

function writeUint32(into: Uint8Array, offset: number, value: number): void {
  into[offset] = value >>> 24;
  into[offset + 1] = value >>> 16;
  into[offset + 2] = value >>> 8;
  into[offset + 3] = value;
}
