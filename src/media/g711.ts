import type { G711Law } from './audio.ts';

/**
 * ITU-T G.711, exact to the reference of ITU-T G.191 (STL, g711.c) for every input and code. Linear
 * samples are 16 bits left-justified as there: μ-law uses the upper 14 bits, A-law the upper 12.
 * The formula only fills the tables; a sample costs one look-up.
 */

/** The code that stands for digital silence: what short packets are padded with. */
export const SILENCE_BYTE: Readonly<Record<G711Law, number>> = { ulaw: 0xff, alaw: 0xd5 };

// Negative samples are mirrored by one's complement (~s), which commutes with an arithmetic shift:
// the tables therefore need an entry per *used* bits only, 16 KiB and 4 KiB, and stay in the cache.
const ULAW_SHIFT = 2;
const ALAW_SHIFT = 4;
/** μ-law's decision values are those of a segmented quantiser shifted by this (G.711 table 2a). */
const ULAW_BIAS = 33;
const ULAW_MAX = 0x1fff;

function ulawCode(magnitude: number): number {
  const biased = Math.min(magnitude + ULAW_BIAS, ULAW_MAX);
  const segment = 26 - Math.clz32(biased);
  return ~((segment << 4) | ((biased >> (segment + 1)) & 15)) & 0x7f;
}

function ulawMagnitude(code: number): number {
  const segment = (~code >> 4) & 7;
  return (((((~code & 15) << 1) + ULAW_BIAS) << segment) - ULAW_BIAS) << ULAW_SHIFT;
}

function alawCode(magnitude: number): number {
  const segment = magnitude < 16 ? 0 : 28 - Math.clz32(magnitude);
  return ((segment << 4) | ((magnitude >> Math.max(0, segment - 1)) & 15)) ^ 0x55;
}

function alawMagnitude(code: number): number {
  const segment = ((code ^ 0x55) >> 4) & 7;
  const step = (((code ^ 0x55) & 15) << 1) + 1;
  return (segment === 0 ? step : (step + 32) << (segment - 1)) << (ALAW_SHIFT - 1);
}

function encodeTable(shift: number, code: (magnitude: number) => number): Uint8Array {
  const table = new Uint8Array(0x10000 >> shift);
  const half = table.length / 2;
  for (let magnitude = 0; magnitude < half; magnitude++) {
    table[magnitude] = code(magnitude) | 0x80;
    table[table.length - 1 - magnitude] = code(magnitude);
  }
  return table;
}

function decodeTable(magnitude: (code: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, code) => (code & 0x80 ? magnitude(code) : -magnitude(code)));
}

const ULAW_ENCODE = encodeTable(ULAW_SHIFT, ulawCode);
const ALAW_ENCODE = encodeTable(ALAW_SHIFT, alawCode);

/** The linear value of each of the 256 codes. */
export const DECODE_TABLE: Readonly<Record<G711Law, Int16Array>> = {
  ulaw: decodeTable(ulawMagnitude),
  alaw: decodeTable(alawMagnitude),
};

/** Compands `samples`, one byte each, into `into` (allocated when left out) from `at` on, and returns that. */
export function encodeG711(
  law: G711Law,
  samples: Int16Array,
  into: Uint8Array = new Uint8Array(samples.length),
  at = 0,
): Uint8Array {
  const count = samples.length;
  checkRoom(into.length - at, count);
  const table = law === 'ulaw' ? ULAW_ENCODE : ALAW_ENCODE;
  const shift = law === 'ulaw' ? ULAW_SHIFT : ALAW_SHIFT;
  const mask = table.length - 1;
  for (let i = 0; i < count; i++) {
    into[at + i] = table[((samples[i] as number) >> shift) & mask] as number;
  }
  return into;
}

/** Expands `bytes`, one sample each, into `into` (allocated when left out), and returns that. */
export function decodeG711(
  law: G711Law,
  bytes: Uint8Array,
  into: Int16Array = new Int16Array(bytes.length),
): Int16Array {
  const count = bytes.length;
  checkRoom(into.length, count);
  const table = DECODE_TABLE[law];
  for (let i = 0; i < count; i++) into[i] = table[bytes[i] as number] as number;
  return into;
}

function checkRoom(room: number, needed: number): void {
  if (room < needed) throw new RangeError(`room for ${room} samples, ${needed} needed`);
}
