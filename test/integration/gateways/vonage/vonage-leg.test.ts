import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { createMediaStats } from '../../../../src/gateways/media-stats-block.ts';
import { createPlayoutAccounts } from '../../../../src/gateways/playout/playout-accounts.ts';
import { createPlayoutRing } from '../../../../src/gateways/playout/playout-ring.ts';
import { PlayoutWheel } from '../../../../src/gateways/playout/playout-wheel.ts';
import { createEdgeCounters, EdgeCounters } from '../../../../src/gateways/vonage/edge-counters.ts';
import type { EdgeReport } from '../../../../src/gateways/vonage/edge-protocol.ts';
import { VonageLeg } from '../../../../src/gateways/vonage/vonage-leg.ts';
import { monotonicNow } from '../../../../src/lib/clock.ts';
import { createAudioRing } from '../../../../src/media/audio-ring.ts';
import { createFlushLine } from '../../../../src/media/flush-line.ts';

/** As much of a WebSocket as a leg looks at. */
class FakeSocket extends EventEmitter {
  bufferedAmount = 0;
  terminated = false;
  pings = 0;
  code: number | undefined;
  send(): void {
    // nobody is there
  }
  ping(): void {
    this.pings += 1;
  }
  close(code: number): void {
    this.code = code;
  }
  terminate(): void {
    this.terminated = true;
  }
  greet(): void {
    const greeting = {
      event: 'websocket:connected',
      'content-type': 'audio/l16;rate=16000',
      call_uuid: 'c1',
    };
    this.emit('message', Buffer.from(JSON.stringify(greeting)), false);
  }
}

function stage() {
  const told: string[] = [];
  const reports: EdgeReport[] = [];
  const counters = new EdgeCounters(createEdgeCounters());
  const leg = new VonageLeg({
    setup: {
      session: 1,
      call: 'c1',
      rateHz: 16000,
      heard: createAudioRing(16000),
      sent: createAudioRing(16000),
      playout: {
        ring: createPlayoutRing({ frameBytes: 640, silenceByte: 0 }),
        flushLine: createFlushLine(),
        accounts: createPlayoutAccounts(),
      },
      stats: createMediaStats(),
    },
    wheel: new PlayoutWheel(monotonicNow),
    counters,
    limits: {
      ...{ maxConnections: 1, maxBodyBytes: 1, maxRequests: 1, requestsPerMinute: 1000, answerMs: 1 },
      ...{ greetMs: 5000, silentMs: 3000, stalledMs: 10_000, reattachMs: 5000 },
    },
    report: (report) => reports.push(report),
    tell: (_, message) => told.push(message),
  });
  const join = (): FakeSocket => {
    const socket = new FakeSocket();
    leg.connect(socket as unknown as WebSocket);
    return socket;
  };
  return { leg, told, reports, counters, join };
}

describe('a session’s place in the edge thread', () => {
  it('ends a connection that takes nothing off the network', () => {
    const { leg, told, counters, join } = stage();
    const socket = join();
    socket.greet();
    const now = monotonicNow();
    socket.bufferedAmount = 128_000;
    leg.tick(now, now);
    expect(told).toEqual([]);
    socket.bufferedAmount = 128_001;
    leg.tick(now + 20, now + 20);
    expect(told).toEqual(['the media connection of c1 dropped: the far side has not read 128001 bytes']);
    expect(counters.read().connectionsDropped).toBe(1);
    leg.close();
  });

  it('pings twice before silence is too long, and is lost when nobody comes again in time', () => {
    const { leg, told, reports, join } = stage();
    const socket = join();
    socket.greet();
    const start = monotonicNow();
    for (let at = 20; at <= 3100; at += 20) leg.tick(start + at, start + at);
    expect(socket.pings).toBe(2);
    expect(told).toEqual([
      'the media connection of c1 dropped: nothing was heard of the far side for 3000 ms',
    ]);
    expect(leg.lost).toBe(false);
    leg.tick(start + 5100, start + 5100);
    expect(leg.lost).toBe(true);
    expect(reports.map(({ type }) => type)).toEqual(['attached', 'lost']);
    leg.close();
  });

  it('lets a second connection take the place of the first, whose end is nothing to tell of', () => {
    const { leg, told, reports, counters, join } = stage();
    const [first, second] = [join(), join()];
    second.greet();
    first.greet();
    first.emit('close', 1006);
    expect(reports.map(({ type }) => type)).toEqual(['attached']);
    expect([told, counters.read().connectionsDropped]).toEqual([[], 0]);
    leg.close();
    expect(second.code).toBe(1000);
  });
});
