import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MediaEvent, MediaRequest } from '../../../src/dialog/contract/call-media.ts';
import type { MediaGateway, MediaSession } from '../../../src/dialog/contract/ports.ts';
import type { AudioFormat, PcmS16, SampleRateHz } from '../../../src/media/audio.ts';
import { AudioRingReader, FRAME_FILLER, type AudioRingHandle } from '../../../src/media/audio-ring.ts';
import { FlushLine } from '../../../src/media/flush-line.ts';
import { noise as noiseAt, padded, throughG711, withoutSilence as withoutSilenceAt } from './sound.ts';

/** The other end of a session, whatever lies between. */
export interface ContractCaller {
  /** Speaks in real time; resolves when all has been said. */
  say(samples: Int16Array): Promise<void>;
  /** Everything that came to the ear so far, in order, as linear samples at the wire's rate. */
  ear(): Int16Array;
  press(digit: string): Promise<void>;
}

/** What goes over a gateway's wire, and what is left of it at the other end. */
export interface ContractWire {
  readonly name: string;
  /** What a request must ask for. */
  readonly request: Omit<MediaRequest, 'id'>;
  readonly format: AudioFormat;
  /** Samples at the wire's rate as they come out at the far end. */
  readonly carry: (samples: Int16Array) => Int16Array;
  /** What short frames are padded with, as it comes out. */
  readonly zero: number;
}

export interface MediaGatewayHarness {
  readonly gateway: MediaGateway;
  /** Who says what was played; by so many frames the account of what was cut off may differ from the ear's. */
  readonly account?: { readonly accuracy: 'reported'; readonly toleranceFrames: number };
  /** Reserves a session and attaches its far side. */
  call(request: MediaRequest): Promise<{ session: MediaSession; caller: ContractCaller }>;
  close(): Promise<void>;
}

const LAW_ZERO = { ulaw: 0, alaw: 8 } as const;
export const G711_WIRES: readonly ContractWire[] = (['ulaw', 'alaw'] as const).map((law) => ({
  name: law,
  request: { codec: law },
  format: { encoding: law, rateHz: 8000 },
  carry: (samples) => throughG711(law, samples),
  zero: LAW_ZERO[law],
}));

/** The sentences that are true of every media gateway; the first wire is what it has by default. */
export function describeMediaGateway(
  name: string,
  makeHarness: () => Promise<MediaGatewayHarness>,
  wires: readonly ContractWire[] = G711_WIRES,
): void {
  const [{ format, carry }] = wires as readonly [ContractWire];
  const { rateHz } = format;
  const frame = rateHz / 50;
  /** So many samples as `count` at 8,000 Hz last. */
  const noise = (count: number, seed?: number): Int16Array => noiseAt((count * rateHz) / 8000, seed);
  const pcm = (samples: Int16Array): PcmS16 => pcmAt(samples, rateHz);
  const withoutSilence = (samples: Int16Array): Int16Array => withoutSilenceAt(samples, frame);

  describe(`${name} media gateway`, () => {
    let harness: MediaGatewayHarness;
    beforeEach(async () => {
      harness = await makeHarness();
    });
    afterEach(async () => {
      await harness.close();
    });

    describe.each(wires)('with $name', ({ request, format, carry, zero }) => {
      it('carries both voices from reserve to close', async () => {
        const { session, caller } = await harness.call({ id: 'both', ...request });
        expect(session.format).toEqual(format);
        await session.attached;

        const question = noise(1600, 3);
        const answer = noise(1600, 4);
        const playback = session.play();
        const written = playback.write(pcm(answer));
        playback.end();
        await caller.say(question);
        expect(await written).toBe(true);
        expect(await playback.finished).toMatchObject({
          outcome: 'completed',
          playedMs: 200,
          writtenMs: 200,
        });
        await until(() => spoken(session.heard).length >= question.length);
        await until(() => withoutSilence(caller.ear()).length >= answer.length);
        expect(spoken(session.heard)).toEqual(carry(question));
        expect(withoutSilence(caller.ear())).toEqual(carry(answer));

        await session.close();
        expect(new AudioRingReader(session.heard).closed).toBe(true);
        expect(new AudioRingReader(session.sent).closed).toBe(true);
      });

      it('pads the last short frame with silence and counts only what was speech', async () => {
        const { session, caller } = await harness.call({ id: 'short', ...request });
        const sound = noise(250, 5);
        const playback = session.play();
        await playback.write(pcm(sound));
        playback.end();
        expect(await playback.finished).toMatchObject({
          outcome: 'completed',
          playedMs: 31.25,
          writtenMs: 31.25,
        });
        await until(() => withoutSilence(caller.ear()).length >= 2 * frame);
        expect(withoutSilence(caller.ear())).toEqual(padded(carry(sound), zero, frame));
      });
    });

    it('plays utterances one behind the other, however they are cut into writes', async () => {
      const { session, caller } = await harness.call({ id: 'order' });
      const first = noise(480, 6);
      const second = noise(320, 7);
      const a = session.play();
      const b = session.play();
      const behind = b.write(pcm(second));
      for (let offset = 0; offset < first.length; offset += 77) {
        await a.write(pcm(first.subarray(offset, offset + 77)));
      }
      a.end();
      expect(await behind).toBe(true);
      b.end();
      const [one, two] = await Promise.all([a.finished, b.finished]);
      expect(one).toMatchObject({ outcome: 'completed', playedMs: 60 });
      expect(two).toMatchObject({ outcome: 'completed', playedMs: 40 });
      expect(one.at).toBeLessThan((await b.started)!);
      await until(() => withoutSilence(caller.ear()).length >= 5 * frame);
      expect(withoutSilence(caller.ear())).toEqual(carry(Int16Array.of(...first, ...second)));
    });

    it('dates the first packet, and counts what has been played while it plays', async () => {
      const { session } = await harness.call({ id: 'dates' });
      const playback = session.play();
      expect(playback.playedMs()).toBe(0);
      await playback.write(pcm(noise(1600, 8)));
      playback.end();
      const started = await playback.started;
      await until(() => playback.playedMs() >= 60);
      expect(playback.playedMs() % 20).toBe(0);
      const account = await playback.finished;
      expect(account.at - started!).toBeGreaterThan(100);
      expect(playback.playedMs()).toBe(200);
    });

    it('completes an utterance in which nothing was said', async () => {
      const { session } = await harness.call({ id: 'empty' });
      const playback = session.play();
      playback.end();
      expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 0, writtenMs: 0 });
      expect(await playback.started).toBeUndefined();
    });

    it('keeps both directions on one timeline, silence included', async () => {
      const { session, caller } = await harness.call({ id: 'timeline' });
      const sent = new AudioRingReader(session.sent, 0);
      const heard = new AudioRingReader(session.heard, 0);
      await until(() => sent.written >= 10);
      const playback = session.play();
      await playback.write(pcm(noise(800, 9)));
      playback.end();
      await caller.say(noise(800, 10));
      await playback.finished;
      await until(() => sent.written >= 30);
      // Silence has frames, too: the directions differ by no more than what is under way.
      expect(Math.abs(heard.written - sent.written)).toBeLessThanOrEqual(5);
      const frames = readAll(sent);
      const fillers = frames.filter((frame) => frame.flags & FRAME_FILLER);
      expect(frames.length - fillers.length).toBe(5);
      expect(fillers.every((frame) => frame.samples.every((sample) => sample === 0))).toBe(true);
      const [first, last] = [frames[0]!, frames.at(-1)!];
      expect(Math.abs(last.time - first.time - (frames.length - 1) * 20)).toBeLessThan(40);
    });

    it('says nothing more after a flush, and accounts for what was said before it', async () => {
      const { session, caller } = await harness.call({ id: 'flush' });
      const sound = noise(8000, 11);
      const playback = session.play();
      await playback.write(pcm(sound));
      await until(() => playback.playedMs() >= 100);
      session.flush();
      const account = await playback.finished;
      expect(account).toMatchObject({
        outcome: 'flushed',
        writtenMs: 1000,
        accuracy: harness.account?.accuracy ?? 'exact',
      });
      expect(account.playedMs).toBeLessThan(300);
      expect(await playback.write(pcm(sound))).toBe(false);

      const frames = account.playedMs / 20;
      const tolerance = harness.account?.toleranceFrames ?? 0;
      const heardFrames = (): number => withoutSilence(caller.ear()).length / frame;
      await until(() => heardFrames() >= frames - tolerance);
      const sent = new AudioRingReader(session.sent);
      const then = sent.written;
      await until(() => sent.written >= then + 5);
      expect(Math.abs(heardFrames() - frames)).toBeLessThanOrEqual(tolerance);
      expect(withoutSilence(caller.ear())).toEqual(carry(sound.subarray(0, heardFrames() * frame)));
    });

    it('flushes an utterance that has nothing queued at this moment', async () => {
      const { session } = await harness.call({ id: 'underrun' });
      const playback = session.play();
      await playback.write(pcm(noise(320, 12)));
      await until(() => playback.playedMs() === 40);
      session.flush();
      expect(await playback.finished).toMatchObject({ outcome: 'flushed', playedMs: 40, writtenMs: 40 });
    });

    it('is flushed by whoever holds the armed flush line', async () => {
      const { session } = await harness.call({ id: 'trip' });
      const playback = session.play();
      await playback.write(pcm(noise(8000, 13)));
      const line = new FlushLine(session.flushLine);
      line.arm();
      await until(() => playback.playedMs() >= 40);
      new FlushLine(session.flushLine).trip();
      expect((await playback.finished).outcome).toBe('flushed');
    });

    it('speaks again after a flush', async () => {
      const { session, caller } = await harness.call({ id: 'again' });
      const cut = session.play();
      await cut.write(pcm(noise(8000, 14)));
      session.flush();
      const next = noise(480, 15);
      const playback = session.play();
      await playback.write(pcm(next));
      playback.end();
      expect((await cut.finished).outcome).toBe('flushed');
      expect(await playback.finished).toMatchObject({ outcome: 'completed', playedMs: 60 });
      // What had left before the flush was heard, too.
      const last = () => withoutSilence(caller.ear()).slice(-3 * frame);
      await until(() => last().at(-1) === carry(next).at(-1));
      expect(last()).toEqual(carry(next));
    });

    it('makes a writer wait who is ten seconds ahead of the ear, until there is room', async () => {
      const { session } = await harness.call({ id: 'backpressure' });
      const playback = session.play();
      expect(await playback.write(pcm(noise(9 * 8000, 16)))).toBe(true);
      // 10.1 s in all: there is room for the last of it when a tenth of a second has been played.
      expect(await playback.write(pcm(noise(1.1 * 8000, 17)))).toBe(true);
      expect(playback.playedMs()).toBeGreaterThanOrEqual(100);
    });

    it('lets a waiting writer go when it is flushed', async () => {
      const { session } = await harness.call({ id: 'let-go' });
      const playback = session.play();
      const long = playback.write(pcm(noise(12 * 8000, 18)));
      await until(() => playback.playedMs() >= 40);
      session.flush();
      expect(await long).toBe(false);
      expect((await playback.finished).outcome).toBe('flushed');
    });

    it('settles everything when it closes in mid-sentence, and closes once', async () => {
      const { session } = await harness.call({ id: 'close' });
      const playing = session.play();
      const waiting = playing.write(pcm(noise(12 * 8000, 19)));
      const queued = session.play();
      await until(() => playing.playedMs() >= 40);
      await Promise.all([session.close(), session.close()]);
      const account = await playing.finished;
      expect(account.outcome).toBe('closed');
      expect(account.playedMs).toBeGreaterThanOrEqual(40);
      expect(await waiting).toBe(false);
      expect(await queued.finished).toMatchObject({ outcome: 'closed', playedMs: 0 });
      expect(await queued.started).toBeUndefined();
      const late = session.play();
      expect(await late.write(pcm(noise(160)))).toBe(false);
      expect((await late.finished).outcome).toBe('closed');
      session.flush();
    });

    it('tells of the keys that the caller presses', async () => {
      const { session, caller } = await harness.call({ id: 'keys' });
      const events: MediaEvent[] = [];
      const off = session.on((event) => events.push(event));
      await caller.press('5');
      await caller.press('#');
      await until(() => events.length >= 2);
      expect(events).toEqual([
        { type: 'dtmf', digit: '5' },
        { type: 'dtmf', digit: '#' },
      ]);
      off();
      await caller.press('1');
      await caller.say(noise(160));
      expect(events).toHaveLength(2);
    });

    it('counts what it carries', async () => {
      const { session, caller } = await harness.call({ id: 'stats' });
      const playback = session.play();
      await playback.write(pcm(noise(800, 20)));
      playback.end();
      await caller.say(noise(800, 21));
      await playback.finished;
      await until(() => session.stats().packetsReceived >= 5);
      expect(session.stats().packetsReceived).toBe(5);
      expect(session.stats().packetsSent).toBeGreaterThanOrEqual(5);
      expect(session.stats()).toMatchObject({ packetsLost: 0, packetsMalformed: 0, framesConcealed: 0 });
    });

    it('keeps calls apart', async () => {
      const [a, b] = await Promise.all([harness.call({ id: 'a' }), harness.call({ id: 'b' })]);
      const [toA, toB] = [noise(480, 22), noise(480, 23)];
      const [fromA, fromB] = [noise(480, 24), noise(480, 25)];
      const playbacks = [a.session.play(), b.session.play()];
      await Promise.all([playbacks[0]!.write(pcm(toA)), playbacks[1]!.write(pcm(toB))]);
      await Promise.all([a.caller.say(fromA), b.caller.say(fromB)]);
      await until(
        () => spoken(a.session.heard).length >= 3 * frame && spoken(b.session.heard).length >= 3 * frame,
      );
      await until(() => [a, b].every(({ caller }) => withoutSilence(caller.ear()).length >= 3 * frame));
      expect(spoken(a.session.heard)).toEqual(carry(fromA));
      expect(spoken(b.session.heard)).toEqual(carry(fromB));
      expect(withoutSilence(a.caller.ear())).toEqual(carry(toA));
      expect(withoutSilence(b.caller.ear())).toEqual(carry(toB));
    });

    it('closes its sessions with itself, and reserves no more', async () => {
      const { session } = await harness.call({ id: 'end' });
      const playback = session.play();
      await harness.gateway.close();
      await harness.gateway.close();
      expect((await playback.finished).outcome).toBe('closed');
      await expect(harness.gateway.reserve({ id: 'late' })).rejects.toMatchObject({
        code: 'MEDIA_WORKER_DIED',
      });
    });
  });
}

export function pcm(samples: Int16Array): PcmS16 {
  return pcmAt(samples, 8000);
}

export function pcmAt(samples: Int16Array, rateHz: SampleRateHz): PcmS16 {
  return { encoding: 'pcm_s16', rateHz, samples };
}

export interface RingFrame {
  readonly samples: Int16Array;
  readonly time: number;
  readonly flags: number;
}

export function readAll(reader: AudioRingReader): RingFrame[] {
  const frames: RingFrame[] = [];
  for (;;) {
    const samples = new Int16Array(reader.samplesPerFrame);
    if (!reader.read(samples)) return frames;
    frames.push({ samples, time: reader.info.time, flags: reader.info.flags });
  }
}

/** The frames of a ring that aren't filler, joined. */
export function spoken(handle: AudioRingHandle): Int16Array {
  const frames = readAll(new AudioRingReader(handle, 0)).filter(({ flags }) => !(flags & FRAME_FILLER));
  return Int16Array.from(frames.flatMap(({ samples }) => [...samples]));
}

/** Resolves when `condition` holds; rejects after `timeoutMs`, which is only against what never comes. */
export async function until(condition: () => boolean, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
