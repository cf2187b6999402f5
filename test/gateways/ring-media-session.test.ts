import { describe, expect, it } from 'vitest';
import type { MediaEvent, RtpEndpoint } from '../../src/dialog/contract/call-media.ts';
import { STAT, MediaStatsBlock } from '../../src/gateways/media-stats-block.ts';
import {
  createSessionMemory,
  RingMediaSession,
  type SessionMemory,
} from '../../src/gateways/ring-media-session.ts';
import { AudioRingReader } from '../../src/media/audio-ring.ts';

/** Carried by nobody: what its carrier would do is done by the test. */
class Session extends RingMediaSession<RtpEndpoint> {
  readonly endpoint: RtpEndpoint = {
    ...{ transport: 'rtp', address: '192.0.2.1', port: 9 },
    codec: 'ulaw' as const,
    attach: () => undefined,
  };
  readonly done: string[];
  readonly released = Promise.withResolvers<undefined>();

  constructor(memory: SessionMemory, done: string[] = []) {
    super({
      id: 'a',
      format: { encoding: 'ulaw', rateHz: 8000 },
      memory,
      onClosed: () => done.push('closed'),
    });
    this.done = done;
  }

  protected override tellOfFlush(): void {
    this.done.push('flush');
  }

  protected override async release(): Promise<void> {
    this.done.push('release');
    await this.released.promise;
  }
}

function stage() {
  const memory = createSessionMemory({ encoding: 'ulaw', rateHz: 8000 });
  const session = new Session(memory);
  const events: MediaEvent[] = [];
  session.on((event) => events.push(event));
  return { memory, session, events };
}

describe('a media session over rings', () => {
  it('is attached when its carrier says so, and stays so though it is lost', async () => {
    const { session, events } = stage();
    session.onReport({ type: 'attached' });
    session.onReport({ type: 'lost', reason: 'cable cut' });
    await session.attached;
    expect(events).toEqual([{ type: 'lost', reason: 'cable cut' }]);
  });

  it('rejects `attached` when it is lost before media could flow', async () => {
    const { session } = stage();
    session.onReport({ type: 'lost', reason: 'cable cut' });
    await expect(session.attached).rejects.toMatchObject({
      code: 'MEDIA_NOT_ATTACHED',
      message: 'the media session of a was lost before media could flow: cable cut',
    });
  });

  it('is as late as its packets until it is closed: what was late at last is over then', async () => {
    const { session, memory } = stage();
    new MediaStatsBlock(memory.stats).countLateness(64);
    expect(session.stats()).toMatchObject({ sendLatenessMs: 1, sendLatenessMaxMs: 64 });
    session.released.resolve(undefined);
    await session.close();
    expect(session.stats()).toMatchObject({ sendLatenessMs: 0, sendLatenessMaxMs: 64 });
  });

  it('settles what was to be played when it is lost', async () => {
    const { session } = stage();
    const playback = session.play();
    session.onLost('cable cut');
    expect(await playback.finished).toMatchObject({ outcome: 'closed', playedMs: 0 });
  });

  it('closes its rings when its carrier has let go, and only then; once', async () => {
    const { session, memory } = stage();
    const closing = [session.close(), session.close()];
    const rings = [new AudioRingReader(memory.heard), new AudioRingReader(memory.sent)];
    expect(rings.map(({ closed }) => closed)).toEqual([false, false]);
    session.released.resolve(undefined);
    await Promise.all(closing);
    expect(rings.map(({ closed }) => closed)).toEqual([true, true]);
    expect(session.done).toEqual(['release', 'closed']);
    await expect(session.attached).rejects.toMatchObject({ code: 'MEDIA_NOT_ATTACHED' });
  });

  it('tells its carrier of a flush at once', () => {
    const { session } = stage();
    session.flush();
    expect(session.done).toEqual(['flush']);
  });

  it('counts what its carrier counts, what it refused itself, and what still waits', async () => {
    const { session, memory } = stage();
    new MediaStatsBlock(memory.stats).add(STAT.packetsReceived, 3);
    const playback = session.play();
    await playback.write({ encoding: 'ulaw', rateHz: 8000, bytes: new Uint8Array(480) });
    playback.end();
    expect(session.stats()).toMatchObject({ packetsReceived: 3, packetsSent: 0, framesDropped: 0 });
    expect(session.stats()).toMatchObject({ startedAt: undefined, lastReceivedAt: undefined });
    // Its end mark may stand in a slot of its own.
    expect([60, 80]).toContain(session.stats().queuedMs);
  });
});
