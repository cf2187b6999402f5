import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecOf } from '../../src/media/codec.ts';
import { Framer } from '../../src/media/framer.ts';

describe('a framer', () => {
  it('cuts pieces of any size into frames of 20 ms, and loses nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(700), { maxLength: 12 }), (sizes) => {
        const framer = new Framer(codecOf('ulaw').silence);
        const sent: number[] = [];
        const frames: Uint8Array[] = [];
        for (const size of sizes) {
          const piece = Uint8Array.from({ length: size }, (_, i) => (sent.length + i) % 251);
          sent.push(...piece);
          frames.push(...framer.push(piece));
          piece.fill(0);
          expect(framer.held).toBe(sent.length % 160);
        }
        const last = framer.flush();
        if (last) frames.push(last);
        expect(frames.every((frame) => frame.length === 160)).toBe(true);
        const received = frames.flatMap((frame) => [...frame]);
        expect(received.slice(0, sent.length)).toEqual(sent);
        expect(received.slice(sent.length).every((byte) => byte === 0xff)).toBe(true);
        expect(received.length).toBe(Math.ceil(sent.length / 160) * 160);
      }),
    );
  });

  it.each([
    ['ulaw', 0xff],
    ['alaw', 0xd5],
  ])('pads the last frame of %s with its silence', (law, silence) => {
    const framer = new Framer(codecOf(law).silence);
    expect(framer.push(Uint8Array.of(1, 2))).toEqual([]);
    expect([...framer.flush()!]).toEqual([1, 2, ...Array<number>(158).fill(silence)]);
    expect(framer.flush()).toBeUndefined();
  });

  it('frames linear samples too', () => {
    const framer = new Framer(new Int16Array(320));
    const frames = framer.push(new Int16Array(700).fill(-7));
    expect(frames.map((frame) => frame.length)).toEqual([320, 320]);
    expect(framer.flush()).toEqual(Int16Array.from({ length: 320 }, (_, i) => (i < 60 ? -7 : 0)));
  });
});
