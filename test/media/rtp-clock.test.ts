import { describe, expect, it } from 'vitest';
import { RtpClock } from '../../src/media/rtp-clock.ts';
import { createRtpFields } from '../../src/media/rtp-packet.ts';

/** Timestamps on the clock of packets of 160 ticks: `[sequence, timestamp, arrival in ticks, ssrc]`. */
function corrected(
  clock: RtpClock,
  packets: readonly (readonly [number, number, number, number?])[],
): number[] {
  const fields = createRtpFields();
  return packets.map(([sequence, timestamp, at, ssrc = 1]) => {
    Object.assign(fields, { sequence: sequence & 0xffff, timestamp: timestamp >>> 0, ssrc });
    clock.correct(fields, 160, at);
    return fields.timestamp;
  });
}

const stream = (count: number, growth: number, from = 1000) =>
  Array.from({ length: count }, (_, n) => [n, from + n * growth, n * 160] as const);

describe('timestamps of a codec whose samples are twice as many as its ticks', () => {
  it('stay as they are when the peer counts ticks', () => {
    const clock = new RtpClock(2);
    expect(corrected(clock, stream(5, 160))).toEqual([1000, 1160, 1320, 1480, 1640]);
    expect(clock.countsSamples).toBe(false);
  });

  it('are put on the clock from the second packet on when the peer counts samples', () => {
    const clock = new RtpClock(2);
    expect(corrected(clock, stream(5, 320))).toEqual([1000, 1160, 1320, 1480, 1640]);
    expect(clock.countsSamples).toBe(true);
  });

  it('are put on it across their wrap', () => {
    const clock = new RtpClock(2);
    const from = 2 ** 32 - 700;
    expect(corrected(clock, stream(5, 320, from)).map((timestamp) => (timestamp - from) >>> 0)).toEqual([
      0, 160, 320, 480, 640,
    ]);
  });

  it('are put on it for packets that are lost or come in another order', () => {
    const clock = new RtpClock(2);
    corrected(clock, stream(5, 320));
    expect(
      corrected(clock, [
        [7, 1000 + 7 * 320, 1120],
        [6, 1000 + 6 * 320, 1130],
        [8, 1000 + 8 * 320, 1280],
      ]),
    ).toEqual([2120, 1960, 2280]);
  });

  it('with a gap behind every packet are pauses, not a faster clock', () => {
    const clock = new RtpClock(2);
    const packets = stream(5, 160).map(
      ([n, timestamp, at]) => [n, timestamp + n * 160, at + n * 160] as const,
    );
    expect(corrected(clock, packets)).toEqual([1000, 1320, 1640, 1960, 2280]);
    expect(clock.countsSamples).toBe(false);
  });

  it('are believed again as soon as they grow by a packet’s length', () => {
    const clock = new RtpClock(2);
    corrected(clock, [
      [0, 1000, 0],
      [1, 1320, 100], // a pause that a burst hides
    ]);
    expect(clock.countsSamples).toBe(true);
    expect(
      corrected(clock, [
        [2, 1480, 260],
        [3, 1640, 420],
      ]),
    ).toEqual([1320, 1480]);
    expect(clock.countsSamples).toBe(false);
  });

  it('from an unknown peer change nothing', () => {
    const clock = new RtpClock(2);
    corrected(clock, stream(3, 320));
    const packets = [
      [77, 5, 480, 9],
      [3, 1960, 480],
      [79, 9, 640, 10],
      [4, 2280, 640],
    ] as const;
    expect(corrected(clock, packets)).toEqual([5, 1480, 9, 1640]);
  });

  it('from a new stream are trusted from its second packet on', () => {
    const clock = new RtpClock(2);
    corrected(clock, stream(3, 320));
    const next = Array.from({ length: 4 }, (_, n) => [500 + n, 90_000 + n * 320, 480 + n * 160, 2] as const);
    expect(corrected(clock, next).slice(1)).toEqual([90_320, 90_480, 90_640]);
  });
});

it('timestamps of a codec whose clock counts its samples are never touched', () => {
  const clock = new RtpClock(1);
  expect(corrected(clock, stream(4, 320))).toEqual([1000, 1320, 1640, 1960]);
});
