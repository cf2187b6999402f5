import type { Milliseconds } from '../lib/clock.ts';
import { VoiceAgentError } from '../lib/errors.ts';
import { SAMPLE_RATES_HZ, sampleCount, type Audio, type AudioEncoding, type SampleRateHz } from './audio.ts';

/** The factor between int16 and float samples: −32,768 is −1 exactly, and 32,767 just below 1. */
const FULL_SCALE = 32768;

/** Rounds to the nearest of the 65,536 values; what lies beyond −1 … 1 is clipped, NaN becomes 0. */
export function floatToInt16(
  samples: Float32Array,
  into: Int16Array = new Int16Array(samples.length),
): Int16Array {
  const count = samples.length;
  if (into.length < count) throw new RangeError(`room for ${into.length} samples, ${count} needed`);
  for (let i = 0; i < count; i++) {
    const scaled = Math.round((samples[i] as number) * FULL_SCALE);
    into[i] = scaled > 32767 ? 32767 : scaled < -FULL_SCALE ? -FULL_SCALE : scaled;
  }
  return into;
}

/** Exact: `floatToInt16` gives every sample back. */
export function int16ToFloat(
  samples: Int16Array,
  into: Float32Array = new Float32Array(samples.length),
): Float32Array {
  const count = samples.length;
  if (into.length < count) throw new RangeError(`room for ${into.length} samples, ${count} needed`);
  for (let i = 0; i < count; i++) into[i] = (samples[i] as number) / FULL_SCALE;
  return into;
}

export function audioDuration(audio: Audio): Milliseconds {
  return (sampleCount(audio) * 1000) / audio.rateHz;
}

/** A format that is claimed for raw bytes, before it is checked. */
export interface ClaimedFormat {
  readonly encoding: string;
  readonly rateHz: number;
  /** Default 1, and nothing else is taken. */
  readonly channels?: number;
}

const BYTES_PER_SAMPLE: Readonly<Record<AudioEncoding, number>> = {
  pcm_s16: 2,
  pcm_f32: 4,
  ulaw: 1,
  alaw: 1,
};

/**
 * Bytes from outside (a provider, a file) as audio, if they are what is claimed: little-endian, mono.
 * A view where the bytes are aligned, else a copy. Throws AUDIO_FORMAT_INVALID.
 */
export function validatePcmFormat(bytes: Uint8Array, claimed: ClaimedFormat): Audio {
  const { encoding, rateHz, channels = 1 } = claimed;
  if (!isEncoding(encoding)) {
    throw invalid(`encoding "${encoding}"; known are: ${Object.keys(BYTES_PER_SAMPLE).join(', ')}`);
  }
  if (channels !== 1) throw invalid(`${channels} channels; only mono is taken`);
  const rate = sampleRateOf(rateHz);
  if (bytes.length === 0) throw invalid('no samples: the audio is empty');
  const width = BYTES_PER_SAMPLE[encoding];
  if (bytes.length % width !== 0) {
    throw invalid(`${bytes.length} bytes of ${encoding} are no whole number of ${width}-byte samples`);
  }
  switch (encoding) {
    case 'pcm_s16':
      return { encoding, rateHz: rate, samples: new Int16Array(...aligned(bytes, width)) };
    case 'pcm_f32':
      return { encoding, rateHz: rate, samples: new Float32Array(...aligned(bytes, width)) };
    default:
      if (rate !== 8000) throw invalid(`${encoding} at ${rate} Hz; G.711 is always 8000 Hz`);
      return { encoding, rateHz: rate, bytes };
  }
}

/** The rate as one of those that this program handles. Throws AUDIO_FORMAT_INVALID. */
function sampleRateOf(rateHz: number): SampleRateHz {
  const rate = SAMPLE_RATES_HZ.find((known) => known === rateHz);
  if (rate) return rate;
  throw invalid(`a sample rate of ${rateHz} Hz; known are: ${SAMPLE_RATES_HZ.join(', ')}`);
}

function isEncoding(name: string): name is AudioEncoding {
  return Object.hasOwn(BYTES_PER_SAMPLE, name);
}

function aligned(bytes: Uint8Array, width: number): [ArrayBufferLike, number, number] {
  const { buffer, byteOffset, length } = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  return [buffer, byteOffset, length / width];
}

function invalid(what: string): VoiceAgentError {
  return new VoiceAgentError('AUDIO_FORMAT_INVALID', `audio can't be used: ${what}`);
}
