import type { G711Law } from '../../../src/media/audio.ts';
import { decodeG711, encodeG711 } from '../../../src/media/g711.ts';

/** Noise of `count` samples, never silent for long, the same for the same seed. */
export function noise(count: number, seed = 1): Int16Array {
  let state = seed;
  return Int16Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    return (state >> 17) | 256;
  });
}

/** What is left of `samples` after a way through G.711. */
export function throughG711(law: G711Law, samples: Int16Array): Int16Array {
  return decodeG711(law, encodeG711(law, samples));
}

/** `samples` without the 20 ms frames that are silent (both laws' silence decodes to within ±8). */
export function withoutSilence(samples: Int16Array, frame = 160): Int16Array {
  const kept: number[] = [];
  for (let offset = 0; offset < samples.length; offset += frame) {
    const part = samples.subarray(offset, offset + frame);
    if (part.some((sample) => Math.abs(sample) > 8)) kept.push(...part);
  }
  return Int16Array.from(kept);
}

/** `samples` padded with `silence` to whole frames. */
export function padded(samples: Int16Array, silence: number, frame = 160): Int16Array {
  const whole = new Int16Array(Math.ceil(samples.length / frame) * frame).fill(silence);
  whole.set(samples);
  return whole;
}
