import { FRAME_MS, type G711Law, type SampleRateHz } from './audio.ts';
import { decodeG711, encodeG711, lawOf, PAYLOAD_TYPE, SILENCE_BYTE } from './g711.ts';

/** What the RTP path must know of a codec. A codec with memory keeps it in its encoder and decoder. */
export interface Codec {
  readonly name: G711Law;
  /** RFC 3551 table 4. */
  readonly payloadType: number;
  /** Unit of RTP timestamps. Not always the rate of the audio: G.722 counts 8,000 for 16,000 Hz. */
  readonly clockRateHz: number;
  readonly audioRateHz: SampleRateHz;
  /** Samples and bytes of one 20 ms frame. */
  readonly frameSamples: number;
  readonly frameBytes: number;
  /** One frame of digital silence. */
  readonly silence: Uint8Array;
  createEncoder(): (samples: Int16Array, into?: Uint8Array) => Uint8Array;
  createDecoder(): (bytes: Uint8Array, into?: Int16Array) => Int16Array;
}

function g711(law: G711Law): Codec {
  const frameSamples = (8000 * FRAME_MS) / 1000;
  return {
    name: law,
    payloadType: PAYLOAD_TYPE[law],
    clockRateHz: 8000,
    audioRateHz: 8000,
    frameSamples,
    frameBytes: frameSamples,
    silence: new Uint8Array(frameSamples).fill(SILENCE_BYTE[law]),
    createEncoder: () => (samples, into) => encodeG711(law, samples, into),
    createDecoder: () => (bytes, into) => decodeG711(law, bytes, into),
  };
}

const CODECS: Readonly<Record<G711Law, Codec>> = { ulaw: g711('ulaw'), alaw: g711('alaw') };

/** The codec of that name. Throws CODEC_UNKNOWN, naming the known ones. */
export function codecOf(name: string): Codec {
  return CODECS[lawOf(name)];
}
