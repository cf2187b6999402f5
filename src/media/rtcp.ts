/**
 * RTCP as it comes from a peer: compound packets of SR, RR, SDES, BYE and others, RFC 3550 §6.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |V=2|P|  count  |      PT       |  length: 32-bit words − 1     |  PT: 200 SR, 201 RR, 202 SDES,
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+      203 BYE, 204 APP, …
 *     |        SSRC of the sender (of a BYE: the first that leaves)   |
 *     +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 *     |  an SR: 20 bytes of times and counts                          |
 *     +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 *     |  SR and RR: `count` report blocks of 24 bytes:                |
 *     |     SSRC that it is about                                     |
 *     | fraction lost |       cumulative number of packets lost       |
 *     |     extended highest sequence number received                 |
 *     |     interarrival jitter                                       |
 *     |     last SR, delay since last SR                              |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
import { readUint32 } from './rtp-packet.ts';

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const DESCRIPTION = 202;
const GOODBYE = 203;
const HEAD_BYTES = 4;
const SSRC_BYTES = 4;
const SENDER_INFO_BYTES = 20;
const BLOCK_BYTES = 24;

/** What a compound packet says. Made once, filled by `parseRtcp`. */
export interface RtcpFields {
  /** Of who sends it; −1: it doesn't say. */
  ssrc: number;
  senderReports: number;
  receiverReports: number;
  descriptions: number;
  goodbyes: number;
  /** The last report block about the stream that was asked for; otherwise false, and the rest is worthless. */
  reported: boolean;
  /** Packets of ours that the peer misses since the start of the stream, −2²³ … 2²³ − 1: duplicates count against it. */
  lost: number;
  /** Interarrival jitter at the peer, in units of the RTP clock. */
  jitterTicks: number;
}

export function createRtcpFields(): RtcpFields {
  return {
    ssrc: -1,
    senderReports: 0,
    receiverReports: 0,
    descriptions: 0,
    goodbyes: 0,
    reported: false,
    lost: 0,
    jitterTicks: 0,
  };
}

/**
 * Reads the compound packet in the first `length` bytes of `data` into `into`, with what it reports of the stream
 * `about`. False: it is malformed (A.2: the lengths must add up), and `into` is worthless. Allocates nothing, throws nothing.
 */
export function parseRtcp(data: Uint8Array, length: number, about: number, into: RtcpFields): boolean {
  const size = Math.min(length, data.length);
  into.ssrc = -1;
  into.senderReports = into.receiverReports = into.descriptions = into.goodbyes = 0;
  into.reported = false;
  let at = 0;
  while (at < size) {
    if (at + HEAD_BYTES > size) return false;
    const first = data[at] as number;
    const end = at + HEAD_BYTES + 4 * (((data[at + 2] as number) << 8) | (data[at + 3] as number));
    if (first >> 6 !== 2 || end > size) return false;
    // Padding belongs to the last one.
    if (first & 0x20 && end < size) return false;
    if (!readPacket(data, at, end, about, into)) return false;
    at = end;
  }
  return size > 0;
}

function readPacket(data: Uint8Array, at: number, end: number, about: number, into: RtcpFields): boolean {
  const count = (data[at] as number) & 31;
  const type = data[at + 1] as number;
  const hasSsrc = at + HEAD_BYTES + SSRC_BYTES <= end;
  if (hasSsrc && into.ssrc < 0) into.ssrc = readUint32(data, at + HEAD_BYTES);
  switch (type) {
    case SENDER_REPORT:
      into.senderReports += 1;
      return readBlocks(data, at + HEAD_BYTES + SSRC_BYTES + SENDER_INFO_BYTES, end, count, about, into);
    case RECEIVER_REPORT:
      into.receiverReports += 1;
      return readBlocks(data, at + HEAD_BYTES + SSRC_BYTES, end, count, about, into);
    case DESCRIPTION:
      into.descriptions += 1;
      return count === 0 || hasSsrc;
    case GOODBYE:
      into.goodbyes += 1;
      return at + HEAD_BYTES + count * SSRC_BYTES <= end;
    default: // APP, feedback, extended reports: nothing here depends on them
      return type >= 192 && type <= 223;
  }
}

function readBlocks(
  data: Uint8Array,
  from: number,
  end: number,
  count: number,
  about: number,
  into: RtcpFields,
): boolean {
  if (from + count * BLOCK_BYTES > end) return false;
  for (let block = from; block < from + count * BLOCK_BYTES; block += BLOCK_BYTES) {
    if (readUint32(data, block) !== about) continue;
    into.reported = true;
    into.lost = (readUint32(data, block + 4) << 8) >> 8;
    into.jitterTicks = readUint32(data, block + 12);
  }
  return true;
}
