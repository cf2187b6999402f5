/**
 * G.722 at 64 kbit/s of Debian's libspandsp2 (lab/test-packages.txt), as an oracle: `spandsp/g722.h` of 0.0.6.
 * A codec lives until the process ends: a state is a few hundred bytes.
 */
import koffi from 'koffi';

const BITS_PER_SECOND = 64_000;
/** Neither 8 kHz audio nor packed codes. */
const OPTIONS = 0;

function library() {
  const spandsp = koffi.load('libspandsp.so.2');
  const init = (name: string) => spandsp.func(`void *${name}(void *state, int rate, int options)`);
  return {
    newEncoder: init('g722_encode_init') as (...args: [null, number, number]) => unknown,
    newDecoder: init('g722_decode_init') as (...args: [null, number, number]) => unknown,
    encode: spandsp.func(
      'int g722_encode(void *state, _Out_ uint8_t *bytes, const int16_t *samples, int count)',
    ) as (state: unknown, bytes: Uint8Array, samples: Int16Array, count: number) => number,
    decode: spandsp.func(
      'int g722_decode(void *state, _Out_ int16_t *samples, const uint8_t *bytes, int count)',
    ) as (state: unknown, samples: Int16Array, bytes: Uint8Array, count: number) => number,
  };
}

let loaded: ReturnType<typeof library> | undefined;

export function createSpandspEncoder(): (samples: Int16Array) => Uint8Array {
  const { newEncoder, encode } = (loaded ??= library());
  const state = newEncoder(null, BITS_PER_SECOND, OPTIONS);
  return (samples) => {
    const bytes = new Uint8Array(samples.length >> 1);
    const written = encode(state, bytes, samples, samples.length);
    if (written !== bytes.length) throw new Error(`spandsp wrote ${written} bytes of ${bytes.length}`);
    return bytes;
  };
}

export function createSpandspDecoder(): (bytes: Uint8Array) => Int16Array {
  const { newDecoder, decode } = (loaded ??= library());
  const state = newDecoder(null, BITS_PER_SECOND, OPTIONS);
  return (bytes) => {
    const samples = new Int16Array(2 * bytes.length);
    const written = decode(state, samples, bytes, bytes.length);
    if (written !== samples.length) throw new Error(`spandsp wrote ${written} samples of ${samples.length}`);
    return samples;
  };
}
