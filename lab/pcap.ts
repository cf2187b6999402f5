/** What libpcap's file format says of one UDP datagram. */
export interface UdpSeen {
  /** Wall clock, milliseconds since the Unix epoch, with fractions (the kernel's stamp). */
  readonly at: number;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly payload: Uint8Array;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;
/** Where the network layer begins, by link type (https://www.tcpdump.org/linktypes.html). */
const LINK_HEADER_BYTES: Readonly<Record<number, number>> = { 1: 14, 101: 0, 113: 16, 276: 20 };
const IPV4 = 4;
const UDP = 17;

/**
 * Reads a capture (libpcap's file format, as `tcpdump -w -` writes it) while it grows. Whatever isn't
 * a whole IPv4 UDP datagram is counted and passed over.
 */
export class PcapReader {
  /** Frames that weren't whole IPv4 UDP datagrams. */
  other = 0;
  #rest: Uint8Array = new Uint8Array(0);
  #link: { headerBytes: number; littleEndian: boolean; tick: number } | undefined;

  /** The datagrams that these bytes complete. Throws when they aren't a capture at all. */
  push(bytes: Uint8Array): UdpSeen[] {
    // A plain view: a Buffer's slice() would share its memory, and keep all of it alive.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const data = this.#rest.length === 0 ? plain : joined(this.#rest, plain);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let at = 0;
    if (!this.#link) {
      if (data.length < FILE_HEADER_BYTES) {
        this.#rest = data.slice();
        return [];
      }
      this.#link = readFileHeader(view);
      at = FILE_HEADER_BYTES;
    }
    const { littleEndian, headerBytes, tick } = this.#link;
    const seen: UdpSeen[] = [];
    while (at + PACKET_HEADER_BYTES <= data.length) {
      const captured = view.getUint32(at + 8, littleEndian);
      const end = at + PACKET_HEADER_BYTES + captured;
      if (end > data.length) break;
      const time = view.getUint32(at, littleEndian) * 1000 + view.getUint32(at + 4, littleEndian) * tick;
      const datagram = readUdp(data, at + PACKET_HEADER_BYTES + headerBytes, end, time);
      if (datagram) seen.push(datagram);
      else this.other += 1;
      at = end;
    }
    this.#rest = data.slice(at);
    return seen;
  }
}

function readFileHeader(view: DataView): { headerBytes: number; littleEndian: boolean; tick: number } {
  const micro = 0xa1b2c3d4;
  const nano = 0xa1b23c4d;
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian);
    if (magic !== micro && magic !== nano) continue;
    const linkType = view.getUint32(20, littleEndian) & 0xffff;
    const headerBytes = LINK_HEADER_BYTES[linkType];
    if (headerBytes === undefined) throw new Error(`A capture of link type ${linkType} can't be read`);
    return { headerBytes, littleEndian, tick: magic === micro ? 1e-3 : 1e-6 };
  }
  throw new Error('Not a capture in libpcap format');
}

function readUdp(data: Uint8Array, start: number, end: number, at: number): UdpSeen | undefined {
  if (end - start < 28) return undefined;
  const byte = (offset: number): number => data[start + offset] ?? 0;
  const ipBytes = (byte(0) & 15) * 4;
  if (byte(0) >> 4 !== IPV4 || ipBytes < 20 || byte(9) !== UDP) return undefined;
  // A fragment other than the first begins in the middle of something.
  if (((byte(6) & 0x1f) << 8) | byte(7)) return undefined;
  const word = (offset: number): number => (byte(offset) << 8) | byte(offset + 1);
  const length = word(ipBytes + 4);
  const payload = start + ipBytes + 8;
  if (length < 8 || start + ipBytes + length > end) return undefined;
  const address = (offset: number): string => [0, 1, 2, 3].map((i) => byte(offset + i)).join('.');
  return {
    at,
    source: { address: address(12), port: word(ipBytes) },
    destination: { address: address(16), port: word(ipBytes + 2) },
    payload: data.slice(payload, payload + length - 8),
  };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
