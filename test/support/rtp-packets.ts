import { RtpPacketBuilder, writeRtpHeader } from '../../src/media/rtp-packet-builder.ts';
import {
  createRtpFields,
  parseRtp,
  RTP_HEADER_BYTES,
  type RtpMalformed,
} from '../../src/media/rtp-packet.ts';

/** A whole packet as a value, where convenience counts more than speed. */
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
  writeRtpHeader(bytes, payloadType, marker, sequence, timestamp, ssrc);
  bytes.set(packet.payload, RTP_HEADER_BYTES);
  return bytes;
}

/** Builds packets in memory of their own. */
export class RtpPacketizer extends RtpPacketBuilder {
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
}
