/** What is true of a pause, whatever a gateway sends. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MediaSession } from '../../../src/dialog/contract/ports.ts';
import type { PcmS16 } from '../../../src/media/audio.ts';
import { AudioRingReader, FRAME_FILLER } from '../../../src/media/audio-ring.ts';
import { FlushLine } from '../../../src/media/flush-line.ts';
import {
  type ContractCaller,
  type ContractWire,
  type MediaGatewayHarness,
  pcmAt,
  readAll,
  until,
} from './media-gateway.contract.ts';
import { noise as noiseAt, withoutSilence as withoutSilenceAt } from './sound.ts';

/** A wire that has a memory, or loses something, has no `carry`: what was heard is measured, not compared. */
export type PausedWire = Omit<ContractWire, 'carry' | 'zero'> & { readonly carry?: ContractWire['carry'] };

const TONE_HZ = 300;
const TONE_HEIGHT = 8000;

/** 20 ms hold whole periods, and a frame begins at the height of one: where a cut is heard most. */
function toneAt(rateHz: number, ms: number): Int16Array {
  const count = (rateHz * ms) / 1000;
  const ramp = rateHz / 50;
  return Int16Array.from({ length: count }, (_, i) => {
    const gain = Math.min(1, i / ramp, (count - 1 - i) / ramp);
    return Math.round(TONE_HEIGHT * gain * Math.cos((2 * Math.PI * TONE_HZ * i) / rateHz));
  });
}

function steepest(samples: Int16Array): number {
  let most = 0;
  for (let i = 1; i < samples.length; i++) most = Math.max(most, Math.abs(samples[i]! - samples[i - 1]!));
  return most;
}

export function describePauses(
  name: string,
  makeHarness: () => Promise<MediaGatewayHarness>,
  wire: PausedWire,
): void {
  const { request, format, carry } = wire;
  const { rateHz } = format;
  const frame = rateHz / 50;
  /** So many samples as `count` at 8,000 Hz last. */
  const noise = (count: number, seed?: number): Int16Array => noiseAt((count * rateHz) / 8000, seed);
  const pcm = (samples: Int16Array): PcmS16 => pcmAt(samples, rateHz);
  const withoutSilence = (samples: Int16Array): Int16Array => withoutSilenceAt(samples, frame);

  describe(`pauses of the ${name} media gateway with ${wire.name}`, () => {
    let harness: MediaGatewayHarness;
    const lateness = monitorEventLoopDelay({ resolution: 5 });
    beforeEach(async () => {
      harness = await makeHarness();
      lateness.enable();
      lateness.reset();
    });
    afterEach(async () => {
      lateness.disable();
      await harness.close();
    });

    const hasStalled = (session: MediaSession): boolean => session.stats().sendLatenessMaxMs >= 20;
    /**
     * A far side that plays by its own clock shares this thread. Where the thread stood still, the far side is behind, and a
     * pause takes back more than it has told: what it plays is cut then, whatever we have sent. It also plays the holes of a
     * sender that stood still.
     */
    const isFarSideOff = (session: MediaSession): boolean =>
      harness.account !== undefined && (lateness.max >= 30e6 || hasStalled(session));

    /** What was heard, in which the fades of a pause show as frames that aren't of `sound`. */
    const heardFrames = (caller: ContractCaller): Int16Array[] => {
      const heard = withoutSilence(caller.ear());
      return Array.from({ length: Math.floor(heard.length / frame) }, (_, n) =>
        heard.subarray(n * frame, (n + 1) * frame),
      );
    };
    const isQuietFrom = (samples: Int16Array, from: number): boolean =>
      samples.subarray(from).every((sample) => Math.abs(sample) <= 8);

    it('is heard as no click, where it pauses and where it goes on', async () => {
      const { session, caller } = await harness.call({ id: 'click', ...request });
      const sound = toneAt(rateHz, 600);
      const playback = session.play();
      await playback.write(pcm(sound));
      playback.end();
      const sent = new AudioRingReader(session.sent, 0);
      for (const from of [undefined, 110]) {
        const before = playback.playedMs();
        await until(() => playback.playedMs() >= before + 140);
        playback.pause();
        const then = sent.written;
        await until(() => sent.written >= then + 8);
        playback.resume(from);
      }
      expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 600, pauses: 2 });
      const soundMs = (samples: Int16Array): number =>
        (samples.filter((sample) => Math.abs(sample) > 100).length * 1000) / rateHz;
      await until(() => soundMs(caller.ear()) > soundMs(sound) + 100);
      const then = sent.written;
      await until(() => sent.written >= then + 5);
      const ear = caller.ear();
      // A machine that stalls leaves holes in the record, which aren't a pause's.
      const stalled = hasStalled(session);
      const frames = readAll(sent).filter(({ flags }) => !stalled || !(flags & FRAME_FILLER));
      const recorded = Int16Array.from(frames.flatMap(({ samples }) => [...samples]));
      // The tone's own, and what companding may add at its height: 128 either way.
      const most = steepest(sound) + (carry && rateHz > 8000 ? 0 : 256);
      expect(isFarSideOff(session) ? 0 : steepest(ear)).toBeLessThanOrEqual(most);
      expect(steepest(recorded)).toBeLessThanOrEqual(most);
    });

    it('keeps its account through many pauses, and is right when it is flushed in one', async () => {
      const { session } = await harness.call({ id: 'pauses', ...request });
      const playback = session.play();
      await playback.write(pcm(noise(8000, 33)));
      const sent = new AudioRingReader(session.sent);
      for (let n = 1; n <= 3; n++) {
        const from = playback.playedMs();
        await until(() => playback.playedMs() >= from + 60);
        playback.pause();
        const then = sent.written;
        await until(() => sent.written >= then + 4);
        if (n < 3) playback.resume();
      }
      const played = playback.playedMs();
      playback.flush();
      expect(playback.resume()).toBeUndefined();
      expect(await playback.finished).toMatchObject({ outcome: 'flushed', playedMs: played, pauses: 3 });
      const next = session.play();
      await next.write(pcm(noise(320, 34)));
      next.end();
      playback.flush();
      playback.pause();
      expect(await next.finished).toMatchObject({ outcome: 'completed', playedMs: 40 });
    });

    it('settles what is paused when it closes', async () => {
      const { session } = await harness.call({ id: 'close-paused', ...request });
      const playback = session.play();
      await playback.write(pcm(noise(8000, 35)));
      await until(() => playback.playedMs() >= 60);
      playback.pause();
      const sent = new AudioRingReader(session.sent);
      const then = sent.written;
      await until(() => sent.written >= then + 6);
      const played = playback.playedMs();
      await session.close();
      expect(await playback.finished).toMatchObject({ outcome: 'closed', playedMs: played, pauses: 1 });
      expect(playback.paused).toBe(false);
    });

    it('begins paused when it was paused before its turn', async () => {
      const { session } = await harness.call({ id: 'begins-paused', ...request });
      const [first, second] = [session.play(), session.play()];
      second.pause();
      await first.write(pcm(noise(800, 36)));
      first.end();
      await second.write(pcm(noise(800, 37)));
      second.end();
      expect(await first.finished).toMatchObject({ outcome: 'completed', playedMs: 100, pauses: 0 });
      const sent = new AudioRingReader(session.sent);
      const then = sent.written;
      await until(() => sent.written >= then + 5);
      expect(second.playedMs()).toBe(0);
      expect(second.resume()).toBe(0);
      expect(await second.finished).toMatchObject({ outcome: 'completed', playedMs: 100, pauses: 1 });
    });

    it('is paused by whoever holds the flush line that is armed for it, however busy this thread is', async () => {
      const { session } = await harness.call({ id: 'trip-pause', ...request });
      const playback = session.play();
      await playback.write(pcm(noise(8000, 38)));
      await until(() => playback.playedMs() >= 40);
      new FlushLine(session.flushLine).arm('pause');
      const running = new SharedArrayBuffer(4);
      const tripper = new Worker(new URL('../../support/flush-tripper.ts', import.meta.url), {
        workerData: {
          flushLine: session.flushLine,
          afterMs: 50,
          running,
          decidedAt: new SharedArrayBuffer(8),
        },
      });
      await until(() => new Int32Array(running)[0] === 1);
      const from = playback.playedMs(); // the thread took its time to start
      const blockedUntil = performance.now() + 300;
      while (performance.now() < blockedUntil);
      expect(playback.paused).toBe(true);
      const sent = new AudioRingReader(session.sent);
      const then = sent.written;
      await until(() => sent.written >= then + 5);
      // The 50 ms until the decision and some more, and not the 300 for which this thread stood still.
      const played = playback.playedMs();
      expect(played - from).toBeLessThan(200);
      session.flush();
      expect(await playback.finished).toMatchObject({ outcome: 'flushed', playedMs: played });
      await tripper.terminate();
    });

    if (carry === undefined) return;

    it('pauses with a fade from the next packet on, and goes on at the sample where it stopped', async () => {
      const { session, caller } = await harness.call({ id: 'pause', ...request });
      const sound = noise(4800, 30);
      const playback = session.play();
      const behind = session.play();
      await playback.write(pcm(sound));
      playback.end();
      await behind.write(pcm(noise(320, 31)));
      behind.end();
      await until(() => playback.playedMs() >= 100);
      playback.pause();
      expect(playback.paused).toBe(true);
      const sent = new AudioRingReader(session.sent);
      const then = sent.written;
      await until(() => sent.written >= then + 3);
      const stoppedAt = playback.playedMs();
      // What was on its way arrives meanwhile; how much was heard in all is counted below.
      await until(() => sent.written >= then + 8);
      const ear = caller.ear().length;
      await until(() => sent.written >= then + 17);
      expect(playback.playedMs()).toBe(stoppedAt);
      expect(isQuietFrom(caller.ear(), ear)).toBe(true);
      const frames = stoppedAt / 20;
      const tolerance = isFarSideOff(session) ? 10 : (harness.account?.toleranceFrames ?? 0);
      const before = heardFrames(caller);
      expect(Math.abs(before.length - 1 - frames)).toBeLessThanOrEqual(tolerance);
      expect(isFarSideOff(session) || isQuietFrom(before.at(-1)!, frame / 2)).toBe(true);

      expect(playback.resume()).toBe(stoppedAt);
      expect(playback.paused).toBe(false);
      const account = await playback.finished;
      expect(account).toMatchObject({ outcome: 'completed', playedMs: 600, writtenMs: 600, pauses: 1 });
      expect(account.pausedMs).toBeGreaterThanOrEqual(200);
      expect(await behind.finished).toMatchObject({
        outcome: 'completed',
        playedMs: 40,
        pauses: 0,
        pausedMs: 0,
      });
      await until(() => heardFrames(caller).at(-1)?.at(-1) === carry(noise(320, 31)).at(-1));
      // All of it but what faded in, sample by sample.
      const after = heardFrames(caller).slice(before.length);
      expect(after.length).toBe(30 - frames + 2);
      const rest = Int16Array.from(after.slice(0, 30 - frames).flatMap((part) => [...part]));
      expect(rest.subarray(frame / 2)).toEqual(carry(sound).subarray((stoppedAt / 20) * frame + frame / 2));
      expect(Math.abs(rest[0]!)).toBeLessThan(300);
      // The recording has the same: speech, the fade, silence, the rest.
      const recorded = withoutSilence(
        Int16Array.from(readAll(new AudioRingReader(session.sent, 0)).flatMap(({ samples }) => [...samples])),
      );
      expect(recorded.subarray(0, frames * frame)).toEqual(carry(sound).subarray(0, frames * frame));
      expect(recorded.subarray((frames + 1) * frame, (frames + 1) * frame + rest.length)).toEqual(rest);
    });

    it('goes on from an earlier place, and counts the furthest that was heard', async () => {
      const { session, caller } = await harness.call({ id: 'earlier', ...request });
      const sound = noise(4800, 32);
      const playback = session.play();
      await playback.write(pcm(sound));
      playback.end();
      await until(() => playback.playedMs() >= 200);
      playback.pause();
      await until(
        () => isQuietFrom(caller.ear(), caller.ear().length - frame) || harness.account !== undefined,
      );
      const sent = new AudioRingReader(session.sent);
      const then = sent.written;
      await until(() => sent.written >= then + 6);
      const stoppedAt = playback.playedMs();
      const before = heardFrames(caller).length;
      expect(playback.resume(110)).toBe(100);
      expect(playback.playedMs()).toBe(stoppedAt);
      expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 600, pauses: 1 });
      await until(() => heardFrames(caller).length >= before + 25);
      const again = Int16Array.from(
        heardFrames(caller)
          .slice(before)
          .flatMap((part) => [...part]),
      );
      expect(again.subarray(frame / 2)).toEqual(carry(sound).subarray(5 * frame + frame / 2));
    });
  });
}
