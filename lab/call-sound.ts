import type { SampleRateHz } from '../src/media/audio.ts';
import { codecOfPayloadType, type Codec } from '../src/media/codec.ts';
import { levelDbov } from '../src/media/level.ts';
import { floatToInt16 } from '../src/media/pcm.ts';
import { Resampler } from '../src/media/resampler.ts';
import { rtpStreams } from './capture.ts';
import type { RtpSeen } from './capture.ts';
import { SpeechWatch } from './speech-watch.ts';

/** RTP timestamps count so many a second, for each codec that we have: G.722's too. */
const TICKS_PER_MS = 8;
/** Arrival may differ this much from what the timestamps say before the clock wins (a pause without packets). */
const DRIFT_TICKS = 480;

interface Placed {
  /** Ticks since the Unix epoch. */
  readonly position: number;
  readonly samples: Int16Array;
}

/**
 * One direction of a call as its packets went by: where each lies on the wall clock, and when somebody
 * speaks. Pauses in which no packets come (Asterisk sends none when nothing is said) are silence.
 */
export class CallSound extends SpeechWatch {
  readonly rateHz: SampleRateHz;
  readonly #packets: RtpSeen[] = [];
  readonly #placed: Placed[] = [];
  #base: { timestamp: number; position: number; ssrc: number } | undefined;
  #decoder: { readonly codec: Codec; readonly decode: (payload: Uint8Array) => Int16Array } | undefined;

  /** Its samples come at `rateHz`, whatever the packets' codec. */
  constructor(rateHz: SampleRateHz = 8000) {
    super();
    this.rateHz = rateHz;
  }

  take(packet: RtpSeen): void {
    this.#packets.push(packet);
    const codec = codecOfPayloadType(packet.payloadType);
    if (!codec) return;
    const samples = this.#decode(codec, packet.payload);
    this.#place(packet, samples);
    this.hear(packet.at, levelDbov(samples));
  }

  /** The sound between two instants of the wall clock. */
  samples(from: number, to: number): Int16Array {
    const perTick = this.rateHz / 1000 / TICKS_PER_MS;
    const origin = Math.round(from * TICKS_PER_MS);
    const sound = new Int16Array(Math.max(0, (Math.round(to * TICKS_PER_MS) - origin) * perTick));
    for (const { position, samples } of this.#placed) {
      const at = (position - origin) * perTick;
      if (at + samples.length <= 0 || at >= sound.length) continue;
      const skip = Math.max(0, -at);
      sound.set(samples.subarray(skip, Math.min(samples.length, sound.length - at)), at + skip);
    }
    return sound;
  }

  /** All packets of this direction, as they came. */
  get packets(): readonly RtpSeen[] {
    return this.#packets;
  }

  /** Packets with sound, and sequence numbers that never came. */
  stats(): { packets: number; lost: number } {
    const streams = rtpStreams(this.#packets);
    return {
      packets: this.#placed.length,
      lost: streams.reduce((sum, stream) => sum + stream.lost, 0),
    };
  }

  #decode(codec: Codec, payload: Uint8Array): Int16Array {
    if (this.#decoder?.codec !== codec) {
      const decode = codec.createDecoder();
      const resampler =
        codec.audioRateHz === this.rateHz ? undefined : new Resampler(codec.audioRateHz, this.rateHz);
      this.#decoder = {
        codec,
        decode: (bytes) => (resampler ? floatToInt16(resampler.process(decode(bytes))) : decode(bytes)),
      };
    }
    return this.#decoder.decode(payload);
  }

  #place(packet: RtpSeen, samples: Int16Array): void {
    const arrived = Math.round(packet.at * TICKS_PER_MS);
    const base = this.#base;
    const expected =
      base?.ssrc === packet.ssrc
        ? base.position + ((packet.timestamp - base.timestamp) | 0)
        : Number.POSITIVE_INFINITY;
    const position = Math.abs(expected - arrived) <= DRIFT_TICKS ? expected : arrived;
    this.#base = { timestamp: packet.timestamp, position, ssrc: packet.ssrc };
    this.#placed.push({ position, samples });
  }
}
