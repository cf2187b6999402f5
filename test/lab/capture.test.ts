import { describe, expect, it } from 'vitest';
import { readRtp, rebuildSound, rtpStreams } from '../../lab/capture.ts';
import type { RtpStream } from '../../lab/capture.ts';
import { RtpPacketizer } from '../support/rtp-packets.ts';
import { encodeG711 } from '../../src/media/g711.ts';
import { rtpSeen } from './rtp-seen.ts';

const ends = {
  source: { address: '127.0.0.1', port: 1 },
  destination: { address: '127.0.0.1', port: 2 },
};

describe('Captured RTP', () => {
  it('is put in order by sequence number, over the wrap, with lost and repeated packets counted', () => {
    const order = [0, 1, 3, 2, 2, 5, 8, 7];
    const [stream, ...others] = rtpStreams(order.map((index) => rtpSeen(index)));
    expect(others).toEqual([]);
    expect(stream?.packets.map((packet) => packet.at)).toEqual(
      [0, 1, 2, 3, 5, 7, 8].map((index) => rtpSeen(index).at),
    );
    expect(stream).toMatchObject({ lost: 2, duplicates: 1 });
  });

  it('is one stream for each direction and each SSRC', () => {
    const back = { source: rtpSeen(0).destination, destination: rtpSeen(0).source };
    expect(rtpStreams([rtpSeen(0), rtpSeen(0, back), rtpSeen(1, { ssrc: 8 }), rtpSeen(1)])).toHaveLength(3);
  });

  it('gives back the sound that was sent, with silence for what is missing', () => {
    const samples = Int16Array.from({ length: 1600 }, (_, i) => 9000 * Math.sin(i / 5));
    const packets = new RtpPacketizer('alaw').packetize(encodeG711('alaw', samples));
    const seen = packets.flatMap((payload, i) => {
      const packet = readRtp({ at: i * 20, ...ends, payload });
      return packet && i !== 4 ? [packet] : [];
    });
    const sound = rebuildSound(rtpStreams(seen.reverse())[0] as RtpStream);
    expect(sound).toMatchObject({ codec: { name: 'alaw' }, missing: 160 });
    const expected = encodeG711('alaw', samples);
    expected.fill(0xd5, 640, 800);
    expect(sound?.bytes).toEqual(expected);
  });

  it('leaves out what is no RTP', () => {
    expect(readRtp({ at: 0, ...ends, payload: new Uint8Array([1, 2, 3]) })).toBeUndefined();
  });
});
