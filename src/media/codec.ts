import type { Milliseconds } from '../lib/clock.ts';
import { VoiceAgentError } from '../lib/errors.ts';
import { FRAME_MS, type PlayoutFormat, type SampleRateHz } from './audio.ts';
import { decodeG711, encodeG711 } from './g711.ts';
import { createG722Decoder, createG722Encoder } from './g722.ts';

/** Encodes samples into `into` (allocated when left out) and returns that. May remember what came before. */
type Encode = (samples: Int16Array, into?: Uint8Array) => Uint8Array;
/** Decodes whole packets, in their order; `into` has room for all samples. */
type Decode = (bytes: Uint8Array, into?: Int16Array) => Int16Array;

interface CodecFacts {
  /** RFC 3551 table 4: static ones only, so a packet tells its codec. */
  readonly payloadType: number;
  /** Unit of RTP timestamps. Not always the rate of the audio: G.722 counts 8,000 for 16,000 Hz. */
  readonly clockRateHz: number;
  readonly audioRateHz: SampleRateHz;
  /** Bytes of one 20 ms frame. */
  readonly frameBytes: number;
  /**
   * What a session queues to be sent. A codec without memory is queued as its own bytes, and what a
   * synthesiser gives in them goes out untouched. One with memory is queued as linear samples at its rate and
   * encoded as it leaves: encoded ahead, the far decoder's state would jump wherever two utterances meet.
   */
  readonly queueFormat: PlayoutFormat;
  /** How long after a loss a decoder with memory is far off; what was concealed fades out meanwhile. */
  readonly settleMs: Milliseconds;
  /** Each stream has an encoder and a decoder of its own: they may keep state. */
  createEncoder(): Encode;
  createDecoder(): Decode;
}

/** Everything that the program knows of a codec. */
export interface Codec extends CodecFacts {
  /** As Asterisk names it. */
  readonly name: CodecName;
  /** Samples, and units of RTP timestamps, of one 20 ms frame. */
  readonly frameSamples: number;
  readonly frameTicks: number;
  /** One frame of digital silence. */
  readonly silence: Uint8Array;
}

/** The one place that lists codecs. */
const TABLE = {
  ulaw: g711('ulaw', 0),
  alaw: g711('alaw', 8),
  // RFC 3551 §4.5.2: the clock counts 8,000 by an old mistake that can't be mended any more.
  g722: {
    payloadType: 9,
    clockRateHz: 8000,
    audioRateHz: 16000,
    frameBytes: 160,
    queueFormat: { encoding: 'pcm_s16', rateHz: 16000 },
    // Measured at 10 % loss: steps up to 1.9 times those of the sound itself become 1.3 (test/media/g722-line.test.ts).
    settleMs: 20,
    createEncoder: createG722Encoder,
    createDecoder: createG722Decoder,
  },
} as const satisfies Record<string, CodecFacts>;

export type CodecName = keyof typeof TABLE;

export const CODEC_NAMES = Object.keys(TABLE) as CodecName[];

const CODECS = new Map<string, Codec>(
  Object.entries<CodecFacts>(TABLE).map(([name, facts]) => {
    const frameSamples = (facts.audioRateHz * FRAME_MS) / 1000;
    const codec: Codec = {
      ...facts,
      name: name as CodecName,
      frameSamples,
      frameTicks: (facts.clockRateHz * FRAME_MS) / 1000,
      silence: facts.createEncoder()(new Int16Array(frameSamples)),
    };
    return [name, codec];
  }),
);

const BY_PAYLOAD_TYPE: (Codec | undefined)[] = [];
for (const codec of CODECS.values()) BY_PAYLOAD_TYPE[codec.payloadType] = codec;

function g711(law: 'ulaw' | 'alaw', payloadType: number): CodecFacts {
  return {
    payloadType,
    clockRateHz: 8000,
    audioRateHz: 8000,
    frameBytes: 160,
    queueFormat: { encoding: law, rateHz: 8000 },
    settleMs: 0,
    createEncoder: () => (samples, into) => encodeG711(law, samples, into),
    createDecoder: () => (bytes, into) => decodeG711(law, bytes, into),
  };
}

export function isCodecName(name: string): name is CodecName {
  return CODECS.has(name);
}

/** The codec of that name. Throws CODEC_UNKNOWN, naming the known ones. */
export function codecOf(name: string): Codec {
  const codec = CODECS.get(name);
  if (codec) return codec;
  throw new VoiceAgentError('CODEC_UNKNOWN', `unknown codec "${name}"; known are: ${CODEC_NAMES.join(', ')}`);
}

/** The codec whose packets bear this payload type. */
export function codecOfPayloadType(payloadType: number): Codec | undefined {
  return BY_PAYLOAD_TYPE[payloadType];
}
