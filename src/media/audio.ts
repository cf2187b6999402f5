/** Sample rates that cross this program, Hz. */
export const SAMPLE_RATES_HZ = [8000, 16000, 22050, 24000, 44100, 48000] as const;
export type SampleRateHz = (typeof SAMPLE_RATES_HZ)[number];

/** The two companding laws of ITU-T G.711. */
export type G711Law = 'ulaw' | 'alaw';

/** The length of every media frame, as RTP (RFC 3551 §4.2, default packetisation) and Vonage use it. */
export const FRAME_MS = 20;

/** Signed 16-bit linear mono samples. */
export interface PcmS16 {
  readonly encoding: 'pcm_s16';
  readonly rateHz: SampleRateHz;
  readonly samples: Int16Array;
}

/** 32-bit float linear mono samples, nominal range −1 … 1. */
export interface PcmF32 {
  readonly encoding: 'pcm_f32';
  readonly rateHz: SampleRateHz;
  readonly samples: Float32Array;
}

/** G.711 bytes, one a sample, always 8,000 Hz. */
export interface G711Audio {
  readonly encoding: G711Law;
  readonly rateHz: 8000;
  readonly bytes: Uint8Array;
}

/** A stretch of mono audio that says what it is. No naked Buffer crosses a folder. */
export type Audio = PcmS16 | PcmF32 | G711Audio;
export type AudioEncoding = Audio['encoding'];

/** A format without its samples: what a port takes or gives. */
export interface AudioFormat {
  readonly encoding: AudioEncoding;
  readonly rateHz: SampleRateHz;
}

/** What waits to be played: linear samples, or G.711 bytes that are to leave as they are. */
export interface PlayoutFormat extends AudioFormat {
  readonly encoding: 'pcm_s16' | G711Law;
}

/** Bytes of one frame of 20 ms. */
export function frameBytesOf({ encoding, rateHz }: PlayoutFormat): number {
  return ((rateHz * FRAME_MS) / 1000) * (encoding === 'pcm_s16' ? 2 : 1);
}

/** Samples in a stretch of audio, whatever its encoding. */
export function sampleCount(audio: Audio): number {
  return 'bytes' in audio ? audio.bytes.length : audio.samples.length;
}
