import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import { readWav } from '../../src/media/wav.ts';

/** The recorded sentences of one of the lab's callers, one after another, at 8 kHz. */
export function recordedVoice(caller: 'kay' | 'ked' | 'ned', sentences: number): Int16Array {
  const folder = new URL(`../../lab/callers/${caller}/`, import.meta.url);
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.wav'))
    .slice(0, sentences);
  const samples = files.flatMap((file) => {
    const audio = readWav(readFileSync(fileURLToPath(new URL(file, folder))));
    if (audio.encoding !== 'ulaw') throw new TypeError(`${file} is no telephone recording`);
    return [...decodeG711('ulaw', audio.bytes)];
  });
  return Int16Array.from(samples);
}

export interface Room {
  readonly delayMs: number;
  /** How loud the echo is against what was sent, dB. */
  readonly echoDb: number;
  readonly seed?: number;
}

/** What comes back of `sent`: later, weaker, and coloured by a small telephone in a room of 60 ms. */
export function echoOf(sent: Int16Array, { delayMs, echoDb, seed = 7 }: Room): Float64Array {
  const delay = delayMs * 8;
  const taps = 60 * 8;
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const room = Float64Array.from({ length: taps }, (_, tap) =>
    tap === 0 ? 1 : tap < 8 ? 0 : 1.2 * random() * Math.exp(-tap / (taps / 5)),
  );
  const path = room.map((tap, index) => tap - 0.6 * (room[index - 1] ?? 0) + 0.2 * (room[index - 2] ?? 0));
  const echo = new Float64Array(sent.length);
  for (let at = delay; at < sent.length; at++) {
    let sum = 0;
    for (let tap = 0; tap < taps && tap <= at - delay; tap++) {
      sum += (path[tap] as number) * (sent[at - delay - tap] as number);
    }
    echo[at] = sum;
  }
  const gain = 10 ** ((powerDb(sent) + echoDb - powerDb(echo)) / 20);
  return echo.map((sample) => sample * gain);
}

/** What the agent's side gets: through G.711, and over a line with a little noise. */
export function heardOver(...sounds: readonly ArrayLike<number>[]): Int16Array {
  let state = 3;
  const length = Math.max(...sounds.map((sound) => sound.length));
  const mixed = Int16Array.from({ length }, (_, at) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const noise = (state / 2 ** 32 - 0.5) * 60;
    const sum = sounds.reduce((total, sound) => total + (sound[at] ?? 0), noise);
    return Math.max(-32768, Math.min(32767, Math.round(sum)));
  });
  return decodeG711('ulaw', encodeG711('ulaw', mixed));
}

/** Mean power of a part, dB of full scale. */
export function powerDb(samples: ArrayLike<number>, from = 0, to = samples.length): number {
  let power = 0;
  for (let at = from; at < to; at++) power += (samples[at] as number) ** 2;
  return 10 * Math.log10(power / (to - from) / 32768 ** 2 + 1e-13);
}
