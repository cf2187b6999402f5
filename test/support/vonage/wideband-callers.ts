import { readFileSync } from 'node:fs';
import { readWav } from '../../../src/media/wav.ts';

/** A recording of a test caller in wideband: 16,000 Hz. */
export function widebandSound(voice: string, name: string): Int16Array {
  const path = new URL(`../../../lab/callers/${voice}-wideband/${name}.wav`, import.meta.url);
  const sound = readWav(readFileSync(path));
  if (sound.encoding !== 'pcm_s16' || sound.rateHz !== 16_000)
    throw new Error(`${path.href} is something else`);
  return sound.samples;
}
