/**
 * Writes asterisk-conf/moh/hold.ulaw: Debian has no package with music on hold, so this is ours, a
 * quiet arpeggio of 8.96 s that can be repeated without a seam. Run it anew after changing it:
 * `node lab/hold-music.ts`.
 */
import { writeFileSync } from 'node:fs';

const RATE_HZ = 8000;
const NOTE_MS = 280;
/** Semitones above A3: C major, A minor, F major, G major, each up and down. */
const CHORDS = [
  [3, 7, 10, 15, 10, 7, 3, 7],
  [0, 3, 7, 12, 7, 3, 0, 3],
  [-4, 0, 3, 8, 3, 0, -4, 0],
  [-2, 2, 5, 10, 5, 2, -2, 2],
];

function toUlaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(32635, Math.abs(Math.round(sample))) + 132;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 15)) & 0xff;
}

const notes = CHORDS.flat();
const noteSamples = (RATE_HZ * NOTE_MS) / 1000;
const music = new Float64Array(notes.length * noteSamples);
notes.forEach((semitone, index) => {
  const hz = 220 * 2 ** (semitone / 12);
  // Each note rings on for four places and wraps around at the end, so that the loop has no seam.
  for (let i = 0; i < noteSamples * 4; i += 1) {
    const t = i / RATE_HZ;
    const swell = Math.min(1, t / 0.01) * Math.exp(-t * 4);
    const at = (index * noteSamples + i) % music.length;
    const tone = Math.sin(2 * Math.PI * hz * t) + 0.3 * Math.sin(4 * Math.PI * hz * t);
    music[at] = (music[at] ?? 0) + 2200 * swell * tone;
  }
});
writeFileSync(new URL('../asterisk-conf/moh/hold.ulaw', import.meta.url), Uint8Array.from(music, toUlaw));
