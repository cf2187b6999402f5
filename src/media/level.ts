import type { G711Law } from './audio.ts';
import { DECODE_TABLE } from './g711.ts';

/** Digital silence: the lowest level that RFC 6464 can tell. */
export const SILENCE_DBOV = -127;

const OVERLOAD_POWER = 32768 * 32768;

/**
 * Mean power of `samples` relative to the overload point, dBov (RFC 6464 §3, RFC 6465 appendix A):
 * 0 is a square wave of full scale, −3.01 a sine of full scale, −127 digital silence.
 */
export function levelDbov(samples: Int16Array): number {
  let energy = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    energy += sample * sample;
  }
  return dbov(energy, samples.length);
}

/** The same of `length` G.711 bytes from `offset` on. */
export function levelDbovG711(law: G711Law, bytes: Uint8Array, offset: number, length: number): number {
  const table = DECODE_TABLE[law];
  let energy = 0;
  for (let i = offset; i < offset + length; i++) {
    const sample = table[bytes[i] as number] as number;
    energy += sample * sample;
  }
  return dbov(energy, length);
}

function dbov(energy: number, count: number): number {
  if (energy === 0 || count === 0) return SILENCE_DBOV;
  return Math.max(SILENCE_DBOV, 10 * Math.log10(energy / count / OVERLOAD_POWER));
}
