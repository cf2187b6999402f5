import type { AudioEncoding } from '../../../src/media/audio.ts';
import { decodeG711, encodeG711 } from '../../../src/media/g711.ts';
import { int16ToFloat } from '../../../src/media/pcm.ts';

/** What Cartesia calls its encodings (STTEncoding, RawEncoding), as far as a telephone needs them. */
export const WIRE_ENCODINGS: Readonly<Record<string, AudioEncoding>> = {
  pcm_mulaw: 'ulaw',
  pcm_alaw: 'alaw',
  pcm_s16le: 'pcm_s16',
  pcm_f32le: 'pcm_f32',
};

/** Samples of whole units of received audio; what is over of a unit is the caller's to keep. */
export function samplesFrom(bytes: Uint8Array, encoding: AudioEncoding): Int16Array {
  if (encoding === 'ulaw' || encoding === 'alaw') return decodeG711(encoding, bytes);
  // A Buffer's own slice() would still lie somewhere in a pool of others.
  const copy = Uint8Array.from(bytes);
  if (encoding === 'pcm_s16') return new Int16Array(copy.buffer, 0, copy.length >> 1);
  return Int16Array.from(new Float32Array(copy.buffer, 0, copy.length >> 2), (sample) =>
    Math.round(sample * 32767),
  );
}

export function bytesFrom(samples: Int16Array, encoding: AudioEncoding): Buffer {
  if (encoding === 'ulaw' || encoding === 'alaw') return Buffer.from(encodeG711(encoding, samples));
  const linear = encoding === 'pcm_s16' ? samples.slice() : int16ToFloat(samples);
  return Buffer.from(linear.buffer, linear.byteOffset, linear.byteLength);
}
