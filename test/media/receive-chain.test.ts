/** What is heard of a peer over lines from good to hardly bearable: nothing that came in time is lost, and time stays right. */
import { describe, expect, it } from 'vitest';
import { COMFORT_NOISE } from '../../src/media/voice-receiver.ts';
import { Random } from '../turns/random.ts';
import { Listener, packetOf, type Sent } from './listener.ts';

interface Line {
  /** Share of packets that are lost, and that come twice. */
  readonly loss?: number;
  readonly twice?: number;
  /** Each packet is late by 0 … so much: they overtake each other. */
  readonly jitterMs?: number;
  /** Of a packet. */
  readonly ptimeMs?: number;
  /** Every so many packets, the stream goes on as another one. */
  readonly streamOf?: number;
}

const SECONDS = 60;

/** A minute of speech over a line. Which packets it has let through, and what was heard of them. */
function over({ loss = 0, twice = 0, jitterMs = 0, ptimeMs = 20, streamOf = Infinity }: Line) {
  const random = new Random('receive-chain', loss, twice, jitterMs, ptimeMs);
  const listener = new Listener();
  const count = (SECONDS * 1000) / ptimeMs;
  const arrivals: { readonly at: number; readonly packet: Sent; readonly n: number }[] = [];
  for (let n = 0; n < count; n++) {
    const stream = Math.floor(n / streamOf);
    const length = ptimeMs * 8;
    // Each stream has numbers of its own, and the payload says which packet it is.
    const packet: Sent = {
      sequence: n + stream * 20_000,
      timestamp: n * length + stream * 1_000_003,
      ssrc: 1 + stream,
      byte: n % 64,
      length,
    };
    const at = n * ptimeMs + (n === 0 ? 0 : random.between(0, jitterMs));
    // Neither the first nor the last: only what lies between two is missed.
    if (n > 0 && n < count - 1 && random.next() < loss) continue;
    arrivals.push({ at, packet, n });
    if (random.next() < twice) arrivals.push({ at: at + random.between(0, 40), packet, n });
  }
  arrivals.sort((one, other) => one.at - other.at);
  let behind = 0;
  for (const { at, packet } of arrivals) {
    listener.wait(Math.max(0, at - listener.now));
    listener.receive(packet);
    behind = Math.max(behind, Math.abs(listener.behind));
  }
  listener.wait(500);
  return { listener, sent: count, came: new Set(arrivals.map(({ n }) => n)).size, behind };
}

describe('a caller is heard', () => {
  it.each([0.01, 0.05, 0.1, 0.2])(
    'when %d of the packets are lost: all others, in order, in their places',
    (loss) => {
      const { listener, sent, came } = over({ loss });
      const { stats } = listener.receiver;
      expect(listener.heard.filter(({ kind }) => kind === 'frame')).toHaveLength(came);
      expect(sent - came).toBeGreaterThan(loss * sent * 0.7);
      expect(stats).toMatchObject({ packetsLost: sent - came, packetsLate: 0, framesDropped: 0 });
      // A lost frame is in its place: what was heard last is where it was said.
      const at = listener.heard.findLastIndex(({ kind }) => kind === 'frame');
      expect(Math.abs(at - (sent - 1))).toBeLessThanOrEqual(2);
    },
  );

  it.each([
    [40, 0.001],
    [80, 0.01],
    [120, 0.03],
  ])('with %d ms of jitter, but for %d of what was said', (jitterMs, share) => {
    const { listener, came, behind } = over({ jitterMs });
    const frames = listener.heard.filter(({ kind }) => kind === 'frame');
    expect(frames.length).toBeGreaterThan(came * (1 - share));
    expect(listener.receiver.stats.packetsReordered).toBeGreaterThan(came / 20);
    // In order: each bears the next number, but for those that were given up.
    const steps = frames.slice(1).map(({ first }, n) => (first - frames[n]!.first + 64) % 64);
    expect(steps.every((step) => step >= 1 && step <= 8)).toBe(true);
    expect(behind).toBeLessThan(12);
  });

  it('with all of it at once: a tenth lost, a tenth twice, 60 ms of jitter', () => {
    const { listener, came } = over({ loss: 0.1, twice: 0.1, jitterMs: 60 });
    const frames = listener.heard.filter(({ kind }) => kind === 'frame');
    expect(frames.length).toBeGreaterThan(came * 0.98);
    expect(frames.length).toBeLessThanOrEqual(came);
    expect(listener.receiver.stats.packetsDuplicate + listener.receiver.stats.packetsLate).toBeGreaterThan(
      200,
    );
  });

  it.each([10, 20, 30, 40, 50, 60])('in packets of %d ms, with a twentieth of them lost', (ptimeMs) => {
    const { listener, sent, came } = over({ ptimeMs, loss: 0.05 });
    const { stats, frames } = listener.receiver;
    expect(stats).toMatchObject({ packetsLost: sent - came, packetsLate: 0 });
    expect(Math.abs(frames * 20 - (SECONDS * 1000 + 500))).toBeLessThan(120);
    // Each packet is followed by the next, or by an estimate for what was lost.
    const sound = listener.heard.filter(({ kind }) => kind === 'frame').length * 20;
    expect(sound).toBeGreaterThanOrEqual(came * ptimeMs - (sent - came) * 20 - 100);
  });

  it('though the peer’s stream becomes another one, again and again', () => {
    const { listener, came } = over({ streamOf: 200 });
    expect(listener.heard.filter(({ kind }) => kind === 'frame')).toHaveLength(came);
    expect(listener.receiver.stats.streams).toBe(15);
    expect(listener.receiver.stats.packetsLost).toBe(0);
  });

  it.each([200, -200])('for an hour by a clock that is %i ppm off, without a word lost', (ppm) => {
    const listener = new Listener();
    const count = 3600 * 50;
    let [speech, worst] = [0, 0];
    for (let n = 0; n < count; n++) {
      const loud = n % 250 < 150;
      listener.now = n * 20 * (1 + ppm / 1e6);
      listener.receive({ sequence: n, timestamp: n * 160, byte: loud ? 5 : 0xff });
      worst = Math.max(worst, Math.abs(listener.behind));
      for (const { kind, first } of listener.heard.splice(0))
        if (kind === 'frame' && first === 5) speech += 1;
    }
    expect(speech).toBe((count * 3) / 5);
    expect(worst).toBeLessThan(2);
    const { framesInserted, framesDropped } = listener.receiver.stats;
    expect(Math.abs(framesInserted - framesDropped)).toBeGreaterThan(34);
    expect(Math.abs(framesInserted - framesDropped)).toBeLessThan(38);
  });
});

describe('a caller whose telephone leaves silence out', () => {
  /** How long after loud speech the first frame of silence comes. */
  function silenceAfter(noise: boolean): number {
    const listener = new Listener();
    listener.stream(0, 24, { byte: 5 });
    if (noise) {
      const { sequence, timestamp } = packetOf(25);
      listener.insert({ sequence, timestamp, length: 1, payloadType: COMFORT_NOISE });
    }
    const since = listener.now;
    listener.wait(400);
    return (listener.heard.find(({ kind }) => kind === 'filler')?.at ?? Infinity) - since;
  }

  it('is silent at once when it says so by comfort noise, and not before it may be an outage otherwise', () => {
    expect(silenceAfter(true)).toBeLessThanOrEqual(60);
    expect(silenceAfter(false)).toBeGreaterThanOrEqual(160);
  });

  it('is heard from the first syllable behind it on, and nothing counts as lost', () => {
    const listener = new Listener();
    listener.stream(0, 24, { byte: 5 });
    listener.receive({ sequence: 25, timestamp: 25 * 160, length: 1, payloadType: COMFORT_NOISE });
    listener.wait(3000);
    const sequence = 26;
    const timestamp = 25 * 160 + 24_000;
    for (let n = 0; n < 25; n++) {
      listener.receive({ sequence: sequence + n, timestamp: timestamp + n * 160, byte: 7, marker: n === 0 });
      listener.wait(20);
    }
    expect(listener.heard.filter(({ kind, first }) => kind === 'frame' && first === 7)).toHaveLength(25);
    expect(listener.receiver.stats).toMatchObject({ packetsLost: 0, framesConcealed: 0, streams: 1 });
  });
});
