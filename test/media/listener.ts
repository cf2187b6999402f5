import { JitterBuffer, type JitterBufferOptions, type TakeResult } from '../../src/media/jitter-buffer.ts';
import { createRtpFields } from '../../src/media/rtp-packet.ts';

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
}

/**
 * A jitter buffer with the clock in hand: packets go in at `now`, and all that comes out is kept. The
 * session began 20 ms before 0, so that a packet at 0 holds its first frame.
 */
export class Listener {
  readonly buffer: JitterBuffer;
  readonly heard: Heard[] = [];
  now: number;
  readonly #fields = createRtpFields();
  readonly #into = new Uint8Array(160);

  constructor(options: Partial<JitterBufferOptions> = {}) {
    this.now = 0;
    this.buffer = new JitterBuffer({ law: 'ulaw', start: -20, ...options });
  }

  /** Frames by which the timeline is behind the clock: 0 … 1 when all is well. */
  get behind(): number {
    return (this.now + 20) / 20 - this.buffer.frames;
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
    sound = true,
  }: Sent): void {
    const fields = this.#fields;
    fields.sequence = sequence & 0xffff;
    fields.timestamp = timestamp >>> 0;
    fields.ssrc = ssrc;
    fields.marker = marker;
    fields.payloadOffset = 12;
    fields.payloadLength = length;
    if (sound) this.buffer.insert(fields, new Uint8Array(12 + length).fill(byte), this.now);
    else this.buffer.insertOther(fields, this.now);
  }

  drain(): void {
    for (;;) {
      const kind = this.buffer.take(this.now, this.#into);
      if (kind === 'none') return;
      const [first, last] = kind === 'frame' ? [this.#into[0]!, this.#into[159]!] : [-1, -1];
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
