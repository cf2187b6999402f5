import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Listener, packetOf, type Sent } from './listener.ts';

describe('a jitter buffer for a listening machine', () => {
  it('gives sound that is next in sequence at once', () => {
    const line = new Listener();
    for (let n = 0; n < 50; n++) {
      line.receive(packetOf(n));
      expect(line.heard).toEqual([{ kind: 'frame', at: line.now, first: n, last: n }]);
      line.heard.length = 0;
      line.wait(20);
    }
  });

  it('puts packets in order that overtook each other', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.receive(packetOf(4));
    expect(line.story).toBe('0 1 2');
    line.wait(10);
    line.receive(packetOf(3));
    expect(line.story).toBe('3 4');
    expect(line.receiver.stats).toMatchObject({ packetsReordered: 1, packetsLost: 0, packetsLate: 0 });
  });

  it('gives a gap up when its time is over, and conceals it', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.heard.length = 0;
    line.wait(20);
    line.receive(packetOf(4));
    line.wait(25);
    expect(line.story).toBe('');
    line.wait(10);
    expect(line.story).toBe('L 4');
    expect(line.receiver.stats).toMatchObject({ packetsLost: 1, framesConcealed: 1 });
  });

  it('goes on at once behind a gap that was given up', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.wait(40);
    line.receive(packetOf(5));
    line.wait(20);
    line.receive(packetOf(6));
    line.wait(20);
    expect(line.story).toBe('0 1 2 L L 5 6');
    line.receive(packetOf(7));
    expect(line.story).toBe('7');
  });

  it('holds a gap no longer when much more has come: an outage that ends in a burst', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.wait(140);
    for (let n = 4; n < 4 + 16; n++) line.receive(packetOf(n));
    expect(line.story).toBe(`0 1 2 L ${Array.from({ length: 16 }, (_, i) => i + 4).join(' ')}`);
  });

  it('gives the end of a stream out before the next one begins', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.receive(packetOf(4));
    line.receive({ sequence: 900, timestamp: 9, ssrc: 2, byte: 20 });
    expect(line.story).toBe('0 1 2 L 4');
    line.receive({ sequence: 901, timestamp: 169, ssrc: 2, byte: 21 });
    expect(line.story).toBe('20 21');
  });

  it('counts what comes too late and what comes twice, and plays neither', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.wait(20);
    line.receive(packetOf(4));
    line.receive(packetOf(4));
    line.wait(40);
    line.receive(packetOf(3));
    line.receive(packetOf(3));
    line.receive(packetOf(2));
    expect(line.story).toBe('0 1 2 L 4');
    expect(line.receiver.stats).toMatchObject({ packetsLate: 1, packetsDuplicate: 3, packetsReceived: 8 });
  });

  it('holds gaps longer when packets came late, and forgets it again', () => {
    const line = new Listener();
    line.stream(0, 2);
    const before = line.receiver.holdMs;
    line.wait(20);
    line.receive(packetOf(4));
    line.wait(50);
    line.receive(packetOf(3));
    const after = line.receiver.holdMs;
    expect(before).toBe(30);
    expect(after).toBeGreaterThan(45);
    line.stream(5, 2000);
    expect(line.receiver.holdMs).toBe(30);
  });

  it('holds gaps longer on a line with jitter, within its bounds', () => {
    const line = new Listener({ holdMaxMs: 80 });
    for (let n = 0; n < 200; n++) {
      line.receive(packetOf(n));
      line.wait(n % 2 ? 5 : 35);
    }
    expect(line.receiver.jitterMs).toBeGreaterThan(10);
    expect(line.receiver.jitterMs).toBeLessThan(20);
    expect(line.receiver.holdMs).toBeGreaterThan(60);
    expect(line.receiver.holdMs).toBeLessThanOrEqual(80);
    expect(line.heard.every(({ kind }) => kind === 'frame')).toBe(true);
  });

  it('follows sequence and timestamp across their wrap', () => {
    const line = new Listener();
    for (let n = -3; n < 3; n++) {
      if (n === 0) continue;
      line.receive({ sequence: 65_536 + n, timestamp: 2 ** 32 + n * 160, byte: n + 10 });
      line.wait(n === -1 ? 40 : 20);
    }
    line.wait(20);
    expect(line.story).toBe('7 8 9 L 11 12');
    expect(line.receiver.stats.streams).toBe(1);
  });

  it('follows a new SSRC as soon as a second packet confirms it, and loses nothing of either', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.receive({ sequence: 40_000, timestamp: 77, ssrc: 2, byte: 20 });
    expect(line.story).toBe('0 1 2');
    line.wait(20);
    line.receive({ sequence: 40_001, timestamp: 237, ssrc: 2, byte: 21 });
    expect(line.story).toBe('20 21');
    expect(line.receiver.stats).toMatchObject({ streams: 2, packetsStray: 0, packetsLost: 0 });
  });

  it('follows a new SSRC at once when the old stream has ended', () => {
    const line = new Listener();
    line.stream(0, 2, { byte: 0xff });
    line.wait(500);
    line.heard.length = 0;
    line.receive({ sequence: 9, timestamp: 9, ssrc: 2, byte: 20 });
    expect(line.story).toBe('20');
  });

  it('does not hold gaps for longer because a new stream began in the wrong order', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.wait(500);
    line.receive({ sequence: 9, timestamp: 160, ssrc: 2, byte: 20 });
    line.wait(5);
    line.receive({ sequence: 8, timestamp: 0, ssrc: 2, byte: 19 });
    expect(line.receiver.stats.packetsLate).toBe(1);
    expect(line.receiver.holdMs).toBeLessThan(45);
  });

  it('believes a lone packet of a new stream when nothing else comes', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.receive({ sequence: 9, timestamp: 9, ssrc: 2, byte: 20 });
    line.wait(45);
    expect(line.story).toBe('0 1 2 20');
  });

  it('is not led astray by single packets of unknown peers', () => {
    const line = new Listener();
    for (let n = 0; n < 30; n++) {
      line.receive(packetOf(n));
      line.receive({ sequence: 5000 + 7 * n, timestamp: 99_999 * n, ssrc: 666, byte: 63 });
      line.wait(20);
    }
    expect(line.story).toBe(Array.from({ length: 30 }, (_, n) => n).join(' '));
    expect(line.receiver.stats).toMatchObject({ streams: 1, packetsStray: 29 });
  });

  it('takes a jump of more than 100 sequence numbers for a new stream', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.receive({ sequence: 5000, timestamp: 480, byte: 20 });
    line.wait(20);
    line.receive({ sequence: 5001, timestamp: 640, byte: 21 });
    expect(line.story).toBe('0 1 2 20 21');
    expect(line.receiver.stats).toMatchObject({ streams: 2, packetsLost: 0 });
  });

  it.each([10_000_000, -10_000_000])('places sound by the clock when timestamps jump by %i', (jump) => {
    const line = new Listener();
    line.stream(0, 9);
    for (let n = 10; n < 20; n++) {
      line.receive({ ...packetOf(n), timestamp: n * 160 + jump });
      line.wait(20);
    }
    expect(line.story).toBe(Array.from({ length: 20 }, (_, n) => n).join(' '));
    expect(line.receiver.frames).toBe(20);
  });

  it('does not take a telephone-event for a loss', () => {
    const line = new Listener();
    line.stream(0, 2);
    line.receive({ sequence: 3, timestamp: 480, sound: false });
    line.receive({ sequence: 4, timestamp: 480, sound: false });
    line.wait(20);
    line.receive({ sequence: 5, timestamp: 640, byte: 5 });
    expect(line.receiver.stats.packetsLost).toBe(0);
    expect(line.story).not.toContain('L');
  });
});

describe('the timeline of what was heard', () => {
  it('goes on with silence when no packets come, a frame or two behind the clock', () => {
    const line = new Listener();
    for (let i = 0; i < 100; i++) {
      line.wait(20);
      expect(line.behind).toBeGreaterThanOrEqual(1);
      expect(line.behind).toBeLessThanOrEqual(2);
    }
    expect(line.heard.every(({ kind }) => kind === 'filler')).toBe(true);
  });

  it('puts the first packet where the clock says', () => {
    const line = new Listener();
    line.wait(1007);
    line.receive(packetOf(0));
    expect(line.receiver.frames).toBe(51);
  });

  it('places what comes after a pause by the clock, also without a request in between', () => {
    const line = new Listener();
    line.stream(0, 9, { byte: 0xff });
    line.now += 1803;
    line.receive({ sequence: 10, timestamp: 10 * 160 + 14_424, marker: true, byte: 3 });
    expect(line.receiver.frames).toBe(101);
    expect(line.heard.at(-1)).toMatchObject({ kind: 'frame', first: 3 });
    expect(line.receiver.stats).toMatchObject({
      packetsLost: 0,
      framesConcealed: 0,
      framesFiller: 90,
      streams: 1,
    });
  });

  it.each([
    ['go on counting', 1],
    ['stand still', 0],
  ])('survives a muted phone whose timestamps %s', (_, counting) => {
    const line = new Listener();
    line.stream(0, 49, { byte: 0xff });
    for (let pause = 1; pause <= 10; pause++) {
      line.wait(3000);
      const base = pause * 3000 * 8 * counting;
      for (let n = 50 * pause; n < 50 * pause + 50; n++) {
        line.receive({ sequence: n, timestamp: base + n * 160, marker: n % 50 === 0, byte: 3 });
        line.wait(20);
      }
      expect(line.behind).toBeGreaterThanOrEqual(-0.5);
      expect(line.behind).toBeLessThanOrEqual(2);
    }
    expect(line.heard.filter(({ kind, first }) => kind === 'frame' && first === 3)).toHaveLength(500);
    expect(line.receiver.stats).toMatchObject({ packetsLost: 0, framesConcealed: 0 });
  });

  it('conceals nothing where silence has been filled in already', () => {
    const line = new Listener();
    line.stream(0, 9, { byte: 0xff });
    line.wait(290);
    // The first packet after the pause was lost, and with it the marker.
    line.receive({ sequence: 11, timestamp: line.now * 8, byte: 3 });
    line.wait(40);
    expect(line.heard.filter(({ kind }) => kind === 'lost')).toEqual([]);
    expect(line.receiver.stats.packetsLost).toBe(1);
    expect(line.behind).toBeLessThanOrEqual(3);
    expect(line.behind).toBeGreaterThanOrEqual(1);
  });

  it('fills a muted phone soon, but waits for speech that is only delayed', () => {
    const line = new Listener();
    line.stream(0, 9, { byte: 0xff });
    line.wait(80);
    expect(line.heard.slice(10).map(({ kind }) => kind)).toContain('filler');

    const outage = new Listener();
    outage.stream(0, 9);
    outage.wait(150);
    for (let n = 10; n < 18; n++) outage.receive(packetOf(n));
    expect(outage.story).toBe(Array.from({ length: 18 }, (_, n) => n).join(' '));
  });

  it('gives all of what was said when an outage delays it, and comes back to the clock in silence', () => {
    const line = new Listener();
    line.stream(0, 9);
    line.wait(400);
    for (let n = 10; n < 30; n++) line.receive(packetOf(n));
    line.stream(30, 60);
    expect(line.heard.filter(({ kind }) => kind === 'frame').map(({ first }) => first)).toEqual(
      Array.from({ length: 61 }, (_, n) => n),
    );
    expect(line.behind).toBeLessThan(-5);
    line.stream(61, 100, { byte: 0xff });
    expect(Math.abs(line.behind - 0.5)).toBeLessThanOrEqual(1);
    expect(line.receiver.stats.framesDropped).toBeGreaterThan(5);
  });

  it.each([200, -200, 50, -50])(
    'follows a peer whose clock is %i ppm off, and changes only quiet frames',
    (ppm) => {
      const line = new Listener();
      const seconds = 1200;
      let worst = 0;
      for (let n = 0; n < seconds * 50; n++) {
        // Speech of 3 s and silence of 2 s, by turns, with up to 4 ms of jitter.
        const loud = n % 250 < 150;
        line.now = n * 20 * (1 + ppm / 1e6) + ((n * 7919) % 5);
        line.receive({ sequence: n, timestamp: n * 160, byte: loud ? 5 : 0xff });
        worst = Math.max(worst, Math.abs(line.behind));
      }
      const speech = line.heard.filter(({ kind, first }) => kind === 'frame' && first === 5).length;
      expect(speech).toBe((seconds * 50 * 3) / 5);
      expect(worst).toBeLessThan(2);
      const { framesInserted, framesDropped, packetsLost } = line.receiver.stats;
      const corrections = Math.round((Math.abs(ppm) / 1e6) * seconds * 50);
      expect(packetsLost).toBe(0);
      expect(ppm > 0 ? framesDropped : framesInserted).toBe(0);
      expect(Math.abs((ppm > 0 ? framesInserted : framesDropped) - corrections)).toBeLessThanOrEqual(2);
    },
  );

  it('keeps each packet whole at 20 ms, also after a pause of no whole number of frames', () => {
    const line = new Listener();
    let timestamp = 0;
    for (let n = 0; n < 60; n++) {
      // Pauses too short to be taken for a muted phone, which only timestamps tell.
      const pause = n % 10 === 9 ? 300 + n : 0;
      line.wait(pause / 8);
      line.receive({ sequence: n, timestamp: timestamp + pause, byte: n });
      timestamp += 160 + pause;
      line.wait(20);
    }
    const frames = line.heard.filter(({ kind }) => kind === 'frame');
    expect(frames.map(({ first }) => first)).toEqual(Array.from({ length: 60 }, (_, n) => n));
    for (const { first, last } of frames) expect(first).toBe(last);
    expect(line.receiver.stats.framesFiller).toBeGreaterThan(5);
  });
});

describe('packets of other lengths', () => {
  it.each([
    [5, 40],
    [10, 80],
    [20, 160],
    [30, 240],
    [40, 320],
    [60, 480],
    [200, 1600],
  ])('of %i ms become frames of 20 ms', (ms, length) => {
    const line = new Listener();
    const packets = 2400 / ms;
    for (let n = 0; n < packets; n++) {
      line.wait(ms);
      line.receive({ sequence: n, timestamp: n * length, length, byte: n % 64 });
    }
    expect(line.heard.filter(({ kind }) => kind === 'frame')).toHaveLength(120);
    // Until the first packet came, nobody could know how much sound it would bring.
    expect(line.receiver.frames).toBeLessThanOrEqual(120 + Math.max(1, ms / 20));
    expect(line.receiver.stats).toMatchObject({ packetsLost: 0, framesConcealed: 0 });
  });

  it.each([
    [10, 80],
    [30, 240],
    [60, 480],
  ])('of %i ms keep the timeline across losses', (ms, length) => {
    const line = new Listener();
    for (let n = 0; n < 300; n++) {
      line.wait(ms);
      if (n % 10 !== 5) line.receive({ sequence: n, timestamp: n * length, length, byte: 3 });
    }
    const { stats, frames } = line.receiver;
    expect(stats.packetsLost).toBe(30);
    // The session began a frame early, and before the first packet its length was unknown.
    expect(Math.abs(frames * 160 - 300 * length)).toBeLessThanOrEqual(160 + Math.max(160, length));
    expect(line.heard.every(({ kind, first, last }) => kind !== 'frame' || (first === 3 && last === 3))).toBe(
      true,
    );
  });

  it('may change within a stream', () => {
    const line = new Listener();
    let timestamp = 0;
    for (let n = 0; n < 90; n++) {
      const length = n < 30 ? 240 : n < 60 ? 160 : 480;
      line.wait(length / 8);
      line.receive({ sequence: n, timestamp, length, byte: 3 });
      timestamp += length;
    }
    expect(Math.abs(line.behind)).toBeLessThanOrEqual(2);
    expect(line.receiver.stats).toMatchObject({ streams: 1, packetsLost: 0 });
  });

  it('are left out when longer than 200 ms, or empty', () => {
    const line = new Listener();
    line.receive(packetOf(0));
    line.receive({ sequence: 1, timestamp: 160, length: 1601 });
    line.receive({ sequence: 2, timestamp: 160, length: 0 });
    line.receive({ sequence: 3, timestamp: 160, byte: 3 });
    expect(line.story).toBe('0 3');
    expect(line.receiver.stats).toMatchObject({ packetsOversize: 1, packetsLost: 0 });
  });
});

describe('whatever is sent', () => {
  const hostile: fc.Arbitrary<Sent & { pause: number }> = fc.record({
    sequence: fc.oneof(fc.nat(300), fc.nat(65_535)),
    timestamp: fc.oneof(fc.nat(100_000), fc.integer({ min: 0, max: 0xffffffff })),
    ssrc: fc.constantFrom(1, 1, 1, 2, 3),
    byte: fc.constantFrom(1, 0xff),
    length: fc.constantFrom(0, 1, 80, 159, 160, 160, 161, 480, 1600, 1601),
    sound: fc.boolean(),
    pause: fc.constantFrom(0, 0, 1, 20, 20, 200),
  });

  it('the timeline stays near the clock and time never runs back', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 300 }), (packets) => {
        const line = new Listener();
        let arrived = -20;
        for (const packet of packets) {
          line.receive(packet);
          expect(line.receiver.arrivedAt).toBeGreaterThanOrEqual(arrived);
          arrived = line.receiver.arrivedAt;
          line.wait(packet.pause);
          // At most a second ahead (and one packet), never more behind than an outage.
          expect(line.behind).toBeGreaterThan(-50 - 12);
        }
        expect(line.heard).toHaveLength(line.receiver.frames);
        expect(arrived).toBeLessThanOrEqual(line.now);
        line.wait(1000);
        expect(line.behind).toBeLessThan(14);
      }),
      { numRuns: 300 },
    );
  });

  it('a flood costs no sound of its own: every packet is accounted for', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 200 }), (packets) => {
        const line = new Listener();
        for (const packet of packets) line.receive(packet);
        line.wait(500);
        const { stats } = line.receiver;
        expect(stats.packetsReceived).toBe(packets.length);
        expect(stats.packetsDuplicate + stats.packetsLate + stats.packetsStray).toBeLessThanOrEqual(
          packets.length,
        );
      }),
      { numRuns: 200 },
    );
  });

  it('real streams with loss, jitter and reordering come out in order, and complete but for the losses', () => {
    const fate = fc.record({ lost: fc.integer({ min: 0, max: 99 }), delay: fc.integer({ min: 0, max: 30 }) });
    fc.assert(
      fc.property(fc.array(fate, { minLength: 20, maxLength: 64 }), fc.nat(65_535), (fates, first) => {
        const line = new Listener({ holdMinMs: 60 });
        const arrivals = fates
          .map(({ lost, delay }, n) => ({ n, at: n * 20 + delay, lost: n > 0 && lost < 10 }))
          .filter(({ lost }) => !lost)
          // Nothing before the first packet can be heard.
          .map((a) => (a.n === 0 ? { ...a, at: 0 } : a))
          .sort((a, b) => a.at - b.at);
        for (const { n, at } of arrivals) {
          while (line.now < at) line.wait(Math.min(5, at - line.now));
          line.receive({ sequence: first + n, timestamp: n * 160, byte: n });
        }
        line.wait(150);
        const heard = line.heard.filter(({ kind }) => kind === 'frame').map(({ first: byte }) => byte);
        expect(heard).toEqual(arrivals.map(({ n }) => n).sort((a, b) => a - b));
        const last = Math.max(...arrivals.map(({ n }) => n));
        expect(line.receiver.stats.packetsLost).toBe(last + 1 - arrivals.length);
      }),
    );
  });
});
