import { codecOf } from '../../src/media/codec.ts';
import { encodeG711 } from '../../src/media/g711.ts';
import { createRtpFields } from '../../src/media/rtp-packet.ts';
import { type TakeResult, VoiceReceiver, type VoiceReceiverOptions } from '../../src/media/voice-receiver.ts';

export interface Heard {
  kind: TakeResult;
  at: number;
  /** First and last byte of a `frame`. */
  first: number;
  last: number;
}

export interface Sent {
  sequence: number;
  timestamp: number;
  ssrc?: number;
  marker?: boolean;
  /** Every byte of the payload; below 0x40 it is loud. */
  byte?: number;
  length?: number;
  sound?: boolean;
  /** Default: of sound, or of telephone-events. */
  payloadType?: number;
}

/**
 * A receiver of μ-law with the clock in hand: packets go in at `now`, and all that comes out is kept. The
 * session began 20 ms before 0, so that a packet at 0 holds its first frame.
 */
export class Listener {
  readonly receiver: VoiceReceiver;
  readonly heard: Heard[] = [];
  now: number;
  readonly #fields = createRtpFields();
  readonly #frame = new Int16Array(160);

  constructor(options: Partial<VoiceReceiverOptions> = {}) {
    this.now = 0;
    this.receiver = new VoiceReceiver({ codec: codecOf('ulaw'), start: -20, frame: this.#frame, ...options });
  }

  /** Frames by which the timeline is behind the clock: 0 … 1 when all is well. */
  get behind(): number {
    return (this.now + 20) / 20 - this.receiver.frames;
  }

  /** What came out since the last call, in short: a frame's first byte, `L` lost, `.` filler. */
  get story(): string {
    return this.heard
      .splice(0)
      .map(({ kind, first }) => (kind === 'frame' ? first.toString() : kind === 'lost' ? 'L' : '.'))
      .join(' ');
  }

  /** Time goes by in steps of 5 ms, without packets. */
  wait(ms: number): void {
    const until = this.now + ms;
    while (this.now < until) {
      this.now = Math.min(until, this.now + 5);
      this.drain();
    }
  }

  receive(packet: Sent): void {
    this.insert(packet);
    this.drain();
  }

  insert({
    sequence,
    timestamp,
    ssrc = 1,
    marker = false,
    byte = 1,
    length = 160,
    payloadType,
    sound = payloadType === undefined,
  }: Sent): void {
    const fields = this.#fields;
    fields.sequence = sequence & 0xffff;
    fields.timestamp = timestamp >>> 0;
    fields.ssrc = ssrc;
    fields.marker = marker;
    fields.payloadOffset = 12;
    fields.payloadLength = length;
    fields.payloadType = payloadType ?? (sound ? 0 : 101);
    const isSound = this.receiver.insert(fields, new Uint8Array(12 + length).fill(byte), this.now);
    if (isSound !== sound) throw new Error('sound is taken for something else, or the opposite');
  }

  drain(): void {
    for (;;) {
      const kind = this.receiver.take(this.now);
      if (kind === 'none') return;
      const bytes = encodeG711('ulaw', this.#frame);
      const [first, last] = kind === 'frame' ? [bytes[0]!, bytes[159]!] : [-1, -1];
      this.heard.push({ kind, at: this.now, first, last });
    }
  }

  /** Packets `from` … `to`, 20 ms apart; each bears its number as its sound. */
  stream(from: number, to: number, more: Partial<Sent> = {}): void {
    for (let n = from; n <= to; n++) {
      this.receive({ ...packetOf(n), ...more });
      this.wait(20);
    }
  }
}

/** Packet number `n` of a stream that began with sequence 0 and timestamp 0. */
export function packetOf(n: number): Sent {
  return { sequence: n, timestamp: n * 160, byte: n % 64 };
}
