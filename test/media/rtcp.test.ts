import fc from 'fast-check';
import { isRtcp } from 'rtp.js/packets';
import { describe, expect, it } from 'vitest';
import { createRtcpFields, parseRtcp, type RtcpFields } from '../../src/media/rtcp.ts';
import { compoundRtcp } from '../support/rtcp-packets.ts';

function read(bytes: Uint8Array, about = 0): RtcpFields | undefined {
  const fields = createRtcpFields();
  return parseRtcp(bytes, bytes.length, about, fields) ? fields : undefined;
}

const HEARS = { about: 0xcafe, lost: 40, jitterTicks: 96 };

describe('an RTCP packet', () => {
  it('of an independent implementation is read: who sends it, what it holds, and what it says of our stream', () => {
    expect(read(compoundRtcp({ ssrc: 7, hears: HEARS, sends: true }), 0xcafe)).toEqual({
      ssrc: 7,
      senderReports: 1,
      receiverReports: 0,
      descriptions: 1,
      goodbyes: 0,
      reported: true,
      lost: 40,
      jitterTicks: 96,
    });
    expect(read(compoundRtcp({ ssrc: 0xffff_ffff, leaves: true }))).toMatchObject({
      ssrc: 0xffff_ffff,
      receiverReports: 1,
      goodbyes: 1,
      reported: false,
    });
  });

  it('may count more packets than were sent, as duplicates count too', () => {
    const bytes = compoundRtcp({ ssrc: 7, hears: HEARS });
    // By hand, in two's complement: the oracle writes a sign and a magnitude.
    bytes.set([0xff, 0xff, 0xfd], 13);
    expect(read(bytes, 0xcafe)?.lost).toBe(-3);
  });

  it('says nothing of our stream if it is about another one', () => {
    expect(read(compoundRtcp({ ssrc: 7, hears: HEARS }), 0xbeef)?.reported).toBe(false);
  });

  it.each([
    ['nothing', []],
    ['half a head', [0x80, 201]],
    ['a length beyond its end', [0x80, 201, 0, 2, 0, 0, 0, 7]],
    ['more blocks than fit', [0x83, 201, 0, 1, 0, 0, 0, 7]],
    ['a sender report without its counts', [0x80, 200, 0, 1, 0, 0, 0, 7]],
    ['another version', [0x40, 201, 0, 1, 0, 0, 0, 7]],
    ['padding in the middle', [0xa0, 201, 0, 1, 0, 0, 0, 7, 0x80, 203, 0, 0]],
    ['a farewell of more than there are', [0x85, 203, 0, 1, 0, 0, 0, 7]],
  ])('with %s is malformed', (_, bytes) => {
    expect(read(Uint8Array.from(bytes))).toBeUndefined();
  });

  it('is taken where it is whole, and never read beyond its end, whatever bytes come', () => {
    const whole = compoundRtcp({ ssrc: 7, hears: HEARS, sends: true, leaves: true });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, value, length) => {
        const bytes = whole.with(at, value).subarray(0, length);
        const fields = read(bytes, 0xcafe);
        // What the oracle takes for none, by its first packet, can't be one here either.
        if (fields) expect(isRtcp(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))).toBe(true);
        for (const value of Object.values(fields ?? {})) expect(value).not.toBeNaN();
      }),
    );
  });
});
