import type { RtpFields } from './rtp-packet.ts';
import { timestampDistance } from './sequence.ts';

/**
 * Named telephone events, RFC 4733 §2.3. Asterisk sends none on an external-media leg (its DTMF comes
 * by ARI), but other peers do.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |     event     |E|R| volume    |          duration             |
 */
export interface TelephoneEvent {
  /** 0–9 the digits, 10 *, 11 #, 12–15 A–D, 16 flash, others are no DTMF. */
  event: number;
  end: boolean;
  /** Power below 0 dBm0, dB: 0 … 63. */
  volume: number;
  /** So far, in units of the RTP clock. */
  duration: number;
}

const EVENT_BYTES = 4;
const DIGITS = '0123456789*#ABCD';
/** Events further back than 10 s aren't stragglers: the sender has set its timestamps anew. */
const STRAGGLER_TICKS = 80_000;
const LONGEST_SEGMENT = 0xffff;

/** Reads the event at `offset` of `data`, which holds `length` bytes of payload there. False: malformed. */
export function parseTelephoneEvent(
  data: Uint8Array,
  offset: number,
  length: number,
  into: TelephoneEvent,
): boolean {
  if (length < EVENT_BYTES || offset + EVENT_BYTES > data.length) return false;
  const flags = data[offset + 1] as number;
  into.event = data[offset] as number;
  into.end = flags > 127;
  into.volume = flags & 63;
  into.duration = ((data[offset + 2] as number) << 8) | (data[offset + 3] as number);
  return true;
}

/** The DTMF key of an event, if it is one. */
export function digitOf(event: number): string | undefined {
  return DIGITS[event];
}

/**
 * Turns one stream's event packets into keys: each press once, at the first packet of it that comes,
 * however often the event is updated and its end repeated, and whichever of them get lost.
 */
export class DtmfReceiver {
  readonly #event: TelephoneEvent = { event: 0, end: false, volume: 0, duration: 0 };
  #ssrc = -1;
  #timestamp = 0;
  #pressed = -1;
  #ended = true;
  #malformed = 0;

  /** Payloads too short for an event. */
  get malformed(): number {
    return this.#malformed;
  }

  /** `fields` say where the event lies in `data`, the whole datagram. Returns a key that was just pressed. */
  receive(fields: RtpFields, data: Uint8Array): string | undefined {
    const packet = this.#event;
    if (!parseTelephoneEvent(data, fields.payloadOffset, fields.payloadLength, packet)) {
      this.#malformed += 1;
      return undefined;
    }
    const { timestamp, ssrc } = fields;
    const distance = timestampDistance(this.#timestamp, timestamp);
    if (ssrc === this.#ssrc) {
      if (distance === 0 || (distance < 0 && distance > -STRAGGLER_TICKS)) {
        if (distance === 0) this.#ended ||= packet.end;
        return undefined;
      }
      // §2.5.1.3: a key held longer than a segment can tell goes on in a new one, without a marker.
      const goesOn =
        !this.#ended && !fields.marker && packet.event === this.#pressed && distance === LONGEST_SEGMENT;
      if (goesOn) {
        this.#timestamp = timestamp;
        this.#ended = packet.end;
        return undefined;
      }
    }
    this.#ssrc = ssrc;
    this.#timestamp = timestamp;
    this.#pressed = packet.event;
    this.#ended = packet.end;
    return digitOf(packet.event);
  }
}
