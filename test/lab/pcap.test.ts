import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PcapReader } from '../../lab/pcap.ts';
import { FILE_HEADER, pcapFrame } from './pcap-bytes.ts';

describe('The reader of captures', () => {
  const payload = Uint8Array.from([1, 2, 3, 4, 5]);
  const frame = pcapFrame({ at: 1_700_000_000_123.456, sourcePort: 4000, destinationPort: 5000, payload });

  it('gives each UDP datagram with its ends and its time', () => {
    const [seen, ...others] = new PcapReader().push(Buffer.concat([FILE_HEADER, frame]));
    expect(others).toEqual([]);
    expect(seen?.source).toEqual({ address: '127.0.0.1', port: 4000 });
    expect(seen?.destination).toEqual({ address: '127.0.0.2', port: 5000 });
    expect(seen?.at).toBeCloseTo(1_700_000_000_123.456, 2);
    expect(seen?.payload).toEqual(payload);
  });

  it('gives the same however the bytes are cut', () => {
    const bytes = Buffer.concat([FILE_HEADER, frame, frame, frame]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (cuts) => {
        const reader = new PcapReader();
        let count = 0;
        for (let at = 0, i = 0; at < bytes.length; i += 1) {
          const length = cuts[i % cuts.length] as number;
          count += reader.push(bytes.subarray(at, at + length)).length;
          at += length;
        }
        expect(count).toBe(3);
      }),
    );
  });

  it('counts what is no UDP datagram, and passes it over', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (garbage) => {
        const head = Buffer.alloc(16);
        head.writeUInt32LE(garbage.length, 8);
        const reader = new PcapReader();
        const seen = reader.push(Buffer.concat([FILE_HEADER, head, garbage, frame]));
        expect(seen.length + reader.other).toBe(2);
        expect(seen.at(-1)?.payload).toEqual(payload);
      }),
    );
  });

  it('refuses what is no capture', () => {
    expect(() => new PcapReader().push(new Uint8Array(24))).toThrow('Not a capture');
  });
});
