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
  if (energy === 0) return SILENCE_DBOV;
  return Math.max(SILENCE_DBOV, 10 * Math.log10(energy / samples.length / OVERLOAD_POWER));
}
