import { describe, expect, it } from 'vitest';
import { type BufferedPacket, JitterBuffer, type JitterBufferStats } from '../../src/media/jitter-buffer.ts';
import { createRtpFields } from '../../src/media/rtp-packet.ts';

/** Whatever the packets hold: 48 ticks a millisecond, payloads of 3 bytes. */
function bufferOf() {
  const stats: JitterBufferStats = {
    packetsReceived: 0,
    packetsLost: 0,
    packetsLate: 0,
    packetsDuplicate: 0,
    packetsReordered: 0,
    packetsStray: 0,
    packetsOversize: 0,
    streams: 0,
  };
  const buffer = new JitterBuffer({ ticksPerMs: 48, holdMinTicks: 30 * 48, holdMaxTicks: 100 * 48 }, stats);
  const fields = createRtpFields();
  const packet: BufferedPacket = {
    ...{ sequence: 0, timestamp: 0, payloadType: 0, arrival: 0, length: 0, lost: 0, newStream: false },
  };
  const payload = new Uint8Array(3);
  return {
    stats,
    insert: (sequence: number, atMs: number, payloadType = 96, ssrc = 1): void => {
      Object.assign(fields, { sequence, timestamp: sequence * 960, payloadType, ssrc, payloadOffset: 1 });
      buffer.insert(fields, Uint8Array.of(99, sequence, sequence + 1, sequence + 2), 3, atMs * 48);
    },
    /** What comes out at that time: `-n` for a gap of n packets, then the packet's type and payload. */
    take: (atMs: number): string[] => {
      const out: string[] = [];
      while (buffer.take(atMs * 48, packet)) {
        if (packet.lost > 0) out.push(`-${packet.lost}`);
        buffer.copyPayload(packet, payload);
        out.push(`${packet.payloadType}:${payload.join(',')}`);
      }
      return out;
    },
  };
}

describe('a jitter buffer', () => {
  it('gives packets in order, with what they hold and of what type', () => {
    const { insert, take } = bufferOf();
    insert(1, 0);
    expect(take(0)).toEqual(['96:1,2,3']);
    insert(3, 20);
    expect(take(20)).toEqual([]);
    insert(2, 25, 111);
    expect(take(25)).toEqual(['111:2,3,4', '96:3,4,5']);
  });

  it('tells how many packets a gap has, when it is given up', () => {
    const { insert, take, stats } = bufferOf();
    insert(1, 0);
    insert(4, 60);
    expect(take(60)).toEqual(['96:1,2,3']);
    expect(take(100)).toEqual(['-2', '96:4,5,6']);
    expect(stats.packetsLost).toBe(2);
  });

  it('keeps the type and the payload of a packet whose stream had to be confirmed', () => {
    const { insert, take } = bufferOf();
    insert(1, 0);
    take(0);
    insert(200, 20, 112, 2);
    expect(take(20)).toEqual([]);
    insert(201, 40, 113, 2);
    expect(take(40)).toEqual(['112:200,201,202', '113:201,202,203']);
  });
});
