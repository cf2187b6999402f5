import { CARTESIA_TTS } from '../support/trouble-cases.ts';

export interface ComparedConfig {
  readonly name: string;
  /** Texts of config/, and what is put in their place. */
  readonly edits: readonly (readonly [string, string])[];
}

/** What `make bench-latency` can compare. */
export const VARIANTS: Readonly<Record<string, ComparedConfig>> = {
  early: { name: 'early start', edits: [] },
  certain: { name: 'no early start', edits: [['eagerPauseMs: 150', 'eagerPauseMs: 0']] },
  token: {
    name: 'text in tokens to the voice',
    edits: [[CARTESIA_TTS, CARTESIA_TTS.replace('tts:', 'tts:\n      feeding: token')]],
  },
  f32: {
    name: 'float samples of 24 kHz, resampled here',
    edits: [['    # source: { encoding: pcm_f32', '    source: { encoding: pcm_f32']],
  },
  message100: {
    name: 'sound to the recogniser 100 ms at a time',
    edits: [[CARTESIA_TTS, `    stt: { messageMs: 100 }\n${CARTESIA_TTS}`]],
  },
  suppressed: {
    name: 'no packets while the agent is silent',
    edits: [['silenceSuppression: false', 'silenceSuppression: true']],
  },
  finalize: {
    name: 'turns found by the detector (finalize socket)',
    edits: [[CARTESIA_TTS, `    stt: { socket: finalize }\n${CARTESIA_TTS}`]],
  },
};
