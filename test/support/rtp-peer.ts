import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { monotonicNow } from '../../src/lib/clock.ts';
import { FRAME_MS } from '../../src/media/audio.ts';
import { type Codec, type CodecName, codecOf } from '../../src/media/codec.ts';
import type { RtpPacketBuilderOptions } from '../../src/media/rtp-packet-builder.ts';
import { decodeRtp, encodeRtp, RtpPacketizer } from './rtp-packets.ts';

/** A packet as the peer received it. */
export interface ReceivedPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
  readonly at: number;
}

/** What happens to the nth packet on its way: sent as it is, lost, sent so often, or so many packets later. */
type Impairment = 'lose' | { readonly copies: number } | { readonly later: number } | undefined;

export interface SayOptions {
  readonly impair?: (index: number) => Impairment;
  /** False: all packets at once. Default: one every 20 ms by absolute deadlines. */
  readonly paced?: boolean;
  /** Another codec than the peer's own, from its beginning; with frames of as many bytes and ticks. */
  readonly codec?: CodecName;
}

export interface RtpPeerOptions extends RtpPacketBuilderOptions {
  readonly codec?: CodecName;
  readonly address?: string;
  readonly port?: number;
}

/** A real RTP endpoint for tests and benches: it paces what it says and keeps what it hears. */
export class RtpPeer {
  readonly codec: Codec;
  readonly received: ReceivedPacket[] = [];
  /** Datagrams that weren't RTP. */
  malformed = 0;
  readonly builder: RtpPacketizer;
  readonly #encode: ReturnType<Codec['createEncoder']>;
  readonly #socket: Socket;
  #target: { address: string; port: number } | undefined;

  private constructor(socket: Socket, codec: Codec, options: RtpPacketBuilderOptions) {
    this.codec = codec;
    this.#encode = codec.createEncoder();
    this.#socket = socket;
    this.builder = new RtpPacketizer(codec, options);
    socket.on('message', (message) => {
      const packet = decodeRtp(Uint8Array.from(message));
      if (typeof packet === 'string') this.malformed += 1;
      else this.received.push({ ...packet, at: monotonicNow() });
    });
  }

  static async open(options: RtpPeerOptions = {}): Promise<RtpPeer> {
    const socket = createSocket(isIPv6(options.address ?? '') ? 'udp6' : 'udp4');
    socket.bind(options.port ?? 0, options.address ?? '127.0.0.1');
    await once(socket, 'listening');
    return new RtpPeer(socket, codecOf(options.codec ?? 'ulaw'), options);
  }

  get address(): string {
    return this.#socket.address().address;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Where it says things to: an endpoint of the gateway. */
  aim(target: { readonly address: string; readonly port: number }): void {
    this.#target = { address: target.address, port: target.port };
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Uint8Array): Promise<void> {
    const target = this.#target;
    if (!target) throw new Error('aim first');
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, target.port, target.address, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** Says `samples` in packets of 20 ms, impaired as asked. Resolves when the last has been sent. */
  async say(samples: Int16Array, options: SayOptions = {}): Promise<void> {
    const codec = options.codec === undefined ? this.codec : codecOf(options.codec);
    const encode = options.codec === undefined ? this.#encode : codec.createEncoder();
    const packets = this.builder.packetize(encode(samples));
    for (const packet of packets) packet[1] = ((packet[1] ?? 0) & 0x80) | codec.payloadType;
    const schedule: Uint8Array[][] = packets.map(() => []);
    for (const [index, packet] of packets.entries()) {
      const impairment = options.impair?.(index);
      if (impairment === 'lose') continue;
      if (impairment === undefined) schedule[index]?.push(packet);
      else if ('copies' in impairment) {
        schedule[index]?.push(...Array.from({ length: impairment.copies }, () => packet));
      } else schedule[Math.min(index + impairment.later, packets.length - 1)]?.push(packet);
    }
    const start = monotonicNow();
    for (const [index, due] of schedule.entries()) {
      const wait = start + index * FRAME_MS - monotonicNow();
      if (options.paced !== false && wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      for (const packet of due) await this.sendRaw(packet);
    }
  }

  /** Presses a key: an RFC 4733 event of 100 ms, its end sent three times as §2.5.1.4 asks. */
  async press(digit: string): Promise<void> {
    const { sequence, timestamp, ssrc } = this.builder;
    const event = '0123456789*#ABCD'.indexOf(digit);
    for (const [index, duration] of [160, 480, 800, 800, 800].entries()) {
      const payload = Uint8Array.of(event, (index >= 2 ? 0x80 : 0) | 10, duration >> 8, duration & 0xff);
      const packet = { payloadType: 101, marker: index === 0, timestamp, ssrc, payload };
      await this.sendRaw(encodeRtp({ ...packet, sequence: (sequence + index) & 0xffff }));
    }
    this.builder.packetize(new Uint8Array(800)); // the event took the place of these five packets
  }

  /** Keeps silent for so long: timestamps go on, packets don't. */
  pause(durationMs: number): void {
    this.builder.skip((durationMs * this.codec.audioRateHz) / 1000);
  }

  /** Resolves when `found` is true of what was received; rejects after `timeoutMs`. */
  async until(found: (received: readonly ReceivedPacket[]) => boolean, timeoutMs = 15_000): Promise<void> {
    const deadline = monotonicNow() + timeoutMs;
    while (!found(this.received)) {
      if (monotonicNow() > deadline) {
        throw new Error(`not heard within ${timeoutMs} ms; ${this.received.length} packets received`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** What was heard, in the order of the sequence numbers, decoded. */
  heardSamples(): Int16Array {
    const decode = this.codec.createDecoder();
    const ordered = [...this.received].sort((a, b) => ((a.sequence - b.sequence) << 16) >> 16);
    return Int16Array.from(ordered.flatMap((packet) => [...decode(packet.payload)]));
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}
