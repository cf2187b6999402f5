import { noise, tone } from './signals.ts';

/** 62.5 s at 16 kHz: long enough for whatever adapts to have gone everywhere; and 5 s for what repeats itself. */
const LONG = 1_000_000;
const SHORT = 80_000;
const FULL = 32_767;

/** `shape` gives −1 … 1. */
function fullScale(count: number, shape: (i: number) => number): Int16Array {
  return Int16Array.from({ length: count }, (_, i) => Math.round(FULL * shape(i)));
}

/** What an encoder is given: ordinary sound, and what drives every limit of the computations. */
export const SOUNDS: Readonly<Record<string, Int16Array>> = {
  silence: new Int16Array(SHORT),
  'the smallest noise': Int16Array.from(noise(SHORT, 2), (value) => Math.round(value)),
  'quiet noise': Int16Array.from(noise(LONG, 3), (value) => Math.round(300 * value)),
  'full-scale noise': Int16Array.from(noise(LONG, 4), (value) => Math.floor(32_768 * value)),
  'a tone of the lower band': fullScale(SHORT, (i) => 0.3 * Math.sin((2 * Math.PI * 440 * i) / 16_000)),
  'a tone of the higher band': Int16Array.from(tone(6200, 16_000, SHORT, 0.3), (value) => FULL * value),
  'a full-scale sweep': fullScale(LONG, (i) => Math.sin((Math.PI * 8000 * i * i) / 16_000 / LONG)),
  'a full-scale square wave of 250 Hz': fullScale(SHORT, (i) => ((i >> 5) & 1 ? 1 : -1)),
  'a full-scale square wave of 4,000 Hz': fullScale(SHORT, (i) => ((i >> 1) & 1 ? 1 : -1)),
  'a full-scale square wave of 8,000 Hz': fullScale(SHORT, (i) => (i & 1 ? 1 : -1)),
  'the highest constant': new Int16Array(SHORT).fill(32_767),
  'the lowest constant': new Int16Array(SHORT).fill(-32_768),
  'bursts after quiet tones': fullScale(LONG, (i) =>
    (i >> 11) % 3 === 0 ? ((i * 2_654_435_761) & 64 ? 1 : -1) : 0.03 * Math.sin(i / 5),
  ),
};

/** What a decoder is given that no encoder sends: the recommendation's forbidden codes among them (table 18, note). */
export const HOSTILE_BYTES: Readonly<Record<string, Uint8Array>> = {
  'random bytes': Uint8Array.from(noise(LONG / 2, 5), (value) => 128 * value + 128),
  'the largest steps at random': Uint8Array.from(noise(LONG / 2, 6), (value, i) =>
    (i >> 9) & 1 ? (value < 0 ? 0xa0 : 0x04) : [0x04, 0x20, 0x84, 0xa0][i & 3]!,
  ),
  'every byte, each a hundred times': Uint8Array.from({ length: 25_600 }, (_, i) => Math.floor(i / 100)),
};
