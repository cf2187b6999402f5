import type { PcmS16 } from './audio.ts';

const RATE_HZ = 8000;
const HZ = 440;
/** 20 dB below full scale: audible, but not startling. */
const AMPLITUDE = 3277;
const BEEP_MS = 160;
const PAUSE_MS = 120;
export const FILLER_TONE_MS = 2 * BEEP_MS + PAUSE_MS;
/** Fades in and out, so that nothing clicks. */
const RAMP_MS = 20;

let made: PcmS16 | undefined;

/** Two soft beeps: they tell the caller to wait, where no spoken filler is prepared. The same for all calls. */
export function fillerTone(): PcmS16 {
  made ??= makeTone();
  return made;
}

function makeTone(): PcmS16 {
  const at = (ms: number): number => (ms * RATE_HZ) / 1000;
  const samples = new Int16Array(at(FILLER_TONE_MS));
  for (const start of [0, at(BEEP_MS + PAUSE_MS)]) {
    for (let i = 0; i < at(BEEP_MS); i++) {
      const ramp = Math.min(1, i / at(RAMP_MS), (at(BEEP_MS) - i) / at(RAMP_MS));
      samples[start + i] = Math.round(AMPLITUDE * ramp * Math.sin((2 * Math.PI * HZ * i) / RATE_HZ));
    }
  }
  return { encoding: 'pcm_s16', rateHz: RATE_HZ, samples };
}
