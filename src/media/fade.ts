import type { PlayoutFormat } from './audio.ts';
import { DECODE_TABLE, encodeG711, SILENCE_BYTE } from './g711.ts';

/**
 * Fades one 20 ms frame, in place, over its first half: 10 ms are too short to be heard as a fade and long enough to
 * be heard as no click. `out`: to silence, which the other half is; `in`: from silence.
 */
export function fadeFrame(encoding: PlayoutFormat['encoding'], frame: Uint8Array, way: 'in' | 'out'): void {
  if (encoding === 'pcm_s16') {
    const samples = new Int16Array(frame.buffer, frame.byteOffset, frame.length / 2);
    const half = samples.length >> 1;
    for (let i = 0; i < half; i++) samples[i] = Math.round((samples[i] as number) * gain(i, half, way));
    if (way === 'out') samples.fill(0, half);
    return;
  }
  const half = frame.length >> 1;
  const faded = new Int16Array(half);
  for (let i = 0; i < half; i++) {
    faded[i] = Math.round((DECODE_TABLE[encoding][frame[i] as number] as number) * gain(i, half, way));
  }
  frame.set(encodeG711(encoding, faded));
  if (way === 'out') frame.fill(SILENCE_BYTE[encoding], half);
}

/** A raised cosine: no step where it begins, nor where it ends. */
function gain(index: number, count: number, way: 'in' | 'out'): number {
  const rising = (1 - Math.cos((Math.PI * (index + 0.5)) / count)) / 2;
  return way === 'in' ? rising : 1 - rising;
}
