import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlaybackQueue } from '../../../src/gateways/playout/playback-queue.ts';
import { createPlayoutAccounts, PlayoutAccounts } from '../../../src/gateways/playout/playout-accounts.ts';
import {
  createPlayoutRing,
  PlayoutRingWriter,
  SLOT_END,
} from '../../../src/gateways/playout/playout-ring.ts';
import { PlayoutSource, type PlayoutReport } from '../../../src/gateways/playout/playout-source.ts';
import { createFlushLine, FlushLine } from '../../../src/media/flush-line.ts';
import { decodeG711 } from '../../../src/media/g711.ts';

const FRAME = new Uint8Array(4);

function setUp() {
  const handles = {
    ring: createPlayoutRing({ frameBytes: 4, silenceByte: 0, slots: 8 }),
    flushLine: createFlushLine(),
    accounts: createPlayoutAccounts(),
  };
  const reports: PlayoutReport[] = [];
  const writer = new PlayoutRingWriter(handles.ring);
  const line = new FlushLine(handles.flushLine);
  const pushed = new Map<number, number>();
  return {
    writer,
    reports,
    line,
    accounts: new PlayoutAccounts(handles.accounts),
    source: new PlayoutSource(handles, (report) => reports.push(report)),
    push: (utterance: number, samples: number, flags = 0, epoch = line.epoch): void => {
      const position = pushed.get(utterance) ?? 0;
      pushed.set(utterance, position + samples);
      writer.push(utterance, epoch, position, samples, flags, FRAME, 0, samples);
    },
  };
}

describe('playout source', () => {
  it('accounts for each frame as it hands it out, the padded last one by its speech', () => {
    const { source, push, reports } = setUp();
    push(1, 4);
    push(1, 3, SLOT_END);
    expect([source.take(FRAME, 10), source.take(FRAME, 30), source.take(FRAME, 50)]).toEqual([4, 3, 0]);
    expect(reports).toEqual([
      { type: 'started', utterance: 1, at: 10 },
      {
        type: 'completed',
        utterance: 1,
        account: { samples: 7, startedAt: 10, lastAt: 30, completed: true, pauses: 0, pausedMs: 0 },
      },
    ]);
  });

  it('is ready when there is something to say, and neither a pause nor a flush of it', () => {
    const { source, push, line } = setUp();
    expect(source.isReady).toBe(false);
    push(1, 4);
    expect(source.isReady).toBe(true);
    line.pause();
    expect(source.isReady).toBe(false);
    line.resume();
    expect(source.isReady).toBe(true);
    line.flush();
    expect(source.isReady).toBe(false);
    push(2, 4);
    source.take(FRAME, 10);
    expect(source.isReady).toBe(false);
  });

  it('completes an utterance with its last frame when the end mark waits behind it', () => {
    const { source, push, reports } = setUp();
    push(1, 4);
    push(1, 0, SLOT_END);
    source.take(FRAME, 10);
    expect(reports.map(({ type }) => type)).toEqual(['started', 'completed']);
  });

  it('goes on to the next utterance in the same tick when an end mark comes late', () => {
    const { source, push, reports } = setUp();
    push(1, 4);
    source.take(FRAME, 10);
    push(1, 0, SLOT_END);
    push(2, 4);
    expect(source.take(FRAME, 30)).toBe(4);
    expect(reports.map((report) => [report.type, 'utterance' in report && report.utterance])).toEqual([
      ['started', 1],
      ['completed', 1],
      ['started', 2],
    ]);
  });

  it('drops what a flush has voided, tells of the utterance that it cut off, and plays what came after', () => {
    const { source, push, line, reports } = setUp();
    push(1, 4);
    push(1, 4);
    push(2, 4);
    source.take(FRAME, 10);
    line.flush();
    push(3, 2);
    expect(source.take(FRAME, 30)).toBe(2);
    expect(reports).toEqual([
      { type: 'started', utterance: 1, at: 10 },
      {
        type: 'flushed',
        epoch: 1,
        current: {
          utterance: 1,
          account: { samples: 4, startedAt: 10, lastAt: 10, completed: false, pauses: 0, pausedMs: 0 },
        },
      },
      { type: 'started', utterance: 3, at: 30 },
    ]);
  });

  it('drops what was pushed late by a writer that had not seen the flush', () => {
    const { source, push, line } = setUp();
    const before = line.epoch;
    line.flush();
    source.applyFlush();
    push(1, 4, 0, before);
    expect(source.take(FRAME, 10)).toBe(0);
  });

  it('tells of a flush once', () => {
    const { source, line, reports } = setUp();
    line.flush();
    source.applyFlush();
    source.take(FRAME, 10);
    expect(reports).toEqual([{ type: 'flushed', epoch: 1 }]);
  });

  it('keeps the account in shared memory, for the last 64 utterances', () => {
    const { source, push, accounts } = setUp();
    for (let utterance = 1; utterance <= 65; utterance++) {
      push(utterance, 4, SLOT_END);
      source.take(FRAME, utterance);
    }
    expect(accounts.read(65)).toEqual({
      samples: 4,
      startedAt: 65,
      lastAt: 65,
      completed: true,
      pauses: 0,
      pausedMs: 0,
    });
    expect(accounts.samplesOf(2)).toBe(4);
    expect(accounts.read(1)).toEqual({
      samples: 0,
      startedAt: undefined,
      lastAt: undefined,
      completed: false,
      pauses: 0,
      pausedMs: 0,
    });
  });
});

describe('a pause of the playout source', () => {
  /** A ring of real G.711 frames whose listener hears which frame of which utterance was played in full. */
  function listening() {
    const handles = {
      ring: createPlayoutRing({ frameBytes: 160, silenceByte: 0xff, slots: 50 }),
      flushLine: createFlushLine(),
      accounts: createPlayoutAccounts(),
    };
    const reports: PlayoutReport[] = [];
    const queue = new PlaybackQueue({
      handles,
      format: { encoding: 'ulaw', rateHz: 8000 },
      clock: { now: () => now },
      flush: (epoch) => {
        queue.flush(epoch);
      },
    });
    const report = (told: PlayoutReport): void => {
      reports.push(told);
      queue.report(told);
    };
    let source = new PlayoutSource(handles, report);
    let now = 0;
    const into = new Uint8Array(160);
    return {
      queue,
      line: new FlushLine(handles.flushLine),
      reports,
      restart: (): void => {
        source = new PlayoutSource(handles, report);
      },
      /** The frame of the next tick; undefined: silence. */
      tick: (): Uint8Array | undefined => {
        now += 20;
        return source.take(into, now) > 0 ? into.slice() : undefined;
      },
    };
  }

  /** Frame `n` of an utterance: one loud byte that tells which it is. */
  const framesOf = (count: number, from = 0): Uint8Array =>
    Uint8Array.from({ length: count * 160 }, (_, at) => 1 + ((from + Math.floor(at / 160)) % 100));
  const whole = (frame: Uint8Array | undefined): number | undefined =>
    frame && frame.every((byte) => byte === frame[0]) ? (frame[0] as number) - 1 : undefined;
  const ulaw = (bytes: Uint8Array) => ({ encoding: 'ulaw', rateHz: 8000, bytes }) as const;

  it('fades out and in within 10 ms, without a step, and loses nothing', () => {
    const { queue, tick } = listening();
    const playback = queue.play();
    void playback.write(ulaw(framesOf(4)));
    playback.end();
    expect(whole(tick())).toBe(0);
    playback.pause();
    const out = decodeG711('ulaw', tick()!);
    expect(tick()).toBeUndefined();
    playback.resume();
    const into = decodeG711('ulaw', tick()!);
    const full = Math.abs(decodeG711('ulaw', Uint8Array.of(2))[0]!);
    const steps = (samples: Int16Array): number =>
      Math.max(...[...samples].slice(1).map((sample, at) => Math.abs(sample - samples[at]!)));
    expect(Math.abs(out[0]!)).toBeGreaterThan(full * 0.95);
    expect(Math.abs(into[0]!)).toBeLessThan(full * 0.05);
    expect(out.subarray(80).every((sample) => sample === 0)).toBe(true);
    expect(into.subarray(80).every((sample) => Math.abs(sample) === full)).toBe(true);
    // The steepest of 10 ms of a raised cosine is 2 % of the height; G.711 rounds to 3 %.
    expect(steps(out)).toBeLessThan(full * 0.06);
    expect(steps(into)).toBeLessThan(full * 0.06);
    expect([whole(tick()), whole(tick()), tick()]).toEqual([2, 3, undefined]);
  });

  it('comes back paused, where it was, when its thread is restarted', async () => {
    const { queue, tick, restart } = listening();
    const playback = queue.play();
    void playback.write(ulaw(framesOf(4)));
    playback.end();
    tick();
    tick();
    playback.pause();
    tick();
    restart();
    expect([tick(), tick()]).toEqual([undefined, undefined]);
    expect(playback.playedMs()).toBe(40);
    expect(playback.resume(0)).toBe(0);
    expect([tick() !== undefined, whole(tick()), whole(tick()), whole(tick())]).toEqual([true, 1, 2, 3]);
    expect(await playback.finished).toMatchObject({ playedMs: 80, pauses: 1, pausedMs: 60 });
  });

  it('counts the furthest place that was heard when it is flushed before it has come there again', async () => {
    const { queue, tick } = listening();
    const playback = queue.play();
    void playback.write(ulaw(framesOf(10)));
    for (let n = 0; n < 6; n++) tick();
    playback.pause();
    tick();
    playback.resume(0);
    tick();
    tick();
    playback.flush();
    tick();
    expect(await playback.finished).toMatchObject({ outcome: 'flushed', playedMs: 120 });
  });

  it('goes back no more than two seconds, and says so', () => {
    const { queue, tick } = listening();
    const playback = queue.play();
    void playback.write(ulaw(framesOf(200)));
    for (let n = 0; n < 40; n++) tick();
    playback.pause();
    tick();
    expect(playback.resume(10_000)).toBe(800);
    for (let n = 0; n < 10; n++) tick();
    const { queue: other, tick: next } = listening();
    const long = other.play();
    for (let n = 0; n < 4; n++) {
      void long.write(ulaw(framesOf(40, n * 40)));
      for (let m = 0; m < 40; m++) next();
    }
    long.pause();
    next();
    const back = long.resume(0)!;
    expect(back).toBeGreaterThanOrEqual(long.playedMs() - 2000);
    expect(back).toBeLessThanOrEqual(long.playedMs() - 1900);
    next();
    expect(whole(next())).toBe((back / 20 + 1) % 100);
  });

  it('has the account that its listener has, whatever is paused, resumed, flushed and written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            {
              weight: 6,
              arbitrary: fc.record({ do: fc.constant('tick' as const), n: fc.integer({ min: 1, max: 8 }) }),
            },
            {
              weight: 3,
              arbitrary: fc.record({ do: fc.constant('write' as const), n: fc.integer({ min: 1, max: 12 }) }),
            },
            {
              weight: 2,
              arbitrary: fc.record({
                do: fc.constantFrom('pause', 'resume', 'end', 'flush', 'trip', 'restart'),
                n: fc.nat(0),
              }),
            },
            { weight: 2, arbitrary: fc.record({ do: fc.constant('from' as const), n: fc.nat(60) }) },
            { weight: 2, arbitrary: fc.record({ do: fc.constant('again' as const), n: fc.nat(30) }) },
            { weight: 1, arbitrary: fc.record({ do: fc.constant('end paused' as const), n: fc.nat(20) }) },
          ),
          { maxLength: 60 },
        ),
        async (steps) => {
          const { queue, line, tick, restart } = listening();
          let playback = queue.play();
          let written = 0;
          let furthest = 0;
          const check = async (): Promise<void> => {
            const account = await playback.finished;
            expect(account.playedMs).toBe(furthest * 20);
            expect(account.writtenMs).toBe(written * 20);
            if (account.outcome === 'completed') expect(furthest).toBe(written);
            playback = queue.play();
            written = 0;
            furthest = 0;
          };
          const listen = (): void => {
            const before = playback.paused;
            const frame = tick();
            hear(before, frame);
            expect(playback.playedMs()).toBe(furthest * 20);
          };
          const hear = (before: boolean, frame: Uint8Array | undefined): void => {
            if (!frame) return;
            const isFade = frame.subarray(80).every((byte) => byte === 0xff);
            if (isFade) return;
            expect(before).toBe(false);
            furthest = Math.max(furthest, frame[159] as number);
          };
          for (const step of steps) {
            if (step.do === 'tick') for (let n = 0; n < step.n; n++) listen();
            else if (step.do === 'write' && written + step.n <= 60) {
              if (
                await Promise.race([playback.write(ulaw(framesOf(step.n, written))), Promise.resolve(true)])
              )
                written += step.n;
            } else if (step.do === 'pause') playback.pause();
            else if (step.do === 'resume') playback.resume();
            else if (step.do === 'from') playback.resume(step.n * 20);
            else if (step.do === 'restart') restart();
            else if (step.do === 'trip') {
              line.arm('pause');
              line.trip();
            } else if (step.do === 'flush') {
              playback.flush();
              listen();
              await check();
            } else if (step.do === 'again') {
              // What the caller interrupts, and what goes on a little before that.
              playback.pause();
              listen();
              listen();
              playback.resume(Math.max(0, furthest - 1 - (step.n % 6)) * 20);
              for (let n = 0; n < step.n % 5; n++) listen();
            } else if (step.do === 'end' || step.do === 'end paused') {
              if (step.do === 'end paused') {
                if (step.n % 2 === 0) playback.pause();
                playback.end();
                for (let n = 0; n < step.n; n++) listen();
                if (step.n % 3 > 0) playback.pause();
                listen();
                listen();
                if (step.n % 5 > 0) playback.resume(Math.max(0, furthest - (step.n % 4)) * 20);
              }
              playback.end();
              playback.resume();
              for (let n = 0; n < 130; n++) listen();
              await check();
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
