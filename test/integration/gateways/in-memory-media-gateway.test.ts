import { describe, expect, it } from 'vitest';
import type { MediaEvent } from '../../../src/dialog/contract/call-media.ts';
import { echo } from '../../support/echo.ts';
import { InMemoryMediaGateway } from '../../support/in-memory-media-gateway.ts';
import type { G711Law } from '../../../src/media/audio.ts';
import { AudioRingReader } from '../../../src/media/audio-ring.ts';
import { decodeG711 } from '../../../src/media/g711.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import {
  describeMediaGateway,
  G711_WIRES,
  type MediaGatewayHarness,
  pcm,
  spoken,
} from './media-gateway.contract.ts';
import { describePauses } from './pause.contract.ts';
import { noise, throughG711, withoutSilence } from './sound.ts';

function harness(): Promise<MediaGatewayHarness> {
  const gateway = new InMemoryMediaGateway();
  return Promise.resolve({
    gateway,
    async call(request) {
      const session = await gateway.reserve(request);
      const law = session.format.encoding as G711Law;
      const farEnd = gateway.farEnd(request.id);
      const ear: number[] = [];
      farEnd.hear(({ payload }) => ear.push(...(payload ? decodeG711(law, payload) : new Int16Array(160))));
      return {
        session,
        caller: {
          say(samples) {
            farEnd.say(pcm(throughG711(law, samples)));
            return Promise.resolve();
          },
          ear: () => Int16Array.from(ear),
          press(digit) {
            farEnd.press(digit);
            return Promise.resolve();
          },
        },
      };
    },
    close: () => gateway.close(),
  });
}

describeMediaGateway('in-memory', harness);
for (const wire of G711_WIRES) describePauses('in-memory', harness, wire);

describe('in-memory media gateway by a test’s clock', () => {
  it('moves when the clock does, frame by frame, and leaves no timer behind', async () => {
    const clock = new ManualClock();
    const gateway = new InMemoryMediaGateway({ clock });
    const session = await gateway.reserve({ id: 'call' });
    const [heard, sent] = [new AudioRingReader(session.heard, 0), new AudioRingReader(session.sent, 0)];
    await clock.advance(100);
    expect([heard.written, sent.written]).toEqual([6, 6]);
    const playback = session.play();
    await playback.write(pcm(noise(480)));
    playback.end();
    const started = clock.now() + 20;
    await clock.advance(1000);
    expect(await playback.started).toBe(started);
    expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 60, at: started + 40 });
    expect([heard.written, sent.written]).toEqual([56, 56]);
    await gateway.close();
    expect(clock.pending).toBe(0);
  });

  it('carries linear audio of 16 kHz as a cloud gateway does, whatever comes in', async () => {
    const clock = new ManualClock();
    const gateway = new InMemoryMediaGateway({ clock, format: { encoding: 'pcm_s16', rateHz: 16000 } });
    const session = await gateway.reserve({ id: 'wide' });
    expect(session.format).toEqual({ encoding: 'pcm_s16', rateHz: 16000 });
    const frames: Uint8Array[] = [];
    gateway.farEnd('wide').hear(({ payload }) => {
      if (payload) frames.push(payload);
    });
    const playback = session.play();
    await playback.write(pcm(noise(8000)));
    playback.end();
    const said = noise(1600);
    gateway.farEnd('wide').say({ encoding: 'pcm_s16', rateHz: 16000, samples: said });
    await clock.advance(2000);
    expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 1000, writtenMs: 1000 });
    expect(frames.map(({ length }) => length)).toEqual(Array.from({ length: 50 }, () => 640));
    expect(spoken(session.heard)).toEqual(said);
    await gateway.close();
  });

  it('tells when the far end breaks the path, and plays nothing more', async () => {
    const gateway = new InMemoryMediaGateway({ clock: new ManualClock() });
    const session = await gateway.reserve({ id: 'broken' });
    const events: MediaEvent[] = [];
    session.on((event) => events.push(event));
    const playback = session.play();
    gateway.farEnd('broken').lose('cable cut');
    expect(events).toEqual([{ type: 'lost', reason: 'cable cut' }]);
    expect((await playback.finished).outcome).toBe('closed');
    await gateway.close();
    expect(() => gateway.farEnd('broken')).toThrow('no session "broken"');
  });
});

describe('echo', () => {
  it('plays back what the caller says until it is told to stop', async () => {
    const clock = new ManualClock();
    const gateway = new InMemoryMediaGateway({ clock });
    const session = await gateway.reserve({ id: 'echo', codec: 'alaw' });
    const farEnd = gateway.farEnd('echo');
    const ear: number[] = [];
    farEnd.hear(({ payload }) => ear.push(...(payload ? decodeG711('alaw', payload) : [])));
    const stop = new AbortController();
    const echoing = echo(session, stop.signal);
    const said = throughG711('alaw', noise(800));
    farEnd.say(pcm(said));
    await clock.until(() => ear.length >= 800, 2000);
    expect(withoutSilence(Int16Array.from(ear))).toEqual(said);
    stop.abort();
    await echoing;
    await gateway.close();
  });

  it('ends with the session', async () => {
    const gateway = new InMemoryMediaGateway({ clock: new ManualClock() });
    const session = await gateway.reserve({ id: 'echo' });
    const echoing = echo(session, new AbortController().signal);
    await session.close();
    await echoing;
    expect(new AudioRingReader(session.heard).closed).toBe(true);
  });
});
