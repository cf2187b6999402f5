import { levelDbov } from '../src/media/level.ts';
import { decodeG711 } from '../src/media/g711.ts';
import type { G711Law } from '../src/media/audio.ts';
import { lawOfPayloadType, rtpStreams } from './capture.ts';
import type { RtpSeen } from './capture.ts';
import { SpeechWatch } from './speech-watch.ts';

/** Arrival may differ this much from what the timestamps say before the clock wins (a pause without packets). */
const DRIFT_SAMPLES = 480;
const SAMPLES_PER_MS = 8;

interface Placed {
  /** Samples since the Unix epoch, at 8,000 Hz. */
  readonly position: number;
  readonly law: G711Law;
  readonly payload: Uint8Array;
}

/**
 * One direction of a call as its packets went by: where each lies on the wall clock, and when somebody
 * speaks. Pauses in which no packets come (Asterisk sends none when nothing is said) are silence.
 */
export class CallSound extends SpeechWatch {
  readonly #packets: RtpSeen[] = [];
  readonly #placed: Placed[] = [];
  #base: { timestamp: number; position: number; ssrc: number } | undefined;

  take(packet: RtpSeen): void {
    this.#packets.push(packet);
    const law = lawOfPayloadType(packet.payloadType);
    if (!law) return;
    this.#place(packet, law);
    this.hear(packet.at, levelDbov(decodeG711(law, packet.payload)));
  }

  /** The sound between two instants of the wall clock, 8,000 Hz. */
  samples(from: number, to: number): Int16Array {
    const origin = Math.round(from * SAMPLES_PER_MS);
    const sound = new Int16Array(Math.max(0, Math.round(to * SAMPLES_PER_MS) - origin));
    for (const { position, law, payload } of this.#placed) {
      const at = position - origin;
      if (at + payload.length <= 0 || at >= sound.length) continue;
      const samples = decodeG711(law, payload);
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

  #place(packet: RtpSeen, law: G711Law): void {
    const arrived = Math.round(packet.at * SAMPLES_PER_MS);
    const base = this.#base;
    const expected =
      base?.ssrc === packet.ssrc
        ? base.position + ((packet.timestamp - base.timestamp) | 0)
        : Number.POSITIVE_INFINITY;
    const position = Math.abs(expected - arrived) <= DRIFT_SAMPLES ? expected : arrived;
    this.#base = { timestamp: packet.timestamp, position, ssrc: packet.ssrc };
    this.#placed.push({ position, law, payload: packet.payload });
  }
}
