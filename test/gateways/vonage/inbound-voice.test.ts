import { describe, expect, it } from 'vitest';
import { createMediaStats, MediaStatsBlock } from '../../../src/gateways/media-stats-block.ts';
import { InboundVoice } from '../../../src/gateways/vonage/inbound-voice.ts';
import { AudioRingReader, createAudioRing, FRAME_FILLER } from '../../../src/media/audio-ring.ts';
import { readAll } from '../../integration/gateways/media-gateway.contract.ts';

const loud = (value = 8000): Uint8Array => new Uint8Array(new Int16Array(160).fill(value).buffer);
const quiet = loud(1);

function stage() {
  const heard = createAudioRing(8000);
  const stats = new MediaStatsBlock(createMediaStats());
  const voice = new InboundVoice(heard, stats);
  const reader = new AudioRingReader(heard, 0);
  return { voice, stats: () => stats.read(), frames: () => readAll(reader) };
}

describe('the caller’s voice from Vonage', () => {
  it('is in the ring in the turn in which it comes', () => {
    const { voice, frames, stats } = stage();
    voice.receive(loud(), 10);
    expect(frames()).toMatchObject([{ flags: 0 }]);
    expect(stats()).toMatchObject({ packetsReceived: 1, packetsLate: 0 });
  });

  it('is silence where nothing comes, from the fourth frame on, so that time goes on', () => {
    const { voice, frames } = stage();
    voice.tick(3, 60);
    expect(frames()).toEqual([]);
    voice.tick(10, 200);
    const filled = frames();
    expect(filled).toHaveLength(7);
    expect(filled.every(({ flags }) => (flags & FRAME_FILLER) !== 0)).toBe(true);
  });

  it('is made up for in pauses when a pause of the network comes all at once', () => {
    const { voice, frames, stats } = stage();
    voice.tick(0, 0);
    for (let n = 0; n < 5; n += 1) voice.receive(quiet, 0);
    expect(stats().packetsLate).toBe(0);
    voice.receive(quiet, 0); // six ahead of the clock: silence isn't missed
    expect(stats().packetsLate).toBe(1);
    for (let n = 0; n < 60; n += 1) voice.receive(loud(), 0); // speech is kept, up to a second of it
    expect(frames()).toHaveLength(50);
    expect(stats()).toMatchObject({ packetsReceived: 66, packetsLate: 16 });
  });

  it('is counted as malformed where it isn’t 20 ms', () => {
    const { voice, frames, stats } = stage();
    for (const length of [0, 1, 318, 322, 640]) voice.receive(new Uint8Array(length), 0);
    expect(frames()).toEqual([]);
    expect(stats()).toMatchObject({ packetsReceived: 0, packetsMalformed: 5 });
  });
});
