/**
 * RTP as it passes on the wire, with the kernel's time stamps: tcpdump on the loopback interface, out
 * of the lab's root file system, read while it runs.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { codecOfPayloadType, type Codec } from '../src/media/codec.ts';
import { createRtpFields, parseRtp } from '../src/media/rtp-packet.ts';
import { endContained } from './contained.ts';
import { PcapReader } from './pcap.ts';
import type { Endpoint, UdpSeen } from './pcap.ts';
import { spawnTool } from './tool.ts';

/** One RTP packet, and when the kernel saw it (wall clock, ms since the epoch, with fractions). */
export interface RtpSeen {
  readonly at: number;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

export interface CaptureOptions {
  /** UDP ports, at either end, first and last. */
  readonly ports: readonly [number, number];
  /** One more port, whose datagrams are handed to `onOther` (SIP). */
  readonly otherPort?: number;
  /** Default `lo`. */
  readonly interface?: string;
}

export class RtpCapture {
  /** Everything seen so far, in order of time. */
  readonly packets: RtpSeen[] = [];
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(packet: RtpSeen) => void>();
  readonly #otherListeners = new Set<(datagram: UdpSeen) => void>();
  #stopping: Promise<void> | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when packets are being seen. */
  static async start(options: CaptureOptions): Promise<RtpCapture> {
    const [first, last] = options.ports;
    const other = options.otherPort === undefined ? '' : ` or udp port ${options.otherPort}`;
    const child = await spawnTool([
      // -Z root: a change of user would need one more folder, and it ends with us in any case.
      ...(['tcpdump', '-Z', 'root', '-i', options.interface ?? 'lo', '-n', '-s', '0', '-B', '8192'] as const),
      ...['--immediate-mode', '-U', '-w', '-', `udp portrange ${first}-${last}${other}`],
    ]);
    const capture = new RtpCapture(child);
    const reader = new PcapReader();
    child.stdout?.on('data', (bytes: Buffer) => {
      for (const datagram of reader.push(bytes)) capture.#take(datagram, options.otherPort);
    });
    await new Promise<void>((resolve, reject) => {
      const lines: string[] = [];
      child.once('error', reject);
      child.once('exit', () => {
        reject(new Error(`tcpdump ended: ${lines.join(' ')}`));
      });
      if (!child.stderr) return;
      createInterface(child.stderr).on('line', (line) => {
        lines.push(line);
        if (line.includes('listening on')) resolve();
      });
    });
    return capture;
  }

  /** Called for each RTP packet as it passes. Returns how to stop that. */
  on(listener: (packet: RtpSeen) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called for each datagram of `otherPort`. Returns how to stop that. */
  onOther(listener: (datagram: UdpSeen) => void): () => void {
    this.#otherListeners.add(listener);
    return () => this.#otherListeners.delete(listener);
  }

  /** Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= endContained(this.#child);
    return this.#stopping;
  }

  #take(datagram: UdpSeen, otherPort: number | undefined): void {
    if (datagram.source.port === otherPort || datagram.destination.port === otherPort) {
      for (const listener of this.#otherListeners) listener(datagram);
      return;
    }
    const packet = readRtp(datagram);
    if (!packet) return;
    this.packets.push(packet);
    for (const listener of this.#listeners) listener(packet);
  }
}

/** The datagram as RTP; undefined if it is something else (RTCP, STUN). */
export function readRtp(datagram: UdpSeen): RtpSeen | undefined {
  const fields = createRtpFields();
  if (parseRtp(datagram.payload, datagram.payload.length, fields) !== undefined) return undefined;
  const { at, source, destination } = datagram;
  const { payloadType, marker, sequence, timestamp, ssrc, payloadOffset, payloadLength } = fields;
  const payload = datagram.payload.subarray(payloadOffset, payloadOffset + payloadLength);
  return { at, source, destination, payloadType, marker, sequence, timestamp, ssrc, payload };
}

/** Packets from one place to another with one SSRC, in the order in which they were sent. */
export interface RtpStream {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly ssrc: number;
  readonly packets: readonly RtpSeen[];
  /** Sequence numbers that never came. */
  readonly lost: number;
  readonly duplicates: number;
}

/** Sorts what was captured into streams, each ordered by sequence number (wraps allowed for). */
export function rtpStreams(packets: readonly RtpSeen[]): RtpStream[] {
  const byKey = new Map<string, RtpSeen[]>();
  for (const packet of packets) {
    const { source, destination, ssrc } = packet;
    const key = `${source.address}:${source.port} ${destination.address}:${destination.port} ${ssrc}`;
    const list = byKey.get(key);
    if (list) list.push(packet);
    else byKey.set(key, [packet]);
  }
  return [...byKey.values()].map(orderStream);
}

function orderStream(packets: readonly RtpSeen[]): RtpStream {
  const [first] = packets;
  if (!first) throw new Error('A stream has at least one packet');
  let previous = first.sequence;
  let extended = first.sequence;
  const byNumber = new Map<number, RtpSeen>();
  for (const packet of packets) {
    // The nearest number with these low 16 bits (RFC 3550 §A.1).
    extended += ((packet.sequence - previous + 0x18000) & 0xffff) - 0x8000;
    previous = packet.sequence;
    if (!byNumber.has(extended)) byNumber.set(extended, packet);
  }
  const numbers = [...byNumber.keys()].sort((a, b) => a - b);
  const ordered = numbers.map((number) => byNumber.get(number) as RtpSeen);
  const span = (numbers.at(-1) ?? 0) - (numbers[0] ?? 0) + 1;
  const { source, destination, ssrc } = first;
  return {
    ...{ source, destination, ssrc, packets: ordered },
    lost: span - numbers.length,
    duplicates: packets.length - numbers.length,
  };
}

/** A stream's sound, placed by its RTP timestamps; what isn't there is silence. */
export interface RebuiltSound {
  readonly codec: Codec;
  /** As they came, from the first packet's timestamp. */
  readonly bytes: Uint8Array;
  /** Decoded, at the codec's rate. */
  readonly samples: Int16Array;
  /** Samples that no packet brought. */
  readonly missing: number;
}

/** Rebuilds the sound of a stream that keeps to one codec. Undefined if it has none of ours. */
export function rebuildSound(stream: RtpStream): RebuiltSound | undefined {
  const audio = stream.packets.filter((packet) => codecOfPayloadType(packet.payloadType) !== undefined);
  const [first] = audio;
  const codec = first && codecOfPayloadType(first.payloadType);
  if (!codec) return undefined;
  // Each codec that we have takes a byte for a unit of its clock.
  const placed = audio
    .map((packet) => ({ at: (packet.timestamp - first.timestamp) | 0, payload: packet.payload }))
    .filter(({ at }) => at >= 0);
  const length = Math.max(...placed.map(({ at, payload }) => at + payload.length));
  const bytes = Uint8Array.from({ length }, (_, i) => codec.silence[i % codec.frameBytes] as number);
  const samples = new Int16Array((length * codec.audioRateHz) / codec.clockRateHz);
  const decode = codec.createDecoder();
  let [until, missing] = [0, 0];
  for (const { at, payload } of placed) {
    bytes.set(payload, at);
    samples.set(decode(payload), (at * codec.audioRateHz) / codec.clockRateHz);
    missing += Math.max(0, at - until);
    until = Math.max(until, at + payload.length);
  }
  return { codec, bytes, samples, missing: (missing * codec.audioRateHz) / codec.clockRateHz };
}
