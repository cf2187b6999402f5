/** Test signals and what is measured on them. */

/** A sine of `hz`, amplitude 1 unless told otherwise. */
export function tone(hz: number, rateHz: number, count: number, amplitude = 1): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz),
  );
}

/** Reproducible uniform noise, −1 … 1. */
export function noise(count: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export interface Component {
  amplitude: number;
  /** RMS of everything else. */
  residue: number;
}

/**
 * The sine of `hz` in `samples` and what remains without it. Exact where the stretch holds whole
 * periods.
 */
export function component(samples: Float32Array, hz: number, rateHz: number): Component {
  let re = 0;
  let im = 0;
  let power = 0;
  for (let i = 0; i < samples.length; i++) {
    const angle = (2 * Math.PI * hz * i) / rateHz;
    const sample = samples[i]!;
    re += sample * Math.cos(angle);
    im += sample * Math.sin(angle);
    power += sample * sample;
  }
  const amplitude = (2 * Math.hypot(re, im)) / samples.length;
  return { amplitude, residue: Math.sqrt(Math.max(0, power / samples.length - amplitude ** 2 / 2)) };
}

export function rms(samples: ArrayLike<number>): number {
  let power = 0;
  for (let i = 0; i < samples.length; i++) power += samples[i]! ** 2;
  return Math.sqrt(power / samples.length);
}

export function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}
