import type { Audio, G711Law } from '../../src/media/audio.ts';
import { AudioConverter } from '../../src/media/convert.ts';

/** A whole stretch of any audio as G.711 bytes for RTP; what is of that law already stays as it is. */
export function convertForRtp(audio: Audio, law: G711Law): Uint8Array {
  const converter = new AudioConverter({ encoding: law, rateHz: 8000 });
  const bytes = converter.convert(audio);
  const rest = converter.flush();
  return rest.length === 0 ? bytes : Uint8Array.of(...bytes, ...rest);
}
