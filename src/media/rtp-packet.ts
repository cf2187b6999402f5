/**
 * RTP packets, RFC 3550 §5.1 and §5.3.1, as they are read; rtp-packet-builder.ts writes them.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                           timestamp                           |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |           synchronization source (SSRC) identifier            |
 *     +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 *     |            contributing source (CSRC) identifiers             |
 *     |                        CC of them, 0 … 15                     |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |      defined by profile       |           length              |  if X; length: 32-bit
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+  words that follow
 *     |                        header extension                       |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |   payload …                   |  padding …    | padding count |  if P; the count counts
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+  its own byte
 */
export const RTP_HEADER_BYTES = 12;

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

export function readUint32(data: Uint8Array, offset: number): number {
  return (
    (((data[offset] as number) << 24) |
      ((data[offset + 1] as number) << 16) |
      ((data[offset + 2] as number) << 8) |
      (data[offset + 3] as number)) >>>
    0
  );
}
