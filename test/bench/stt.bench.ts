/**
 * How well the embedded recogniser hears: node test/bench/stt.bench.ts
 * Every test caller through ring, worker and verdict, clean and with noise; what the receptionist would have made of
 * it; and what isn't the agent's business, with human speech where Debian's packages
 * asterisk-core-sounds-en-wav and pocketsphinx-testdata are installed. Prints tables; asserts nothing. A few minutes.
 *
 * The same recordings as a telephone of old and as an HD telephone carries them: node test/bench/stt.bench.ts HD [FOLDER],
 * where FOLDER has <voice>/<name>.wav in 16 kHz (WIDEBAND=FOLDER lab/callers/record.sh makes them); without it those
 * few that lie in lab/callers. Human digits, too, where asterisk-core-sounds-en-g722 is installed.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicNow, systemClock } from '../../src/lib/clock.ts';
import { codecOf, type CodecName } from '../../src/media/codec.ts';
import type { SampleRateHz } from '../../src/media/audio.ts';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import { floatToInt16 } from '../../src/media/pcm.ts';
import { Resampler } from '../../src/media/resampler.ts';
import { expectedPhrases } from '../../src/providers/embedded/receptionist/expected-phrases.ts';
import { createPocketsphinxStt } from '../../src/providers/embedded/stt/pocketsphinx-stt.ts';
import type { AgentProfile } from '../../src/dialog/contract/agent-profile.ts';
import type { SttStream } from '../../src/dialog/contract/ports.ts';
import type { Transcript } from '../../src/dialog/contract/speech.ts';
import {
  CALLER_SENTENCES,
  CALLER_VOICES,
  callerAudio,
  wavSamples,
  type CallerSentence,
} from '../support/caller-audio.ts';
import { RingFeeder } from '../support/ring-feeder.ts';
import { shippedConfig } from '../support/shipped-config.ts';
import { judgeTurn } from '../support/stt-judge.ts';

const { agents } = shippedConfig();
const stt = createPocketsphinxStt();

/** As in a call: a pause comes before, and the detector says where speech begins (100 ms into each recording). */
const PAUSE = new Int16Array(3200);
const SPEECH_FROM_MS = 500;
/** `node test/bench/stt.bench.ts noise`: only the conditions with that in their names, and nothing else. */
const only = process.argv[2];

function agentOf(extension: string): AgentProfile {
  return agents.find((agent) => agent.extensions.includes(extension)) ?? (agents[0] as AgentProfile);
}

class TestRecogniser {
  readonly #feeder: RingFeeder;
  #stream: SttStream | undefined;
  readonly agent: AgentProfile;

  constructor(agent: AgentProfile, rateHz: SampleRateHz = 8000) {
    this.agent = agent;
    this.#feeder = new RingFeeder(rateHz);
  }

  async #open(): Promise<SttStream> {
    this.#stream ??= await stt.open({
      heard: this.#feeder.handle,
      language: 'en',
      phrases: expectedPhrases(this.agent),
      pronunciations: this.agent.knowledge.pronunciations,
      onEvent: () => undefined,
    });
    return this.#stream;
  }

  async hear(samples: Int16Array): Promise<Transcript> {
    const stream = await this.#open();
    stream.beginTurn(this.#feeder.frame + SPEECH_FROM_MS / 20);
    this.#feeder.write(samples);
    return stream.endTurn(this.#feeder.frame - 1);
  }

  /** Milliseconds from the end of the turn to its text, with audio and half a second of silence in real time. */
  async finalAfterMs(samples: Int16Array): Promise<number> {
    const stream = await this.#open();
    const first = this.#feeder.frame;
    const begun = monotonicNow();
    stream.beginTurn(first + 5);
    const sound = joined([samples, new Int16Array(4000)]);
    for (let at = 0; at < sound.length; at += 160) {
      this.#feeder.write(sound.subarray(at, at + 160));
      await systemClock.sleep(Math.max(0, begun + (at / 160) * 20 - monotonicNow()));
    }
    const ended = monotonicNow();
    await stream.endTurn(first + Math.floor(samples.length / 160));
    return monotonicNow() - ended;
  }

  close(): void {
    this.#stream?.close();
    this.#feeder.close();
  }
}

const recognisers = new Map(agents.map((agent) => [agent.id, new TestRecogniser(agent)]));
const wideRecognisers = new Map(agents.map((agent) => [agent.id, new TestRecogniser(agent, 16_000)]));

function recogniserOf(sentence: CallerSentence, all = recognisers): TestRecogniser {
  const recogniser = all.get(agentOf(sentence.extension).id);
  if (!recogniser) throw new Error('no recogniser');
  return recogniser;
}

interface Row {
  turns: number;
  words: number;
  errors: number;
  exact: number;
  accepted: number;
  right: number;
  wrong: number;
}

function emptyRow(): Row {
  return { turns: 0, words: 0, errors: 0, exact: 0, accepted: 0, right: 0, wrong: 0 };
}

async function measure(
  rows: Map<string, Row>,
  labels: readonly string[],
  sentence: CallerSentence,
  sound: Int16Array,
  recogniser = recogniserOf(sentence),
): Promise<void> {
  const transcript = await recogniser.hear(sound);
  const judgement = judgeTurn(recogniser.agent, sentence, transcript.text);
  for (const label of labels) {
    const row = rows.get(label) ?? emptyRow();
    rows.set(label, row);
    row.turns += 1;
    row.words += judgement.words;
    row.errors += judgement.errors;
    row.exact += judgement.errors === 0 ? 1 : 0;
    row.accepted += transcript.understood ? 1 : 0;
    row.right += transcript.understood && judgement.right ? 1 : 0;
    row.wrong += transcript.understood && judgement.wrong ? 1 : 0;
  }
}

function show(title: string, rows: Map<string, Row>): void {
  const percent = (part: number, whole: number): string =>
    whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
  process.stdout.write(`\n${title}\n`);
  process.stdout.write(
    ['', 'turns', 'WER', 'exact', 'accepted', 'turns understood', 'misunderstood'].join(' | ') + '\n',
  );
  for (const [label, row] of rows) {
    const cells = [
      label.padEnd(30),
      row.turns,
      percent(row.errors, row.words),
      percent(row.exact, row.turns),
      percent(row.accepted, row.turns),
      percent(row.right, row.turns),
      percent(row.wrong, row.turns),
    ];
    process.stdout.write(cells.join(' | ') + '\n');
  }
}

// ── Noise ─────────────────────────────────────────────────────────────────────────────────────

function power(samples: Int16Array): number {
  const loud = Array.from(samples).filter((value) => Math.abs(value) > 200);
  return loud.reduce((sum, value) => sum + value * value, 0) / Math.max(1, loud.length);
}

/** Adds `noise` so many dB below the speech. */
function mixed(
  speech: Int16Array,
  noise: (n: number) => number,
  noisePower: number,
  snrDb: number,
): Int16Array {
  const gain = Math.sqrt(power(speech) / (noisePower * 10 ** (snrDb / 10)));
  return speech.map((value, n) => Math.max(-32768, Math.min(32767, Math.round(value + gain * noise(n)))));
}

let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 4294967296;
}

function white(speech: Int16Array, snrDb: number): Int16Array {
  return mixed(speech, () => random() * 2 - 1, 1 / 3, snrDb);
}

function babble(speech: Int16Array, snrDb: number): Int16Array {
  const others = ['o-weather', 'o-recipe', 'o-history', 'o-garden'].flatMap((name) =>
    CALLER_SENTENCES.some((sentence) => sentence.name === name)
      ? CALLER_VOICES.map((voice) => callerAudio(voice, name))
      : [],
  );
  const at = (n: number): number => others.reduce((sum, other) => sum + (other[n % other.length] ?? 0), 0);
  const sample = Int16Array.from({ length: 16000 }, (_, n) => at(n) / others.length);
  return mixed(speech, (n) => at(n) / others.length, power(sample), snrDb);
}

const CONDITIONS: readonly (readonly [string, (speech: Int16Array) => Int16Array])[] = [
  ['G.711 μ-law', (speech) => speech],
  ['G.711 A-law', (speech) => decodeG711('alaw', encodeG711('alaw', speech))],
  ['white noise 20 dB', (speech) => white(speech, 20)],
  ['white noise 10 dB', (speech) => white(speech, 10)],
  ['babble 15 dB', (speech) => babble(speech, 15)],
];

// ── In the domain ─────────────────────────────────────────────────────────────────────────────

const inDomain = CALLER_SENTENCES.filter(({ kind }) => kind !== 'outside');
const started = monotonicNow();
for (const [condition, change] of CONDITIONS.filter(([name]) => !only || name.includes(only))) {
  const rows = new Map<string, Row>();
  for (const voice of CALLER_VOICES) {
    for (const sentence of inDomain) {
      const labels = condition.includes('μ-law') ? [voice, sentence.kind, 'all'] : [voice, 'all'];
      if (voice === 'ked' || voice === 'kay') labels.push('ked and kay');
      await measure(rows, labels, sentence, change(withPause(callerAudio(voice, sentence.name))));
    }
  }
  show(condition, rows);
}

// ── Human digits ──────────────────────────────────────────────────────────────────────────────

const ALLISON = '/usr/share/asterisk/sounds/en_US_f_Allison';
if (!only && existsSync(ALLISON)) {
  const rows = new Map<string, Row>();
  const names = 'zero one two three four five six seven eight nine'.split(' ');
  for (let n = 0; n < 30; n++) {
    const digits = Array.from({ length: 6 + (n % 5) }, () => Math.floor(random() * 10));
    const parts = digits.map((digit) => wavSamples(readFileSync(join(ALLISON, 'digits', `${digit}.wav`))));
    const text = digits.map((digit) => names[digit]).join(' ');
    const sentence: CallerSentence = { name: `m-number-${n}`, extension: '*', kind: 'message', text };
    await measure(
      rows,
      ['numbers of 6 to 10 digits'],
      sentence,
      withPause(joined([new Int16Array(800), ...parts])),
    );
  }
  show('A human voice (digits put together)', rows);
}

function withPause(samples: Int16Array): Int16Array {
  return joined([PAUSE, samples]);
}

function joined(parts: readonly Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => Array.from(part)));
}

// ── The same recordings, on a telephone of old and on an HD telephone ──────────────────────────

/** What comes out of the codec's other end. */
function carried(codecName: CodecName, wide: Int16Array): Int16Array {
  const codec = codecOf(codecName);
  const rate = codec.audioRateHz === 16_000 ? wide : floatToInt16(new Resampler(16_000, 8000).process(wide));
  const whole = rate.subarray(0, rate.length & ~1);
  return codec.createDecoder()(codec.createEncoder()(whole));
}

async function bothWays(
  rows: Map<string, Row>,
  label: string,
  sentence: CallerSentence,
  wide: Int16Array,
): Promise<void> {
  const sound = joined([new Int16Array(2 * PAUSE.length), wide]);
  await measure(rows, [`${label}, narrowband (G.711 μ-law)`], sentence, carried('ulaw', sound));
  const wideEar = recogniserOf(sentence, wideRecognisers);
  await measure(rows, [`${label}, wideband (G.722)`], sentence, carried('g722', sound), wideEar);
}

if (!only || only === 'HD') {
  const rows = new Map<string, Row>();
  const folder = process.argv[3];
  for (const voice of ['ked', 'kay'] as const) {
    for (const sentence of inDomain) {
      const path = folder
        ? join(folder, voice, `${sentence.name}.wav`)
        : new URL(`../../lab/callers/${voice}-wideband/${sentence.name}.wav`, import.meta.url);
      if (existsSync(path)) await bothWays(rows, voice, sentence, wavSamples(readFileSync(path)));
    }
  }
  const DIGITS = '/usr/share/asterisk/sounds/en_US_f_Allison/digits';
  if (existsSync(join(DIGITS, '0.g722'))) {
    const names = 'zero one two three four five six seven eight nine'.split(' ');
    const spoken = names.map((_, digit) =>
      codecOf('g722').createDecoder()(readFileSync(join(DIGITS, `${digit}.g722`))),
    );
    for (let n = 0; n < 30; n++) {
      const digits = Array.from({ length: 6 + (n % 5) }, () => Math.floor(random() * 10));
      const text = digits.map((digit) => names[digit]).join(' ');
      const sentence: CallerSentence = { name: `m-number-${n}`, extension: '*', kind: 'message', text };
      const wide = joined([
        new Int16Array(1600),
        ...digits.map((digit) => spoken[digit] ?? new Int16Array(0)),
      ]);
      await bothWays(rows, 'human digits', sentence, wide);
    }
  }
  show('The same recordings, narrowband and wideband', rows);
}

// ── Outside the domain: everything here should be rejected ────────────────────────────────────

if (!only) {
  const rows = new Map<string, Row>();
  const outside = (name: string): CallerSentence => ({ name, extension: '*', kind: 'outside', text: '' });
  for (const voice of CALLER_VOICES) {
    for (const sentence of CALLER_SENTENCES.filter(({ kind }) => kind === 'outside')) {
      await measure(
        rows,
        ['other sentences, test callers'],
        sentence,
        withPause(callerAudio(voice, sentence.name)),
      );
    }
  }
  const prompts = existsSync(ALLISON)
    ? readdirSync(ALLISON).filter((name) => /^(conf|agent|spy|pbx|vm-t|queue|demo)-/.test(name))
    : [];
  for (const name of prompts) {
    const sound = wavSamples(readFileSync(join(ALLISON, name))).subarray(0, 32000);
    await measure(rows, ['prompts, a human'], outside(name), withPause(sound));
  }
  const BOOKS = '/usr/share/pocketsphinx/test/data/librivox';
  for (const name of existsSync(BOOKS) ? readdirSync(BOOKS).filter((file) => file.endsWith('.wav')) : []) {
    const wide = wavSamples(readFileSync(join(BOOKS, name))).subarray(0, 64000);
    const narrow = floatToInt16(new Resampler(16000, 8000).process(wide));
    await measure(rows, ['read from a book, a human'], outside(name), withPause(narrow));
  }
  for (let n = 1; n <= 5; n++) {
    const tone = (hz: number, at: number): number => Math.sin((2 * Math.PI * hz * at) / 8000);
    const noises: Record<string, (at: number) => number> = {
      'silence on a line': () => (random() - 0.5) * 20,
      'white noise': () => (random() - 0.5) * 1000 * n,
      hum: (at) => 3000 * (tone(50 * n, at) + 0.5 * tone(100 * n, at)),
      coughs: (at) => (at % 4000 < 2200 ? (random() - 0.5) * 24000 * Math.exp(-(at % 4000) / 600) : 0),
      music: (at) =>
        4000 * tone(220 * 2 ** (((Math.floor(at / 2000) * n) % 12) / 12), at) * Math.exp(-(at % 2000) / 1500),
      knocking: (at) => (at % 2400 < 300 ? 12000 * Math.exp(-(at % 2400) / 60) * tone(180, at) : 0),
    };
    for (const [name, noise] of Object.entries(noises)) {
      await measure(
        rows,
        ['noises', `  ${name}`],
        outside(name),
        Int16Array.from({ length: 16000 }, (_, at) => Math.round(noise(at))),
      );
    }
  }
  show('Outside the domain (accepted: false accepts; misunderstood: the receptionist would act)', rows);
}

// ── How soon the final text comes, a call in real time ────────────────────────────────────────

if (!only) {
  const recogniser = new TestRecogniser(agents[0] as AgentProfile);
  const waits: number[] = [];
  for (const name of ['d-hours', 'd-address', 'd-price-checkup', 'd-message', 'd-callback']) {
    waits.push(await recogniser.finalAfterMs(callerAudio('ked', name)));
  }
  recogniser.close();
  waits.sort((a, b) => a - b);
  process.stdout.write(
    `\nFinal text after the end of the turn, heard in real time: ${waits.map((ms) => ms.toFixed(1)).join(', ')} ms\n`,
  );
}

process.stdout.write(`\n${((monotonicNow() - started) / 1000).toFixed(0)} s in all\n`);
for (const recogniser of [...recognisers.values(), ...wideRecognisers.values()]) recogniser.close();
await stt.close();
