import type { SampleRateHz } from './audio.ts';
import { codecOfPayloadType, type Codec } from './codec.ts';
import { MAX_PAYLOAD_BYTES } from './packet-window.ts';
import { floatToInt16 } from './pcm.ts';
import { Resampler } from './resampler.ts';

/**
 * Decodes one stream's packets, in their order, to samples at one rate. A packet tells its codec by its payload
 * type, so a peer may change it in mid-call: what has another rate is resampled (which allocates; nothing else does).
 */
export class PacketDecoder {
  readonly rateHz: SampleRateHz;
  readonly clockRateHz: number;
  /** Samples of the packet that was decoded last, from 0 on. */
  readonly samples: Int16Array;
  #codec: Codec;
  #decode: ReturnType<Codec['createDecoder']>;
  #resampler: Resampler | undefined;
  #payload = new Uint8Array(MAX_PAYLOAD_BYTES);
  #decoded: Int16Array;
  #changes = 0;

  /** `codec`: the one that was agreed on. */
  constructor(codec: Codec) {
    this.rateHz = codec.audioRateHz;
    this.clockRateHz = codec.clockRateHz;
    this.samples = new Int16Array((MAX_PAYLOAD_BYTES / codec.frameBytes) * codec.frameSamples);
    this.#codec = codec;
    this.#decode = codec.createDecoder();
    this.#decoded = this.samples;
  }

  /** Of the packet that was decoded last. */
  get codec(): Codec {
    return this.#codec;
  }

  /** How often the peer has changed it. */
  get codecChanges(): number {
    return this.#changes;
  }

  /** Ticks of the RTP clock that a packet lasts; undefined: it's no sound that could be decoded in this session. */
  ticksOf(payloadType: number, payloadBytes: number): number | undefined {
    const codec = payloadType === this.#codec.payloadType ? this.#codec : codecOfPayloadType(payloadType);
    // Timestamps of one session count in one unit (RFC 7160 tells what becomes of it otherwise).
    if (codec?.clockRateHz !== this.clockRateHz) return undefined;
    return (payloadBytes * codec.frameTicks) / codec.frameBytes;
  }

  /** Where the payload of the next packet is to be written; made anew only when packets change their length. */
  payload(length: number): Uint8Array {
    if (this.#payload.length !== length) this.#payload = new Uint8Array(this.#payload.buffer, 0, length);
    return this.#payload;
  }

  /** Decodes what was written to `payload` into `samples`; returns how many there are. */
  decode(payloadType: number): number {
    if (payloadType !== this.#codec.payloadType) this.#change(payloadType);
    const { frameSamples, frameBytes } = this.#codec;
    const count = (this.#payload.length * frameSamples) / frameBytes;
    this.#decode(this.#payload, this.#decoded);
    if (this.#resampler === undefined) return count;
    const resampled = this.#resampler.process(this.#decoded.subarray(0, count));
    floatToInt16(resampled, this.samples);
    return resampled.length;
  }

  #change(payloadType: number): void {
    const codec = codecOfPayloadType(payloadType);
    if (codec === undefined) return;
    this.#changes += 1;
    this.#codec = codec;
    this.#decode = codec.createDecoder();
    this.#resampler = undefined;
    this.#decoded = this.samples;
    if (codec.audioRateHz === this.rateHz) return;
    this.#decoded = new Int16Array((MAX_PAYLOAD_BYTES / codec.frameBytes) * codec.frameSamples);
    const resampler = new Resampler(codec.audioRateHz, this.rateHz);
    // Filled with silence beforehand, so that a packet comes out as long as it went in, 3.5 ms late.
    resampler.process(new Int16Array((resampler.latencyMs * codec.audioRateHz) / 1000));
    this.#resampler = resampler;
  }
}
