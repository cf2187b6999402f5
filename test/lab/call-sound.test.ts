import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallSound } from '../../lab/call-sound.ts';
import { LOUD, SILENT, rtpSeen } from './rtp-seen.ts';

describe('One direction of a call', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Lets time pass with a packet each 20 ms: `pattern` says for each whether it is loud, silent or not sent. */
  async function pass(sound: CallSound, pattern: string): Promise<void> {
    for (const kind of pattern) {
      const index = (Date.now() - 1_000_000) / 20;
      if (kind !== ' ') sound.take(rtpSeen(index, { payload: kind === '#' ? LOUD : SILENT }));
      await vi.advanceTimersByTimeAsync(20);
    }
  }

  it('knows when somebody began and stopped to speak', async () => {
    const sound = new CallSound();
    const utterance = sound.utterance({ timeoutMs: 5000, quietMs: 300 });
    await pass(sound, '..........####################' + '.'.repeat(20));
    expect(await utterance).toEqual({ startedAt: 1_000_200, endedAt: 1_000_580 });
  });

  it('takes the end of packets for the end of speech', async () => {
    const sound = new CallSound();
    const utterance = sound.utterance({ timeoutMs: 5000, quietMs: 300 });
    await pass(sound, '##########' + ' '.repeat(20));
    expect(await utterance).toEqual({ startedAt: 1_000_000, endedAt: 1_000_180 });
  });

  it('takes a short pause for a part of the utterance', async () => {
    const sound = new CallSound();
    const utterance = sound.utterance({ timeoutMs: 5000, quietMs: 700 });
    await pass(sound, '#'.repeat(20) + '.'.repeat(20) + '#'.repeat(20) + '.'.repeat(40));
    expect(await utterance).toEqual({ startedAt: 1_000_000, endedAt: 1_001_180 });
  });

  it('takes a single click for no speech, and says so when the time is up', async () => {
    const sound = new CallSound();
    const speech = sound.speech({ timeoutMs: 500 });
    await pass(sound, '.....#.......##..............');
    expect(await speech).toBe(false);
  });

  it('stops waiting when it is told to', async () => {
    const controller = new AbortController();
    const quiet = new CallSound().quiet({ timeoutMs: 60_000, quietMs: 50_000, signal: controller.signal });
    controller.abort();
    expect(await quiet).toBe(false);
  });

  it('lays packets on the clock: by timestamp within a stretch, by arrival after a pause', () => {
    const sound = new CallSound();
    sound.take(rtpSeen(0));
    sound.take(rtpSeen(1, { at: 1_000_031 }));
    // A pause during which the timestamps stood still.
    sound.take({ ...rtpSeen(2), at: 1_000_500 });
    const samples = sound.samples(1_000_000, 1_000_520);
    const loud = (ms: number): boolean => samples[ms * 8] !== 0;
    expect([0, 19, 20, 39, 40, 499, 500, 519].map(loud)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      true,
      true,
    ]);
  });

  it('counts packets that never came', () => {
    const sound = new CallSound();
    for (const index of [0, 1, 2, 5, 6]) sound.take(rtpSeen(index));
    expect(sound.stats()).toEqual({ packets: 5, lost: 2 });
  });
});
