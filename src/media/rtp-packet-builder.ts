import { codecOf, type Codec } from './codec.ts';
import { RTP_HEADER_BYTES } from './rtp-packet.ts';

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
    writeRtpHeader(into, payloadType, marker, this.#sequence, this.#timestamp, this.#ssrc);
    if (payload.length < frameBytes) into.set(silence, RTP_HEADER_BYTES);
    into.set(payload, RTP_HEADER_BYTES);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#advance(frameSamples);
    this.#spurt = false;
    return RTP_HEADER_BYTES + frameBytes;
  }

  /** Nothing is sent for so many samples: the timestamp goes on, and a new talk spurt follows. */
  skip(samples: number): void {
    this.#advance(samples);
    this.#spurt = true;
  }

  /** The next packet is of this timestamp: where it doesn't follow on the one before, a new talk spurt begins. */
  moveTo(timestamp: number): void {
    if (timestamp >>> 0 === this.#timestamp) return;
    this.#timestamp = timestamp >>> 0;
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

/** Writes a header without CSRCs, extension or padding: 12 bytes. */
export function writeRtpHeader(
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

function writeUint32(into: Uint8Array, offset: number, value: number): void {
  into[offset] = value >>> 24;
  into[offset + 1] = value >>> 16;
  into[offset + 2] = value >>> 8;
  into[offset + 3] = value;
}
