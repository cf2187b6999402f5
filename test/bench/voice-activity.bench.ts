/**
 * What the voice detector's thread takes for many calls at once, and how soon it decides.
 *
 *     make bench PART=voice-activity [CALLS=1,10,50,100] [ROUNDS=1] [DURATION_S=8] [ONLY=conversation,echo]
 *
 * Calls are fed in real time, in the steps in which the media thread would (media-loop.ts), each with another part of
 * the same sound. *conversation*: the agent speaks 40 % of the time, the caller 30 %, nobody the rest; line noise of −62 dBov, echo of −35
 * dB. *echo*: the same, with an echo of −18 dB. *music*: a caller on hold, so that nothing is ever silent. The processor time is that of the
 * thread alone (schedstat); a decision is late by what passes between the arrival of the frame that decides an interruption, and the main thread's
 * hearing of it.
 */
import type { VoiceActivityDetector } from '../../src/dialog/contract/ports.ts';
import { monotonicNow } from '../../src/lib/clock.ts';
import { createFlushLine, FlushLine } from '../../src/media/flush-line.ts';
import { createSileroVad } from '../../src/providers/embedded/vad/silero-vad.ts';
import { RingFeeder } from '../support/ring-feeder.ts';
import { joined, mixed, telephoneSpeech, throughG711, whiteNoise } from '../support/telephone-speech.ts';
import { keepRaw, median, rawOf } from './raw.ts';
import { markdown } from './report.ts';
import { voiceActivityTable, type VoiceActivityRow } from './tables.ts';
import { threadsCpuMs } from './threads-cpu.ts';

const { CALLS = '1,10,50,100', ROUNDS = '1', DURATION_S = '8', ONLY } = process.env;
const FRAME = 160;
const RATE = 8000;

interface Sound {
  readonly heard: Int16Array;
  readonly sent: Int16Array;
}

function quieter(samples: Int16Array, dB: number): Int16Array {
  return samples.map((sample) => sample * 10 ** (-dB / 20));
}

/** `from`: silence before it, seconds. */
function placed(into: Int16Array, sound: Int16Array, from: number, seconds: number): void {
  into.set(sound.subarray(0, seconds * RATE), from * RATE);
}

async function sounds(): Promise<Record<string, Sound>> {
  const agent = joined(
    await telephoneSpeech(
      'We are open from Monday to Friday, from nine in the morning to half past five.',
      'slt',
    ),
    await telephoneSpeech('Would you like me to make an appointment for you this week?', 'slt'),
  );
  const caller = joined(
    await telephoneSpeech('Yes please, I would like to come on Thursday afternoon.'),
    await telephoneSpeech('My number is five five five, oh one two three.'),
  );
  const length = 15 * RATE;
  const [sent, said] = [new Int16Array(length), new Int16Array(length)];
  placed(sent, agent, 0, 6);
  placed(said, caller, 6.7, 4.5);
  const noise = whiteNoise(length, -62);
  const line = (echoDb: number): Int16Array =>
    throughG711(
      mixed(
        mixed(said, noise),
        quieter(joined(new Int16Array(0.12 * RATE), sent).subarray(0, length), echoDb),
      ),
    );
  const music = Int16Array.from({ length }, (_, index) => {
    const hz = 220 * 2 ** (((Math.floor(index / 2400) * 7) % 12) / 12);
    return (
      5000 * Math.sin((2 * Math.PI * hz * index) / RATE) + 1500 * Math.sin((4 * Math.PI * hz * index) / RATE)
    );
  });
  return {
    conversation: { heard: line(46), sent },
    echo: { heard: line(18), sent },
    music: { heard: throughG711(music), sent: new Int16Array(length) },
  };
}

/** The media thread's steps: it wakes for each packet up to three calls, every 4 ms up to 80, then every 2. */
function stepMs(calls: number): number {
  return calls <= 3 ? 1 : calls <= 80 ? 4 : calls <= 160 ? 2 : 1;
}

/** A thread that has served calls for a while: V8 makes machine code of what has run often. */
async function warmUp(vad: VoiceActivityDetector, { heard, sent }: Sound): Promise<void> {
  const [ring, agent] = [new RingFeeder(RATE), new RingFeeder(RATE)];
  const stream = await vad.open({
    heard: ring.handle,
    sent: agent.handle,
    flushLine: createFlushLine(),
    onEvent: () => undefined,
  });
  for (let round = 0; round < 20; round++) {
    agent.write(sent);
    ring.write(heard);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  stream.close();
}

async function run(
  scenario: string,
  { heard, sent }: Sound,
  count: number,
  round: number,
): Promise<VoiceActivityRow> {
  const vad = await createSileroVad();
  await warmUp(vad, { heard, sent });
  const late: number[] = [];
  const now = monotonicNow();
  const calls = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const [ring, agent] = [new RingFeeder(RATE, now), new RingFeeder(RATE, now)];
      ring.timeOf = () => monotonicNow();
      const flushLine = createFlushLine();
      await vad.open({
        heard: ring.handle,
        sent: agent.handle,
        flushLine,
        onEvent: (event) => {
          if (event.type === 'barge-in') late.push(monotonicNow() - event.at);
        },
      });
      // Each has another phase within the 20 ms, and another place in the sound.
      const frames = sent.length / FRAME;
      return {
        ring,
        agent,
        line: new FlushLine(flushLine),
        phase: (index * 20) / count,
        place: Math.floor((index * frames) / count),
      };
    }),
  );
  const start = monotonicNow();
  const step = stepMs(count);
  const warmUpMs = 1000;
  const endMs = warmUpMs + Number(DURATION_S) * 1000;
  let before = NaN;
  let begun = NaN;
  for (let ms = 0; ms < endMs; ms += step) {
    const wait = start + ms - monotonicNow();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    if (ms >= warmUpMs && Number.isNaN(before))
      [before, begun, late.length] = [threadsCpuMs('vad'), monotonicNow(), 0];
    for (const { ring, agent, line, phase, place } of calls) {
      while (phase + ring.frame * 20 <= ms) {
        if ((ring.frame + place) % 50 === 0) line.arm();
        const at = ((place + ring.frame) * FRAME) % heard.length;
        agent.write(sent.subarray(at, at + FRAME));
        ring.write(heard.subarray(at, at + FRAME));
      }
    }
  }
  const seconds = (monotonicNow() - begun) / 1000;
  const coreShare = (threadsCpuMs('vad') - before) / 1000 / seconds;
  await vad.close();
  late.sort((one, other) => one - other);
  const at = (share: number): number => late[Math.floor(late.length * share)] ?? NaN;
  return {
    scenario,
    calls: count,
    round,
    coreShare,
    decisions: late.length,
    lateMs: { p50: median(late), p99: at(0.99) },
  };
}

const rows: VoiceActivityRow[] = [];
for (const [scenario, sound] of Object.entries(await sounds())) {
  if (ONLY !== undefined && !ONLY.split(',').includes(scenario)) continue;
  for (const count of CALLS.split(',').map(Number)) {
    for (let round = 0; round < Number(ROUNDS); round++) rows.push(await run(scenario, sound, count, round));
  }
}
const raw = rawOf({ rounds: Number(ROUNDS), seconds: Number(DURATION_S) }, rows);
process.stdout.write(`${markdown(voiceActivityTable(raw))}\n`);
keepRaw(raw);
