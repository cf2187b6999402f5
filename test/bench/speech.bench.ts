/**
 * What the speech threads cost and how well they do. Run by hand, on a quiet machine:
 *
 *     node test/bench/speech.bench.ts [folder of WAV files with clean human speech [cost,accuracy,load,tts,turns]]
 *
 * Without a folder ('') the speech is flite's own, which flatters the detector.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { TextToSpeech } from '../../src/dialog/contract/ports.ts';
import type { VadEvent } from '../../src/dialog/contract/speech.ts';
import { monotonicNow } from '../../src/lib/clock.ts';
import { AudioConverter } from '../../src/media/convert.ts';
import { createFlushLine, FlushLine } from '../../src/media/flush-line.ts';
import { levelDbov } from '../../src/media/level.ts';
import { LOG_MEL_BANDS, LOG_MEL_STEPS, LogMel } from '../../src/media/log-mel.ts';
import { readWav } from '../../src/media/wav.ts';
import { loadSmartTurn } from '../../src/providers/embedded/end-of-turn/smart-turn-model.ts';
import { turnSamples } from '../../src/providers/embedded/end-of-turn/turn-samples.ts';
import { createFliteTts } from '../../src/providers/embedded/tts/flite-tts.ts';
import { createLane, loadSilero, type SileroModel } from '../../src/providers/embedded/vad/silero-model.ts';
import { createSileroVad } from '../../src/providers/embedded/vad/silero-vad.ts';
import { VadCall } from '../../src/providers/embedded/vad/vad-call.ts';
import { RingFeeder } from '../support/ring-feeder.ts';
import { ModelFolder, smartTurnGraph } from '../support/smart-turn-file.ts';
import { joined, mixed, telephoneSpeech, throughG711, whiteNoise } from '../support/telephone-speech.ts';

const FRAME = 160;
const SPEECH_DBOV = -26;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const at = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
};
const ms = (value: number): string => `${value.toFixed(1)} ms`;

const [folder = '', parts = 'cost,accuracy,load,tts,turns'] = process.argv.slice(2);
const wanted = new Set(parts.split(','));
const utterances = await speech(folder);
const model = loadSilero();
if (wanted.has('cost')) costOfWindows(model);
if (wanted.has('accuracy')) accuracy(model, utterances);
if (wanted.has('load')) for (const calls of [1, 32, 100]) await manyCalls(calls, utterances);
if (wanted.has('tts')) {
  const tts = createFliteTts();
  await tts.load();
  await firstAudio(tts);
  await crowd(tts);
  await tts.close();
}
if (wanted.has('turns')) await costOfTurnEnds();

// ── The end of a turn ─────────────────────────────────────────────────────────────────────────

/**
 * Processor time (of the whole process, which does nothing else). Smart Turn's weights aren't ours: in its place stands a model with
 * as many multiplications. Whisper tiny's encoder on 400 places (4 layers of width 384): 2.8 · 10⁹ in weights, 0.5 · 10⁹ in
 * attention, 0.5 · 10⁹ in the two convolutions, in float32; the real file has 8 bits.
 */
async function costOfTurnEnds(): Promise<void> {
  say('\nThe end of a turn, processor time');
  const logMel = new LogMel();
  for (const [rateHz, seconds] of [
    [8000, 2],
    [8000, 8],
    [16000, 8],
  ] as const) {
    const ring = new RingFeeder(rateHz);
    ring.write(whiteNoise(rateHz * seconds, -30));
    const turn = { heard: ring.handle, begin: 0, end: ring.frame - 1 };
    const [sound, features] = [
      await processorMs(() => turnSamples(turn)),
      await processorMs(() => logMel.extract(turnSamples(turn))),
    ];
    say(
      `  ${seconds} s at ${rateHz} Hz: p50 ${ms(at(features, 0.5))}, p95 ${ms(at(features, 0.95))} for the features, of which ${ms(at(sound, 0.5))} for 16 kHz`,
    );
  }
  const folder = await ModelFolder.make();
  for (const multiplications of [0, 74]) {
    const path = await folder.write('model.onnx', smartTurnGraph({ multiplications }));
    const model = await loadSmartTurn(path);
    const features = new Float32Array(LOG_MEL_BANDS * LOG_MEL_STEPS).fill(0.5);
    const cost = await processorMs(() => model.judge(features));
    const what =
      multiplications === 0
        ? 'the least model'
        : `a model of ${(multiplications * 0.0512).toFixed(1)} · 10⁹ multiplications`;
    say(`  ${what}: p50 ${ms(at(cost, 0.5))}, p95 ${ms(at(cost, 0.95))}`);
  }
  await folder.remove();
}

async function processorMs(work: () => unknown): Promise<number[]> {
  const costs: number[] = [];
  for (let round = 0; round < 60; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    if (round >= 10) costs.push((user + system) / 1000);
  }
  return costs;
}

// ── Voice activity detection ──────────────────────────────────────────────────────────────────

function costOfWindows(silero: SileroModel): void {
  say('\nSilero v5, one window of 32 ms at 8 kHz, one thread');
  for (const count of [1, 2, 4, 8, 16, 32]) {
    const lanes = Array.from({ length: count }, () => createLane(8000));
    for (const lane of lanes)
      lane.input.set(
        Float32Array.from(whiteNoise(256, -30), (sample) => sample / 32768),
        32,
      );
    const best: number[] = [];
    for (let round = 0; round < 12; round++) {
      const runs = Math.ceil(400 / count);
      const start = performance.now();
      for (let run = 0; run < runs; run++) silero.run(8000, lanes);
      best.push(((performance.now() - start) * 1000) / runs / count);
    }
    say(`  ${count} calls a batch: ${at(best, 0.25).toFixed(0)} μs a window`);
  }
}

/** Utterances at 8 kHz, brought to SPEECH_DBOV. */
async function speech(of: string): Promise<Int16Array[]> {
  if (of === '') {
    const texts = [
      'I would like to book an appointment.',
      'When are you open on Saturday?',
      'How much is a check up?',
    ];
    return Promise.all(texts.map(async (text) => levelled(await telephoneSpeech(text))));
  }
  const names = await readdir(of, { recursive: true });
  const files = names.filter((name) => name.endsWith('.wav')).sort();
  const chosen = files
    .filter((_, index) => index % Math.max(1, Math.floor(files.length / 60)) === 0)
    .slice(0, 60);
  const all = await Promise.all(
    chosen.map(async (name) => {
      const wav = readWav(await readFile(path.join(of, name)));
      const converter = new AudioConverter({ encoding: 'pcm_s16', rateHz: 8000 });
      return levelled(joined(converter.convert(wav), converter.flush()).subarray(0, 8000 * 6));
    }),
  );
  return all.filter((samples) => samples.length > 4000);
}

function levelled(samples: Int16Array): Int16Array {
  const levels = frameLevels(samples).filter((level, _index, all) => level > Math.max(...all) - 25);
  const power = levels.reduce((sum, level) => sum + 10 ** (level / 10), 0) / levels.length;
  const gain = 10 ** ((SPEECH_DBOV - 10 * Math.log10(power)) / 20);
  return samples.map((sample) => Math.max(-32768, Math.min(32767, sample * gain)));
}

function frameLevels(samples: Int16Array): number[] {
  return Array.from({ length: Math.floor(samples.length / FRAME) }, (_, frame) =>
    levelDbov(samples.subarray(frame * FRAME, (frame + 1) * FRAME)),
  );
}

/** Everything in a row with pauses between, and which frames are speech: within 25 dB, gaps to 120 ms closed. */
function conversation(list: readonly Int16Array[], shift = 0): { samples: Int16Array; truth: boolean[] } {
  const parts: Int16Array[] = [new Int16Array(8000)];
  list.forEach((_, index) => {
    const utterance = list[(index * 7 + shift) % list.length] as Int16Array;
    parts.push(utterance.subarray(0, Math.floor(utterance.length / FRAME) * FRAME));
    parts.push(new Int16Array(FRAME * (25 + ((index * 37) % 45))));
  });
  const samples = joined(...parts);
  const truth = frameLevels(samples).map((level) => level > SPEECH_DBOV - 25);
  let last = -99;
  truth.forEach((isSpeech, frame) => {
    if (!isSpeech) return;
    if (frame - last <= 7) truth.fill(true, last + 1, frame);
    last = frame;
  });
  return { samples, truth };
}

/** Runs of `true`, as [first, last]. */
function runs(flags: readonly boolean[]): [number, number][] {
  const found: [number, number][] = [];
  flags.forEach((flag, index) => {
    const open = found.at(-1);
    if (!flag) return;
    if (open?.[1] === index - 1) open[1] = index;
    else found.push([index, index]);
  });
  return found.filter(([first, last]) => last - first >= 2);
}

function accuracy(silero: SileroModel, list: readonly Int16Array[]): void {
  const { samples, truth } = conversation(list);
  const silence = new Int16Array(samples.length);
  const noise = (make: (count: number) => Int16Array, snrDb: number): Int16Array =>
    scaled(make(samples.length), SPEECH_DBOV - snrDb);
  const babble = (count: number): Int16Array => {
    let sum: Int16Array = new Int16Array(count);
    for (let talker = 1; talker <= 6; talker++) {
      const { samples: other } = conversation(list, talker * 5);
      sum = mixed(
        sum,
        other.map((_, index) => (other[(index + talker * 8000) % other.length] ?? 0) / 4),
      ).subarray(0, count);
    }
    return sum;
  };
  const conditions: Record<string, Int16Array> = {
    clean: samples,
    'clean, −40 dBov': scaled(samples, levelDbov(samples) - 14),
    'white noise 10 dB': mixed(
      samples,
      noise((count) => whiteNoise(count, -20), 10),
    ),
    'pink noise 5 dB': mixed(samples, noise(pinkNoise, 5)),
    'babble 10 dB': mixed(samples, noise(babble, 10)),
    'music 10 dB': mixed(samples, noise(music, 10)),
    'white noise alone': mixed(
      silence,
      noise((count) => whiteNoise(count, -20), 10),
    ),
    'music alone': mixed(silence, noise(music, 0)),
    'slams and clicks': slams(samples.length),
  };
  say(
    `\nDetector on ${(samples.length / 8000).toFixed(0)} s of G.711, ${list.length} utterances (times against the truth)`,
  );
  say(
    '  condition            hit %  false %  onset p10/50/90   decided p50/90   end p10/50/90   decided p50/90  barge-ins',
  );
  for (const [name, signal] of Object.entries(conditions)) {
    const { events, decided } = detect(silero, throughG711(signal));
    const isSpeaking = new Array<boolean>(truth.length).fill(false);
    let start = 0;
    for (const event of events) {
      if (event.type === 'speech-start') start = event.frame;
      if (event.type === 'speech-stop') isSpeaking.fill(true, start, event.frame + 1);
    }
    const hasSpeech = !name.endsWith('alone') && !name.startsWith('slams');
    const share = (of: boolean): number => {
      const frames = truth
        .map((isSpeech, frame) => [isSpeech && hasSpeech, isSpeaking[frame]] as const)
        .filter(([isSpeech]) => isSpeech === of);
      return (100 * frames.filter(([, found]) => found).length) / Math.max(1, frames.length);
    };
    const onsets: number[][] = [[], []];
    const ends: number[][] = [[], []];
    const spans = runs(truth);
    spans.forEach(([first, last], index) => {
      const before = index === 0 ? 99 : first - (spans[index - 1]?.[1] ?? 0);
      const after = (spans[index + 1]?.[0] ?? 1e9) - last;
      const near = (type: VadEvent['type'], frame: number): number =>
        events.findIndex((event) => event.type === type && Math.abs(event.frame - frame) <= 12);
      const onset = before >= 15 ? near('speech-start', first) : -1;
      const end = after >= 15 ? near('speech-stop', last) : -1;
      if (onset >= 0) push(onsets, events[onset]?.frame, decided[onset], first);
      if (end >= 0) push(ends, events[end]?.frame, decided[end], last);
    });
    const three = (values: number[] = []): string =>
      [0.1, 0.5, 0.9].map((part) => at(values, part)).join('/');
    const two = (values: number[] = []): string => [0.5, 0.9].map((part) => at(values, part)).join('/');
    const bargeIns = events.filter((event) => event.type === 'barge-in').length;
    say(
      `  ${name.padEnd(20)} ${share(true).toFixed(1).padStart(5)} ${share(false).toFixed(1).padStart(7)}   ${
        hasSpeech
          ? `${three(onsets[0]).padEnd(17)} ${two(onsets[1]).padEnd(16)} ${three(ends[0]).padEnd(15)} ${two(ends[1]).padEnd(16)}`
          : ' '.repeat(67)
      }${bargeIns}`,
    );
  }
}

function push(into: number[][], frame: number | undefined, decided: number | undefined, truth: number): void {
  into[0]?.push(((frame ?? 0) - truth) * 20);
  into[1]?.push(((decided ?? 0) - truth) * 20);
}

/** The real call object on a real ring; `decided`: the frame that had arrived when the event came. */
function detect(silero: SileroModel, samples: Int16Array): { events: VadEvent[]; decided: number[] } {
  const ring = new RingFeeder();
  const flushLine = createFlushLine();
  const line = new FlushLine(flushLine);
  const events: VadEvent[] = [];
  const decided: number[] = [];
  const call = new VadCall(
    {
      type: 'open',
      stream: 0,
      heard: ring.handle,
      flushLine,
      startMs: 60,
      stopMs: 100,
      bargeInMs: 240,
      fromFrame: 0,
    },
    (event) => {
      events.push(event);
      decided.push(ring.frame - 1);
    },
  );
  let lastVoice = 0;
  for (let from = 0; from < samples.length; from += FRAME) {
    ring.write(samples.subarray(from, from + FRAME));
    // The agent starts talking anew half a second after every interruption.
    if (!line.armed && ring.frame - lastVoice > 25) line.arm();
    while (call.fill()) {
      silero.run(8000, [call.lane]);
      const before = events.length;
      call.judge();
      if (events.length > before) lastVoice = ring.frame;
    }
  }
  return { events, decided };
}

function scaled(samples: Int16Array, dbov: number): Int16Array {
  const gain = 10 ** ((dbov - levelDbov(samples)) / 20);
  return samples.map((sample) => Math.max(-32768, Math.min(32767, sample * gain)));
}

function pinkNoise(count: number): Int16Array {
  let [one, two, three] = [0, 0, 0];
  return whiteNoise(count, -25).map((white) => {
    one = 0.99765 * one + white * 0.099;
    two = 0.963 * two + white * 0.2965;
    three = 0.57 * three + white * 1.0527;
    return (one + two + three + white * 0.1848) / 3;
  });
}

function music(count: number): Int16Array {
  const sound = new Float32Array(count);
  let note = 1;
  for (let from = 0; from < count; from += 1600 + (note % 5) * 700) {
    for (let voice = 0; voice < 3; voice++) {
      note = (note * 48271) % 2147483647;
      const hz = 110 * 2 ** ((note % 30) / 12);
      for (let index = 0; index < 4800 && from + index < count; index++) {
        let sample = 0;
        for (let harmonic = 1; harmonic < 6; harmonic++)
          sample += Math.sin((2 * Math.PI * hz * harmonic * index) / 8000) / harmonic;
        sound[from + index] =
          (sound[from + index] ?? 0) + sample * Math.exp(-index / 2500) * Math.min(1, index / 80);
      }
    }
  }
  return Int16Array.from(sound, (sample) => sample * 2000);
}

function slams(count: number): Int16Array {
  const sound = new Int16Array(count);
  const noise = whiteNoise(2400, -4, 5);
  for (let from = 8000, round = 0; from + 2400 < count; from += 9000, round++) {
    for (let index = 0; index < 2400; index++)
      sound[from + index] = (noise[index] ?? 0) * Math.exp(-index / (round % 2 === 0 ? 600 : 40));
  }
  return sound;
}

/** Calls in real time through the thread: how late are its decisions, what does it burn? */
async function manyCalls(count: number, list: readonly Int16Array[]): Promise<void> {
  const vad = await createSileroVad();
  const { samples } = conversation(list);
  const lags: number[] = [];
  const calls = await Promise.all(
    Array.from({ length: count }, async () => {
      const ring = new RingFeeder(8000, 0);
      ring.timeOf = () => monotonicNow();
      const flushLine = createFlushLine();
      const stream = await vad.open({
        heard: ring.handle,
        flushLine,
        onEvent: (event) => {
          if (event.type === 'barge-in') lags.push(monotonicNow() - event.at);
        },
      });
      return { ring, line: new FlushLine(flushLine), stream };
    }),
  );
  const start = monotonicNow();
  const cpu = process.cpuUsage();
  const busy = performance.eventLoopUtilization();
  for (let tick = 0; tick < 400; tick++) {
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, start + (tick + 1) * 20 - monotonicNow())),
    );
    calls.forEach(({ ring, line }, index) => {
      if (tick % 50 === 0) line.arm();
      const from = (tick * FRAME + index * 4801) % (samples.length - FRAME);
      ring.write(samples.subarray(from, from + FRAME));
    });
  }
  const seconds = (monotonicNow() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const main = performance.eventLoopUtilization(busy).active / 1000 / seconds;
  const share = (used.user + used.system) / 1e6 / seconds;
  say(
    `\n${count} calls in real time: barge-in decided ${ms(at(lags, 0.5))} (p50), ${ms(at(lags, 0.99))} (p99) after its frame came ` +
      `(${lags.length} of them); ${(100 * (share - main)).toFixed(0)} % of a core beside the feeding thread's ${(100 * main).toFixed(0)} %`,
  );
  await vad.close();
}

// ── Text to speech ────────────────────────────────────────────────────────────────────────────

async function* once(text: string): AsyncGenerator<string> {
  await Promise.resolve();
  yield text;
}

async function timed(
  voices: TextToSpeech,
  text: string,
  voice: string,
): Promise<{ first: number; all: number; audioMs: number }> {
  const start = performance.now();
  let first = 0;
  let audioMs = 0;
  const format = { encoding: 'ulaw', rateHz: 8000 } as const;
  for await (const event of voices.speak(
    once(text),
    { voice, language: 'en', format },
    new AbortController().signal,
  )) {
    if (event.type !== 'audio' || !('bytes' in event.audio)) continue;
    if (first === 0) first = performance.now() - start;
    audioMs += event.audio.bytes.length / 8;
  }
  return { first, all: performance.now() - start, audioMs };
}

async function firstAudio(voices: TextToSpeech): Promise<void> {
  const texts = {
    'two words': 'One moment.',
    'short sentence': 'Good morning, how can I help you?',
    'long sentence':
      'We are open from Monday to Friday between nine in the morning and half past five in the afternoon and on the first Saturday of every month until noon.',
    'four sentences':
      'Yes, of course. A check up costs £49. It takes about 30 min. Which day would suit you?',
  };
  say('\nflite, time to first audio and real-time factor (μ-law at 8 kHz)');
  for (const [name, text] of Object.entries(texts)) {
    for (const voice of voices.voices) {
      const results = [];
      for (let round = 0; round < 15; round++) results.push(await timed(voices, text, voice));
      const firsts = results.map((result) => result.first);
      const factors = results.map((result) => result.all / result.audioMs);
      say(
        `  ${name.padEnd(15)} ${voice}: first audio ${ms(at(firsts, 0.5))} (p50) ${ms(at(firsts, 0.9))} (p90), ` +
          `${((results[0]?.audioMs ?? 0) / 1000).toFixed(1)} s of speech at ${at(factors, 0.5).toFixed(4)} × real time`,
      );
    }
  }
}

async function crowd(voices: TextToSpeech): Promise<void> {
  for (const count of [10, 50]) {
    const results = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        timed(
          voices,
          'Good morning, how can I help you? Please tell me your name and your number.',
          voices.voices[index % 2] ?? 'slt',
        ),
      ),
    );
    const firsts = results.map((result) => result.first);
    say(
      `  ${count} replies at the same instant: first audio ${ms(at(firsts, 0.5))} (p50), ${ms(Math.max(...firsts))} (last)`,
    );
  }
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 300; round++)
    await timed(voices, `This is sentence number ${round}.`, voices.voices[round % 2] ?? 'slt');
  say(
    `  after 300 more sentences: ${((process.memoryUsage().rss - before) / 1e6).toFixed(0)} MB more memory`,
  );
}
