import { FRAME_MS } from '../../src/media/audio.ts';
import { type Codec, type CodecName, codecOf } from '../../src/media/codec.ts';
import { Concealment } from '../../src/media/concealment.ts';
import {
  createRtpFields,
  decodeRtp,
  encodeRtp,
  parseRtp,
  RtpPacketBuilder,
} from '../../src/media/rtp-packet.ts';
import { VoiceReceiver } from '../../src/media/voice-receiver.ts';

/** How the sender of a `CodecLine` behaves. */
export interface CodecLineOptions {
  /** What was agreed on, and gives the rate at which is heard. */
  readonly codec: CodecName;
  /** What packet `n` is encoded with; by default what was agreed on. */
  readonly codecOf?: (n: number) => CodecName;
  readonly isLost?: (n: number) => boolean;
  /** The sender's timestamps count so many times as fast. */
  readonly clockFactor?: number;
}

/** What was heard, and what is known of it. */
export interface HeardSound {
  readonly samples: Int16Array;
  readonly receiver: VoiceReceiver;
  /** A letter for each frame: `f`rame, `l`ost, fi`.`ler. */
  readonly story: string;
}

/**
 * A stretch of sound through encoder, packets, a network without delay, receiver and concealment. `sound` gives the
 * samples of frame `n` at a rate, for `frames` frames.
 */
export function hear(
  frames: number,
  sound: (n: number, codec: Codec) => Int16Array,
  options: CodecLineOptions,
): HeardSound {
  const agreed = codecOf(options.codec);
  const encoders = new Map<CodecName, ReturnType<Codec['createEncoder']>>();
  const builder = new RtpPacketBuilder(agreed, { ssrc: 1, sequence: 65_500, timestamp: 0 });
  const frame = new Int16Array(agreed.frameSamples);
  const receiver = new VoiceReceiver({ codec: agreed, start: -FRAME_MS, frame });
  const concealment = new Concealment(agreed.audioRateHz, agreed.settleMs);
  const fields = createRtpFields();
  const heard: number[] = [];
  let story = '';
  for (let n = 0; n < frames; n++) {
    const codec = codecOf(options.codecOf?.(n) ?? options.codec);
    const encode = encoders.get(codec.name) ?? codec.createEncoder();
    encoders.set(codec.name, encode);
    const packet = decodeRtp(builder.build(encode(sound(n, codec))));
    if (typeof packet === 'string') throw new Error(packet);
    const timestamp = (packet.timestamp * (options.clockFactor ?? 1)) >>> 0;
    const bytes = encodeRtp({ ...packet, timestamp, payloadType: codec.payloadType });
    parseRtp(bytes, bytes.length, fields);
    if (!options.isLost?.(n)) receiver.insert(fields, bytes, n * FRAME_MS);
    for (;;) {
      const kind = receiver.take(n * FRAME_MS);
      if (kind === 'none') break;
      if (kind === 'frame') concealment.good(frame);
      else if (kind === 'lost') concealment.conceal(frame);
      else frame.fill(0);
      story += { frame: 'f', lost: 'l', filler: '.' }[kind];
      heard.push(...frame);
    }
  }
  return { samples: Int16Array.from(heard), receiver, story };
}
