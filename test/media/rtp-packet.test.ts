import fc from 'fast-check';
import { isRtcp, isRtp, RtpPacket as OraclePacket } from 'rtp.js/packets';
import { describe, expect, it } from 'vitest';
import { createRtpFields, parseRtp } from '../../src/media/rtp-packet.ts';
import { decodeRtp, encodeRtp, type RtpPacket } from '../support/rtp-packets.ts';

const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
// 64–95 with the marker would be RTCP on a shared port.
const payloadType = fc.oneof(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 96, max: 127 }));
const packet: fc.Arbitrary<RtpPacket> = fc.record({
  payloadType,
  marker: fc.boolean(),
  sequence: uint16,
  timestamp: uint32,
  ssrc: uint32,
  payload: fc.uint8Array({ maxLength: 200 }),
});

function reasonOf(bytes: number[] | Uint8Array): string | undefined {
  return parseRtp(Uint8Array.from(bytes), bytes.length, createRtpFields());
}

/** A header with the given first byte and a payload of 4 bytes. */
function header(first: number, ...rest: number[]): number[] {
  return [first, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, ...rest];
}

describe('an RTP packet', () => {
  it('becomes the bytes of RFC 3550', () => {
    const bytes = encodeRtp({
      payloadType: 8,
      marker: true,
      sequence: 0x1234,
      timestamp: 0x89abcdef,
      ssrc: 0xfedcba98,
      payload: Uint8Array.of(1, 2, 3),
    });
    expect([...bytes]).toEqual([
      0x80, 0x88, 0x12, 0x34, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 1, 2, 3,
    ]);
  });

  it('is read from bytes', () => {
    const bytes = Uint8Array.of(0x80, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0xd5);
    expect(decodeRtp(bytes)).toEqual({
      payloadType: 0,
      marker: false,
      sequence: 65_535,
      timestamp: 4_294_967_295,
      ssrc: 1,
      payload: Uint8Array.of(0xd5),
    });
  });

  it('survives the round trip', () => {
    fc.assert(
      fc.property(packet, (value) => {
        expect(decodeRtp(encodeRtp(value))).toEqual(value);
      }),
    );
  });

  it('is read by an independent implementation as it was meant', () => {
    fc.assert(
      fc.property(packet, (value) => {
        const bytes = encodeRtp(value);
        const view = new DataView(bytes.buffer);
        expect(isRtp(view)).toBe(true);
        const oracle = new OraclePacket(view);
        expect(oracle.getPayloadType()).toBe(value.payloadType);
        expect(oracle.getMarker()).toBe(value.marker);
        expect(oracle.getSequenceNumber()).toBe(value.sequence);
        expect(oracle.getTimestamp()).toBe(value.timestamp);
        expect(oracle.getSsrc()).toBe(value.ssrc);
        const payload = oracle.getPayload();
        expect(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)).toEqual(value.payload);
      }),
    );
  });

  it('written by an independent implementation is parsed with contributors, extensions and padding', () => {
    const csrcs = fc.array(uint32, { maxLength: 15 });
    const extensions = fc.array(fc.uint8Array({ minLength: 1, maxLength: 16 }), { maxLength: 5 });
    fc.assert(
      fc.property(packet, csrcs, extensions, fc.boolean(), (value, contributors, exts, padded) => {
        const oracle = new OraclePacket();
        oracle.setPayloadType(value.payloadType);
        oracle.setMarker(value.marker);
        oracle.setSequenceNumber(value.sequence);
        oracle.setTimestamp(value.timestamp);
        oracle.setSsrc(value.ssrc);
        oracle.setCsrcs(contributors);
        oracle.setPayload(new DataView(value.payload.slice().buffer));
        oracle.enableOneByteExtensions();
        exts.forEach((ext, i) => {
          oracle.setExtension(i + 1, new DataView(ext.slice().buffer));
        });
        if (padded) oracle.padTo4Bytes();
        const view = oracle.getView();
        const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

        const fields = createRtpFields();
        expect(parseRtp(bytes, bytes.length, fields)).toBeUndefined();
        expect(decodeRtp(bytes)).toEqual(value);
        expect(fields.csrcCount).toBe(contributors.length);
        expect(fields.extensionLength > 0).toBe(exts.length > 0);
      }),
    );
  });

  it.each([
    ['too-short', []],
    ['too-short', [0x80]],
    ['too-short', header(0x80).slice(0, 11)],
    ['bad-version', header(0x00, 1, 2, 3, 4)],
    ['bad-version', header(0x40, 1, 2, 3, 4)],
    ['bad-version', header(0xc0, 1, 2, 3, 4)],
    ['truncated-csrc', header(0x82, 0, 0, 0, 1, 0, 0, 0)],
    ['truncated-extension', header(0x90, 0xbe, 0xde, 0)],
    ['truncated-extension', header(0x90, 0xbe, 0xde, 0, 2, 1, 2, 3, 4)],
    ['bad-padding', header(0xa0)],
    ['bad-padding', header(0xa0, 1, 2, 3, 0)],
    ['bad-padding', header(0xa0, 1, 2, 3, 5)],
    ['rtcp', [0x81, 200, 0, 6]],
    ['rtcp', header(0x80).with(1, 201)],
  ])('is refused as %s: %j', (reason, bytes) => {
    expect(reasonOf(bytes)).toBe(reason);
  });

  it('may consist of nothing but padding', () => {
    const fields = createRtpFields();
    expect(parseRtp(Uint8Array.from(header(0xa0, 0, 0, 0, 4)), 16, fields)).toBeUndefined();
    expect(fields.payloadLength).toBe(0);
  });

  it('is told apart from RTCP just as an independent implementation does', () => {
    for (let second = 0; second < 256; second++) {
      const bytes = Uint8Array.from(header(0x80, 0, 0, 0, 0).with(1, second));
      expect(reasonOf(bytes) === 'rtcp').toBe(isRtcp(new DataView(bytes.buffer)));
    }
  });

  it('never lies beyond its datagram, whatever bytes come', () => {
    const fields = createRtpFields();
    const hostile = fc.tuple(
      fc.constantFrom(0x80, 0x90, 0xa0, 0xb0, 0x8f, 0xbf),
      fc.uint8Array({ maxLength: 120 }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 120 }),
          hostile.map(([first, rest]) => Uint8Array.of(first, ...rest)),
        ),
        fc.nat(150),
        (bytes, length) => {
          if (parseRtp(bytes, length, fields)) return;
          const size = Math.min(length, bytes.length);
          expect(fields.payloadOffset).toBeGreaterThanOrEqual(12 + 4 * fields.csrcCount);
          expect(fields.payloadLength).toBeGreaterThanOrEqual(0);
          expect(fields.payloadOffset + fields.payloadLength).toBeLessThanOrEqual(size);
          expect(fields.extensionOffset + fields.extensionLength).toBeLessThanOrEqual(fields.payloadOffset);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is read up to the length that is given: the rest of a reused buffer is old', () => {
    const fields = createRtpFields();
    parseRtp(Uint8Array.from(header(0x80, 1, 2, 3, 4, 5, 6)), 14, fields);
    expect(fields.payloadLength).toBe(2);
  });
});
