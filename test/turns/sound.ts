import type { Milliseconds } from '../../src/lib/clock.ts';

/** Mono at 8 kHz, −1 … 1. */
export type Sound = Float64Array;

export const RATE_HZ = 8000;
const PER_MS = RATE_HZ / 1000;

export function silence(ms: Milliseconds): Sound {
  return new Float64Array(Math.round(ms * PER_MS));
}

export function lengthMs(sound: Sound): Milliseconds {
  return sound.length / PER_MS;
}

/** `sample(n)` for so long. */
export function made(ms: Milliseconds, sample: (n: number) => number): Sound {
  const sound = silence(ms);
  for (let n = 0; n < sound.length; n++) sound[n] = sample(n);
  return sound;
}

export function joined(...parts: readonly Sound[]): Sound {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Adds `what` to `into` from `ms` on; what doesn't fit is left out. */
export function mix(into: Sound, what: Sound, ms: Milliseconds = 0): Sound {
  const from = Math.round(ms * PER_MS);
  for (let n = 0; n < what.length && from + n < into.length; n++) {
    into[from + n] = (into[from + n] as number) + (what[n] as number);
  }
  return into;
}

/** Mean power of what is within 25 dB of the loudest 20 ms: pauses don't count. dBov as `levelDbov`; −127: silence. */
export function activeDbov(sound: Sound): number {
  const frames: number[] = [];
  for (let from = 0; from < sound.length; from += 160) {
    const frame = sound.subarray(from, from + 160);
    frames.push(frame.reduce((sum, sample) => sum + sample * sample, 0) / 160);
  }
  const most = Math.max(0, ...frames);
  if (most === 0) return -127;
  const active = frames.filter((power) => power > most / 316);
  return 10 * Math.log10(active.reduce((sum, power) => sum + power, 0) / active.length);
}

export function gained(sound: Sound, db: number): Sound {
  const gain = 10 ** (db / 20);
  return sound.map((sample) => sample * gain);
}

/** Brought to that active level. */
export function levelled(sound: Sound, dbov: number): Sound {
  return gained(sound, dbov - activeDbov(sound));
}

/** First and last instant that is within `db` of the loudest, in steps of 5 ms: what is heard of it. */
export function extent(sound: Sound, db = 25): { readonly from: Milliseconds; readonly to: Milliseconds } {
  const step = 5 * PER_MS;
  const powers: number[] = [];
  for (let at = 0; at + step <= sound.length; at += step) {
    powers.push(sound.subarray(at, at + step).reduce((sum, sample) => sum + sample * sample, 0));
  }
  const least = Math.max(...powers) / 10 ** (db / 10);
  return {
    from:
      Math.max(
        0,
        powers.findIndex((power) => power > least),
      ) * 5,
    to: (powers.findLastIndex((power) => power > least) + 1) * 5,
  };
}

/** Loud for a moment, then ever softer: `attackMs` up, then falling to a third every `fallMs`. */
export function struck(attackMs: Milliseconds, fallMs: Milliseconds): (n: number) => number {
  return (n) => {
    const ms = n / PER_MS;
    return ms < attackMs ? ms / attackMs : Math.exp(-(ms - attackMs) / fallMs);
  };
}

/** Fades both edges. */
export function faded(sound: Sound, ms: Milliseconds): Sound {
  const edge = ms * PER_MS;
  return sound.map(
    (sample, n) => sample * Math.min(1, (n + 1) / edge) * Math.min(1, (sound.length - n) / edge),
  );
}

/** A resonance of that frequency and bandwidth, added to nothing: a two-pole filter with gain 1 at its peak. */
export function resonant(sound: Sound, hz: number, bandwidthHz: number): Sound {
  const r = Math.exp((-Math.PI * bandwidthHz) / RATE_HZ);
  const a = 2 * r * Math.cos((2 * Math.PI * hz) / RATE_HZ);
  const gain = (1 - r) * Math.sqrt(1 - 2 * r * Math.cos((4 * Math.PI * hz) / RATE_HZ) + r * r);
  let [one, two] = [0, 0];
  return sound.map((sample) => {
    const out = gain * sample + a * one - r * r * two;
    two = one;
    one = out;
    return out;
  });
}

/** Several resonances side by side: a vowel, or a room. */
export function formants(
  sound: Sound,
  ...peaks: readonly (readonly [hz: number, width: number, gain: number])[]
): Sound {
  const whole = new Float64Array(sound.length);
  for (const [hz, width, gain] of peaks)
    mix(
      whole,
      resonant(sound, hz, width).map((sample) => sample * gain),
    );
  return whole;
}

/** Everything above `hz` falls by 6 dB an octave. */
export function lowPassed(sound: Sound, hz: number): Sound {
  const share = 1 - Math.exp((-2 * Math.PI * hz) / RATE_HZ);
  let value = 0;
  return sound.map((sample) => (value += share * (sample - value)));
}

export function highPassed(sound: Sound, hz: number): Sound {
  const low = lowPassed(sound, hz);
  return sound.map((sample, n) => sample - (low[n] as number));
}

/**
 * Played `factor` times as fast, and so higher: another throat. `from` is the sound's rate, the result has 8 kHz.
 * Windowed sinc, cut off at 3.6 kHz or below what the slower rate carries.
 */
export function resampled(samples: ArrayLike<number>, fromHz: number, factor = 1): Sound {
  const step = (fromHz * factor) / RATE_HZ;
  const cutoff = Math.min(0.45 / step, 0.45);
  const reach = Math.ceil(16 * Math.max(1, step));
  const out = new Float64Array(Math.floor(samples.length / step));
  for (let n = 0; n < out.length; n++) {
    const centre = n * step;
    const first = Math.ceil(centre - reach);
    let sum = 0;
    for (let at = Math.max(0, first); at <= centre + reach && at < samples.length; at++) {
      const x = at - centre;
      const sinc = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
      sum += (samples[at] as number) * sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / (reach + 1)));
    }
    out[n] = sum;
  }
  return out;
}

export function toInt16(sound: Sound): Int16Array {
  const samples = new Int16Array(sound.length);
  for (let n = 0; n < samples.length; n++) {
    samples[n] = Math.max(-32768, Math.min(32767, Math.round((sound[n] as number) * 32768)));
  }
  return samples;
}

export function toSound(samples: Int16Array): Sound {
  const sound = new Float64Array(samples.length);
  for (let n = 0; n < sound.length; n++) sound[n] = (samples[n] as number) / 32768;
  return sound;
}
