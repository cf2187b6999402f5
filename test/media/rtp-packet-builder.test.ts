import { describe, expect, it } from 'vitest';
import { decodeRtp, RtpPacketizer, type RtpPacket } from '../support/rtp-packets.ts';

describe.each([
  ['ulaw', 0, 0xff],
  ['alaw', 8, 0xd5],
] as const)('the packet builder for %s', (law, type, silence) => {
  const fixed = { ssrc: 7, sequence: 65_534, timestamp: 0xffffff00 };
  const read = (bytes: Uint8Array): RtpPacket => decodeRtp(bytes) as RtpPacket;

  it('begins with random values and a marker', () => {
    const values = [0xdeadbeef, 0x12345678, 0x9abcdef0];
    const builder = new RtpPacketizer(law, { random: () => values.shift()! });
    expect(builder).toMatchObject({ ssrc: 0xdeadbeef, sequence: 0x5678, timestamp: 0x9abcdef0 });
    expect(read(builder.build(new Uint8Array(160)))).toMatchObject({
      payloadType: type,
      marker: true,
      sequence: 0x5678,
      timestamp: 0x9abcdef0,
      ssrc: 0xdeadbeef,
    });
    const streams = Array.from({ length: 20 }, () => new RtpPacketizer(law).ssrc);
    expect(new Set(streams).size).toBe(20);
  });

  it('makes many packets: one marker, sequence and timestamp run on and wrap', () => {
    const builder = new RtpPacketizer(law, fixed);
    const packets = builder.packetize(Uint8Array.from({ length: 640 }, (_, i) => i % 256)).map(read);
    expect(packets.map((p) => p.marker)).toEqual([true, false, false, false]);
    expect(packets.map((p) => p.sequence)).toEqual([65_534, 65_535, 0, 1]);
    expect(packets.map((p) => p.timestamp)).toEqual([0xffffff00, 0xffffffa0, 64, 224]);
    expect(packets.map((p) => p.ssrc)).toEqual([7, 7, 7, 7]);
    expect(packets[3]!.payload[0]).toBe(480 % 256);
  });

  it('never makes a short packet: the last one is padded with silence', () => {
    const packets = new RtpPacketizer(law).packetize(new Uint8Array(161).fill(1)).map(read);
    expect(packets.map((p) => p.payload.length)).toEqual([160, 160]);
    expect([...packets[1]!.payload]).toEqual([1, ...Array<number>(159).fill(silence)]);
    expect(new RtpPacketizer(law).packetize(new Uint8Array(0))).toEqual([]);
  });

  it('refuses a payload that is too long for a packet', () => {
    const builder = new RtpPacketizer(law, fixed);
    expect(() => builder.build(new Uint8Array(161))).toThrow('161');
    expect(builder.sequence).toBe(65_534);
  });

  it('overwrites all of a reused buffer', () => {
    const builder = new RtpPacketizer(law, fixed);
    const into = new Uint8Array(builder.packetBytes).fill(0xee);
    expect(builder.write(Uint8Array.of(9), into)).toBe(172);
    expect(into).toEqual(new RtpPacketizer(law, fixed).build(Uint8Array.of(9)));
  });

  it('counts samples across a silence, and marks the talk spurt that follows', () => {
    const builder = new RtpPacketizer(law, fixed);
    builder.build(new Uint8Array(160));
    builder.skip(800);
    const next = read(builder.build(new Uint8Array(160)));
    expect(next).toMatchObject({ marker: true, sequence: 65_535, timestamp: 0xffffff00 + 960 - 2 ** 32 });
    expect(read(builder.build(new Uint8Array(160))).marker).toBe(false);
    expect(read(builder.build(new Uint8Array(160), true)).marker).toBe(true);
  });

  it('begins anew after a reset', () => {
    const builder = new RtpPacketizer(law, fixed);
    const first = builder.build(new Uint8Array(160));
    builder.build(new Uint8Array(160));
    builder.reset();
    expect(builder.build(new Uint8Array(160))).toEqual(first);

    const random = new RtpPacketizer(law);
    const before = random.ssrc;
    random.reset();
    expect(random.ssrc).not.toBe(before);
  });
});

describe('the packet builder', () => {
  it('refuses an unknown codec', () => {
    expect(() => new RtpPacketizer('g729')).toThrow(/unknown codec "g729"; known are: ulaw, alaw/);
  });
});
