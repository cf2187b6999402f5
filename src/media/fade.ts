import type { PlayoutFormat } from './audio.ts';
import { DECODE_TABLE, encodeG711, SILENCE_BYTE } from './g711.ts';

/** Half a frame of G.711: a media thread fades without allocating. */
const FADED = new Int16Array(80);

/**
 * Fades one 20 ms frame, in place, over its first half: 10 ms are too short to be heard as a fade and long enough to
 * be heard as no click. `out`: to silence, which the other half is; `in`: from silence.
 */
export function fadeFrame(encoding: PlayoutFormat['encoding'], frame: Uint8Array, way: 'in' | 'out'): void {
  if (encoding === 'pcm_s16') {
    const half = frame.length >> 2;
    for (let i = 0; i < half; i++) {
      const low = frame[2 * i] as number;
      const high = frame[2 * i + 1] as number;
      const sample = Math.round((((low | (high << 8)) << 16) >> 16) * gain(i, half, way));
      frame[2 * i] = sample;
      frame[2 * i + 1] = sample >> 8;
    }
    if (way === 'out') frame.fill(0, 2 * half);
    return;
  }
  const table = DECODE_TABLE[encoding];
  const half = FADED.length;
  for (let i = 0; i < half; i++) {
    FADED[i] = Math.round((table[frame[i] as number] as number) * gain(i, half, way));
  }
  encodeG711(encoding, FADED, frame);
  if (way === 'out') frame.fill(SILENCE_BYTE[encoding], half);
}

/** A raised cosine: no step where it begins, nor where it ends. */
function gain(index: number, count: number, way: 'in' | 'out'): number {
  const rising = (1 - Math.cos((Math.PI * (index + 0.5)) / count)) / 2;
  return way === 'in' ? rising : 1 - rising;
}
