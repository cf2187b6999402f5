import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { VadEvent } from '../../../../../src/dialog/contract/speech.ts';
import type { VoiceActivityDetector } from '../../../../../src/dialog/contract/ports.ts';
import { floatToInt16 } from '../../../../../src/media/pcm.ts';
import { Resampler } from '../../../../../src/media/resampler.ts';
import { AudioRingReader, FRAME_FILLER } from '../../../../../src/media/audio-ring.ts';
import { createFlushLine, FlushLine } from '../../../../../src/media/flush-line.ts';
import { createSileroVad } from '../../../../../src/providers/embedded/vad/silero-vad.ts';
import { echoOf, heardOver, powerDb, recordedVoice } from '../../../../media/echo-line.ts';
import { RingFeeder } from '../../../../support/ring-feeder.ts';
import {
  joined,
  mixed,
  speaker,
  telephoneSpeech,
  throughG711,
  whiteNoise,
} from '../../../../support/telephone-speech.ts';

const SENTENCE = 'I would like to make an appointment for tomorrow morning please.';
/** Longer than any test needs: a slow machine isn't a failure. */
const PATIENCE = { timeout: 10_000, interval: 5 };

let vad: VoiceActivityDetector;
let sentence: Int16Array;
/** Where the sound of `sentence` begins and ends, ms, as the voice's duration model says. */
let soundStartMs: number;
let soundEndMs: number;

beforeAll(async () => {
  vad = await createSileroVad();
  sentence = await telephoneSpeech(SENTENCE);
  (await speaker()).speak(SENTENCE, 'rms', {
    onStart: (timing) => {
      soundStartMs = timing.soundStart * 1000;
      soundEndMs = timing.soundEnd * 1000;
    },
    onSamples: () => false,
  });
}, 60_000);

afterAll(async () => {
  await vad.close();
});

interface Call {
  readonly ring: RingFeeder;
  readonly sent: RingFeeder;
  readonly line: FlushLine;
  readonly events: VadEvent[];
  /** What it hears without the agent's echo. */
  readonly clean: AudioRingReader | undefined;
  readonly close: () => void;
}

async function call(
  detector = vad,
  options: { rateHz?: 8000 | 16000 | 24000; withSent?: boolean } = {},
): Promise<Call> {
  const ring = new RingFeeder(options.rateHz ?? 8000);
  const sent = new RingFeeder(8000);
  const flushLine = createFlushLine();
  const events: VadEvent[] = [];
  const stream = await detector.open({
    heard: ring.handle,
    ...(options.withSent === true && { sent: sent.handle }),
    flushLine,
    onEvent: (event) => events.push(event),
  });
  return {
    ring,
    sent,
    line: new FlushLine(flushLine),
    events,
    clean: stream.heard && new AudioRingReader(stream.heard, 0),
    close: () => {
      stream.close();
      ring.close();
    },
  };
}

/** A short word at the end tells that everything before it was heard. */
async function heardAll({ ring, events }: Call): Promise<VadEvent[]> {
  const before = ring.frame;
  ring.silence(1000);
  ring.write(sentence);
  ring.silence(1000);
  await vi.waitFor(() => {
    expect(events.some((event) => event.type === 'speech-stop' && event.frame > before + 100)).toBe(true);
  }, PATIENCE);
  return events.filter((event) => event.frame < before);
}

describe('Silero voice activity detection', () => {
  it('says when the caller began and stopped talking, to within 60 ms', async () => {
    const line = await call();
    line.ring.silence(500);
    const from = line.ring.frame;
    line.ring.write(sentence);
    line.ring.silence(1000);
    await vi.waitFor(() => {
      expect(line.events.at(-1)?.type).toBe('speech-stop');
      expect(line.events.at(-1)?.frame).toBeGreaterThan(from + soundEndMs / 20 - 5);
    }, PATIENCE);
    const [start] = line.events;
    const stop = line.events.at(-1);
    expect(start?.type).toBe('speech-start');
    expect(Math.abs((start?.frame ?? 0) * 20 - (500 + soundStartMs))).toBeLessThanOrEqual(60);
    expect(Math.abs((stop?.frame ?? 0) * 20 - (500 + soundEndMs))).toBeLessThanOrEqual(60);
    // The instants are those of the frames, not of the decision.
    for (const event of line.events) expect(event.at).toBe(line.ring.timeOf(event.frame));
    line.close();
  });

  it('is not triggered by noise, a door slam, clicks or the line hum', async () => {
    const line = await call();
    const slam = whiteNoise(2400, -6, 7).map((sample, index) => sample * Math.exp(-index / 500));
    const hum = Int16Array.from(
      { length: 8000 },
      (_, index) => 1500 * Math.sin((2 * Math.PI * 50 * index) / 8000),
    );
    line.ring.write(throughG711(whiteNoise(16_000, -36)));
    line.ring.write(throughG711(whiteNoise(8000, -20)));
    line.ring.write(throughG711(joined(slam, new Int16Array(4000), slam)));
    line.ring.write(throughG711(hum));
    for (let click = 0; click < 10; click++) {
      line.ring.write(Int16Array.of(20000, -20000, 12000));
      line.ring.silence(180);
    }
    expect(await heardAll(line)).toEqual([]);
    line.close();
  });

  it('hears speech 10 dB above the noise', async () => {
    const line = await call();
    const noise = throughG711(whiteNoise(sentence.length + 16_000, -32));
    const padded = joined(new Int16Array(8000), sentence, new Int16Array(8000));
    line.ring.write(mixed(padded, noise));
    const events = await heardAll(line);
    expect(events[0]?.type).toBe('speech-start');
    const sign = { 'speech-start': -1, 'speech-stop': 1, 'speech-lasts': 0, 'level-rises': 0, 'barge-in': 0 };
    const voicedFrames = events.reduce((sum, { type, frame }) => sum + sign[type] * frame, 0);
    expect((voicedFrames * 20) / (soundEndMs - soundStartMs)).toBeGreaterThan(0.8);
    line.close();
  });

  it('takes concealed and filler frames for silence', async () => {
    const line = await call();
    line.ring.write(sentence, FRAME_FILLER);
    expect(await heardAll(line)).toEqual([]);
    line.close();
  });

  it.each([16000, 24000] as const)('hears %i Hz as well', async (rateHz) => {
    const line = await call(vad, { rateHz });
    const resampler = new Resampler(8000, rateHz);
    const wide = floatToInt16(Float32Array.from([...resampler.process(sentence), ...resampler.flush()]));
    line.ring.silence(500);
    line.ring.write(wide);
    line.ring.silence(500);
    await vi.waitFor(() => {
      expect(line.events.map((event) => event.type)).toContain('speech-stop');
    }, PATIENCE);
    line.close();
  });

  it('hears narrowband and wideband callers at the same time, each as if it were alone', async () => {
    const resampler = new Resampler(8000, 16_000);
    const wide = floatToInt16(Float32Array.from([...resampler.process(sentence), ...resampler.flush()]));
    const events = async (rates: readonly (8000 | 16000)[]): Promise<VadEvent[][]> => {
      const lines = await Promise.all(rates.map((rateHz) => call(vad, { rateHz })));
      for (const [index, line] of lines.entries()) {
        line.ring.silence(500);
        line.ring.write(rates[index] === 8000 ? sentence : wide);
        line.ring.silence(1500);
      }
      // The voice may pause in the middle of the sentence: only a stop at its end is the last.
      const lastFrame = (500 + soundEndMs) / 20 - 5;
      await vi.waitFor(() => {
        for (const { events } of lines) {
          expect(events.at(-1)?.type).toBe('speech-stop');
          expect(events.at(-1)?.frame).toBeGreaterThan(lastFrame);
        }
      }, PATIENCE);
      for (const line of lines) line.close();
      return lines.map((line) => line.events);
    };
    const [narrowAlone] = await events([8000]);
    const [wideAlone] = await events([16_000]);
    const together = await events([8000, 16_000, 16_000, 8000, 16_000, 8000]);
    expect(together).toEqual([narrowAlone, wideAlone, wideAlone, narrowAlone, wideAlone, narrowAlone]);
  });

  it('gives a call among twenty the same events as a call alone', async () => {
    const scene = (ring: RingFeeder, lead: number): void => {
      ring.silence(300 + lead * 20);
      ring.write(sentence);
      ring.silence(600);
      ring.write(sentence.subarray(4000, 14_000));
      ring.silence(600);
    };
    const eventsOf = async (lines: readonly Call[]): Promise<VadEvent[][]> => {
      lines.forEach((line, index) => {
        scene(line.ring, index);
      });
      const all = await Promise.all(lines.map((line) => heardAll(line)));
      return all.map((events, index) =>
        events.map((event) => ({ ...event, frame: event.frame - index, at: event.at - index * 20 })),
      );
    };
    const alone: VadEvent[][] = [];
    for (let lead = 0; lead < 20; lead += 7) {
      const line = await call();
      scene(line.ring, lead);
      alone.push(
        (await heardAll(line)).map((event) => ({
          ...event,
          frame: event.frame - lead,
          at: event.at - lead * 20,
        })),
      );
      line.close();
    }
    const lines = await Promise.all(Array.from({ length: 20 }, () => call()));
    const together = await eventsOf(lines);
    expect(alone[0]?.length).toBeGreaterThan(3);
    expect([together[0], together[7], together[14]]).toEqual(alone);
    for (const line of lines) line.close();
  });

  it('says nothing of a call that was closed', async () => {
    const line = await call();
    const other = await call();
    line.close();
    line.ring.silence(200);
    line.ring.write(sentence);
    await heardAll(other);
    expect(line.events).toEqual([]);
    other.close();
  });
});

describe('barge-in', () => {
  it('flushes what the agent is saying while the main thread is blocked', async () => {
    const line = await call();
    line.line.arm();
    const { epoch } = line.line;
    line.ring.silence(300);
    line.ring.write(sentence);
    // No event loop from here on: only the speech thread itself can raise the line.
    const deadline = performance.now() + 5000;
    while (!line.line.isVoid(epoch) && performance.now() < deadline)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    expect(line.line.isVoid(epoch)).toBe(true);
    expect(line.events).toEqual([]);
    await vi.waitFor(() => {
      expect(line.events.map((event) => event.type)).toEqual(
        expect.arrayContaining(['speech-start', 'barge-in']),
      );
    }, PATIENCE);
    const bargeIn = line.events.filter((event) => event.type === 'barge-in');
    expect(bargeIn).toHaveLength(1);
    expect((bargeIn[0]?.frame ?? 0) * 20).toBeLessThan(300 + soundStartMs + 240 + 100);
    line.close();
  });

  it('leaves the agent alone while it is not armed', async () => {
    const line = await call();
    const { epoch } = line.line;
    line.ring.silence(300);
    line.ring.write(sentence);
    await heardAll(line);
    expect(line.line.isVoid(epoch)).toBe(false);
    expect(line.events.map((event) => event.type)).not.toContain('barge-in');
    line.close();
  });

  /** The agent says its sentences while that is heard; then silence. Events until then. */
  async function whileAgentSpeaks(sent: Int16Array, heard: Int16Array): Promise<VadEvent[]> {
    const line = await call(vad, { withSent: true });
    line.line.arm();
    for (let at = 0; at < heard.length; at += 160) {
      const frame = new Int16Array(160);
      frame.set(sent.subarray(at, at + 160));
      line.sent.write(frame);
      line.ring.write(heard.subarray(at, at + 160));
    }
    line.sent.silence(1200);
    line.ring.silence(1200);
    const events = await heardAll(line);
    line.close();
    return events;
  }

  it.each([
    [20, -6],
    [150, -9],
    [300, -15],
    [200, -25],
  ])(
    'does not take the agent for the caller, when its voice comes back after %i ms at %i dB',
    async (delayMs, echoDb) => {
      const agent = recordedVoice('ked', 4);
      expect(await whileAgentSpeaks(agent, heardOver(echoOf(agent, { delayMs, echoDb })))).toEqual([]);
    },
  );

  // As from a telephone whose buffer begins anew. Were the echo learnt anew each time, it would be 14, 21, 72 and 194.
  it.each([
    [-12, 6],
    [-18, 8],
    [-25, 6],
    [-32, 20],
  ])(
    'hardly takes it for the caller when it comes back at %i dB after another time with each reply',
    async (echoDb, mostEvents) => {
      const line = await call(vad, { withSent: true });
      const replies = await Promise.all(
        [
          'We are open from Monday to Friday, from nine in the morning to half past five.',
          'Would you like me to make an appointment for you this week, or is next week better?',
          'Doctor Bob is away until the end of the month, but Doctor Smith can see you on Thursday.',
        ].map((text) => telephoneSpeech(text, 'slt')),
      );
      const pause = new Int16Array(16_000);
      for (let index = 0; index < 24; index++) {
        const said = joined(pause, replies[index % 3] ?? pause, new Int16Array(4000));
        const heard = heardOver(echoOf(said, { delayMs: 120 + ((7 * index) % 20), echoDb }));
        line.line.arm();
        for (let at = 0; at + 160 <= said.length; at += 160) {
          line.sent.write(said.subarray(at, at + 160));
          line.ring.write(heard.subarray(at, at + 160));
        }
        await vi.waitFor(() => {
          expect(line.clean?.written).toBe(line.ring.frame);
        }, PATIENCE);
      }
      const starts = line.events.filter(({ type }) => type === 'speech-start' || type === 'barge-in');
      expect(starts.length).toBeLessThanOrEqual(mostEvents);
      line.close();
    },
  );

  it('lets recognisers hear the caller without the echo, frame by frame in the same places', async () => {
    const agent = recordedVoice('ked', 4);
    const heard = heardOver(echoOf(agent, { delayMs: 150, echoDb: -6 }));
    const line = await call(vad, { withSent: true });
    for (let at = 0; at + 160 <= heard.length; at += 160) {
      line.sent.write(agent.subarray(at, at + 160));
      line.ring.write(heard.subarray(at, at + 160));
    }
    line.sent.silence(2000);
    const from = line.ring.frame;
    await heardAll(line);
    const clean = new Int16Array(line.ring.frame * 160);
    const frame = new Int16Array(160);
    for (let next = 0; line.clean?.read(frame) === true; next++) {
      expect(line.clean.info).toMatchObject({ frame: next, time: line.ring.timeOf(next) });
      clean.set(frame, next * 160);
    }
    const [echoFrom, echoTo] = [from * 160 - 3 * 8000, from * 160];
    expect(powerDb(heard, echoFrom, echoTo) - powerDb(clean, echoFrom, echoTo)).toBeGreaterThan(10);
    // A sentence of the caller's behind it is as it was said.
    const said = (from + 50) * 160;
    expect(clean.subarray(said, said + sentence.length)).toEqual(sentence);
    line.close();
  });

  it("hears a caller who talks over the agent's echo, within half a second", async () => {
    const agent = recordedVoice('ked', 4);
    const late = new Int16Array(agent.length);
    const from = 5 * 8000;
    late.set(sentence, from);
    const heard = heardOver(late, echoOf(agent, { delayMs: 150, echoDb: -12 }));
    const bargeIn = (await whileAgentSpeaks(agent, heard)).find(({ type }) => type === 'barge-in');
    const startFrame = (from / 8 + soundStartMs) / 20;
    expect(bargeIn?.frame).toBeGreaterThan(startFrame);
    expect(bargeIn?.frame).toBeLessThanOrEqual(startFrame + 25);
  });
});
