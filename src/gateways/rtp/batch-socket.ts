import { isIPv6, SocketAddress } from 'node:net';
import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { inNativeCode } from '../../threads/native-code.ts';
import type { MediaSocket, MediaSocketOptions, PeerAddress } from './media-socket.ts';

/** Packets that one system call takes or sends. */
const BATCH = 128;
/** More than any packet of a network whose MTU is the usual one. */
const DATA_BYTES = 2048;

// The numbers of Linux on x64 and arm64, and the sizes of its structures there.
const [AF_INET, AF_INET6] = [2, 10];
const SOCK_DGRAM_CLOEXEC = 0x80002;
const [SOL_SOCKET, SO_SNDBUF, SO_RCVBUF] = [1, 7, 8];
const [IPPROTO_IPV6, IPV6_V6ONLY] = [41, 26];
const MSG_DONTWAIT = 0x40;
const POLLIN = 1;
const EINTR = 4;
const [HEADER_BYTES, IOVEC_BYTES, NAME_BYTES] = [64, 16, 32];
/** In an mmsghdr, in Int32s. */
const [NAME_LENGTH, PACKET_LENGTH] = [2, 14];
/** In an iovec, in Int32s. */
const IOVEC_LENGTH = 2;
/** In a sockaddr, in bytes. */
const [PORT_AT, IPV4_AT, IPV6_AT] = [2, 4, 8];

/** Of libc, by their own names. What C reads and writes is JavaScript's memory: that of an ArrayBuffer stays where it is. */
interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, name: Int32Array, length: number): number;
  getsockname(fd: number, name: Int32Array, length: Int32Array): number;
  setsockopt(fd: number, level: number, option: number, value: Int32Array, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Int32Array, length: Int32Array): number;
  inet_pton(family: number, text: string, into: Uint8Array): number;
  recvmmsg(fd: number, packets: bigint, count: number, flags: number, timeout: null): number;
  sendmmsg(fd: number, packets: bigint, count: number, flags: number): number;
  ppoll(fds: Int32Array, count: number, timeout: Int32Array, signals: null): number;
  close(fd: number): number;
}

interface Native extends Libc {
  errno(): number;
  addressOf(memory: ArrayBuffer): bigint;
}

/** Throws, for people, why there are no batches here. */
async function loadNative(): Promise<Native> {
  const { platform, arch } = process;
  if (platform !== 'linux' || !['x64', 'arm64'].includes(arch) || endianness() !== 'LE') {
    throw new Error(`not known on ${platform} ${arch}`);
  }
  const { default: koffi } = await import('koffi'); // only here and now: it is native code, and not always wanted
  const libc = koffi.load('libc.so.6');
  return {
    socket: libc.func('int socket(int family, int type, int protocol)'),
    bind: libc.func('int bind(int fd, void *name, uint32_t length)'),
    getsockname: libc.func('int getsockname(int fd, void *name, void *length)'),
    setsockopt: libc.func('int setsockopt(int fd, int level, int option, void *value, uint32_t length)'),
    getsockopt: libc.func('int getsockopt(int fd, int level, int option, void *value, void *length)'),
    inet_pton: libc.func('int inet_pton(int family, const char *text, void *into)'),
    recvmmsg: libc.func('int recvmmsg(int fd, void *packets, uint32_t count, int flags, void *timeout)'),
    sendmmsg: libc.func('int sendmmsg(int fd, void *packets, uint32_t count, int flags)'),
    ppoll: libc.func('int ppoll(void *fds, uint64_t count, void *timeout, void *signals)'),
    close: libc.func('int close(int fd)'),
    errno: koffi.errno,
    addressOf: koffi.address,
  };
}

/**
 * Memory of one batch, made once, as recvmmsg(2) and sendmmsg(2) want it: an mmsghdr for each packet, which points to a
 * sockaddr and by an iovec to the packet's bytes.
 */
class Batch {
  readonly ints: Int32Array;
  readonly bytes: Uint8Array;
  readonly data: readonly Uint8Array[];
  /** For C. */
  readonly address: bigint;

  constructor(native: Native) {
    const memory = new ArrayBuffer(BATCH * (HEADER_BYTES + IOVEC_BYTES + NAME_BYTES + DATA_BYTES));
    this.address = native.addressOf(memory);
    this.ints = new Int32Array(memory);
    this.bytes = new Uint8Array(memory);
    const cells = new BigUint64Array(memory);
    this.data = Array.from({ length: BATCH }, (_, packet) => {
      const data = BATCH * (HEADER_BYTES + IOVEC_BYTES + NAME_BYTES) + packet * DATA_BYTES;
      const [header, iovec] = [headerOf(packet) / 2, iovecOf(packet) / 2];
      cells[header] = this.address + BigInt(nameOf(packet) * 4);
      cells[header + 2] = this.address + BigInt(iovec * 8);
      cells[header + 3] = 1n;
      cells[iovec] = this.address + BigInt(data);
      cells[iovec + 1] = BigInt(DATA_BYTES);
      this.ints[headerOf(packet) + NAME_LENGTH] = NAME_BYTES;
      return new Uint8Array(memory, data, DATA_BYTES);
    });
  }
}

/** Where they lie, in Int32s. */
function headerOf(packet: number): number {
  return (packet * HEADER_BYTES) / 4;
}

function iovecOf(packet: number): number {
  return (BATCH * HEADER_BYTES + packet * IOVEC_BYTES) / 4;
}

function nameOf(packet: number): number {
  return (BATCH * (HEADER_BYTES + IOVEC_BYTES) + packet * NAME_BYTES) / 4;
}

/** A socket that is read, written and waited for by one system call for all packets of a millisecond. */
export class BatchSocket implements MediaSocket {
  readonly port: number;
  readonly receiveBufferBytes: number;
  readonly batch = BATCH;
  readonly #native: Native;
  readonly #fd: number;
  readonly #kept: Int32Array;
  readonly #isIPv6: boolean;
  readonly #arrived: Batch;
  readonly #leaving: Batch;
  /** Who is told of the packets that leave. */
  readonly #done: ((error: Error | null) => void)[] = [];
  #taken = 0;
  #queued = 0;
  #sent = 0;
  readonly #polled: Int32Array;
  #polls = 0;
  /** A timespec: 64 bits of seconds, 64 of nanoseconds. */
  readonly #patience = new Int32Array(4);

  /** Resolves to what opens sockets. Rejects, for people, with why there are no batches here. */
  static async load(): Promise<(options: MediaSocketOptions) => BatchSocket> {
    const native = await loadNative();
    return (options) => inNativeCode(() => new BatchSocket(native, options));
  }

  /** Throws the system's error (`code` EADDRINUSE, EADDRNOTAVAIL, EACCES …). */
  private constructor(native: Native, { address, port, receiveBufferBytes, kept }: MediaSocketOptions) {
    this.#native = native;
    this.#isIPv6 = isIPv6(address);
    this.#kept = kept;
    const { words: name } = this.locate(address, port);
    const before = Atomics.load(kept, 0);
    this.#fd = before > 0 ? before - 1 : this.#bind(name, receiveBufferBytes);
    Atomics.store(kept, 0, this.#fd + 1);
    native.getsockname(this.#fd, name, Int32Array.of(name.byteLength));
    this.port = portIn(new Uint8Array(name.buffer), 0);
    const granted = new Int32Array(1);
    native.getsockopt(this.#fd, SOL_SOCKET, SO_RCVBUF, granted, Int32Array.of(4));
    // Linux gives back twice what it granted: the other half is for its own book-keeping.
    this.receiveBufferBytes = (granted[0] as number) / 2;
    this.#arrived = new Batch(native);
    this.#leaving = new Batch(native);
    this.#polled = Int32Array.of(this.#fd, POLLIN);
    // What has come since the last thread died is too late.
    if (before > 0) while (this.receiveBatch() === BATCH);
  }

  #bind(name: Int32Array, receiveBufferBytes: number): number {
    const native = this.#native;
    const fd = native.socket(this.#isIPv6 ? AF_INET6 : AF_INET, SOCK_DGRAM_CLOEXEC, 0);
    if (fd < 0) throw systemError('socket', native.errno());
    const size = Int32Array.of(receiveBufferBytes);
    native.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size, 4);
    native.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, size, 4);
    if (this.#isIPv6) native.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, Int32Array.of(0), 4);
    if (native.bind(fd, name, name.byteLength) === 0) return fd;
    const error = systemError('bind', native.errno());
    native.close(fd);
    throw error;
  }

  locate(address: string, port: number): PeerAddress {
    const words = new Int32Array(this.#isIPv6 ? 7 : 4);
    const bytes = new Uint8Array(words.buffer);
    const family = this.#isIPv6 ? AF_INET6 : AF_INET;
    bytes.set([family, 0, port >> 8, port & 255]);
    const into = bytes.subarray(this.#isIPv6 ? IPV6_AT : IPV4_AT);
    if (inNativeCode(() => this.#native.inet_pton(family, address, into)) !== 1) {
      throw new TypeError(`"${address}" is no address of this socket's family`);
    }
    return { address, port, words };
  }

  receiveBatch(): number {
    const { ints } = this.#arrived;
    // The kernel has written how long the senders' names were.
    for (let packet = 0; packet < this.#taken; packet++) ints[headerOf(packet) + NAME_LENGTH] = NAME_BYTES;
    this.#taken = Math.max(0, inNativeCode(this.#receive));
    return this.#taken;
  }

  dataOf(index: number): Uint8Array {
    return this.#arrived.data[index] as Uint8Array;
  }

  lengthOf(index: number): number {
    return this.#arrived.ints[headerOf(index) + PACKET_LENGTH] as number;
  }

  portOf(index: number): number {
    return portIn(this.#arrived.bytes, nameOf(index) * 4);
  }

  addressOf(index: number): string {
    const { bytes } = this.#arrived;
    const name = nameOf(index) * 4;
    if (!this.#isIPv6) return bytes.subarray(name + IPV4_AT, name + IPV4_AT + 4).join('.');
    const groups = Array.from({ length: 8 }, (_, group) => {
      const at = name + IPV6_AT + 2 * group;
      return (((bytes[at] as number) << 8) | (bytes[at + 1] as number)).toString(16);
    });
    return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
  }

  isFrom(index: number, { words }: PeerAddress): boolean {
    const { ints } = this.#arrived;
    const name = nameOf(index);
    if (ints[name] !== words[0]) return false;
    if (!this.#isIPv6) return ints[name + 1] === words[1];
    for (let word = IPV6_AT / 4; word < IPV6_AT / 4 + 4; word++) {
      if (ints[name + word] !== words[word]) return false;
    }
    return true;
  }

  send(packet: Uint8Array, { words }: PeerAddress, done: (error: Error | null) => void): void {
    if (this.#queued === BATCH) this.sendBatch();
    const { ints, data } = this.#leaving;
    const index = this.#queued++;
    const name = nameOf(index);
    for (let word = 0; word < words.length; word++) ints[name + word] = words[word] as number;
    ints[headerOf(index) + NAME_LENGTH] = words.length * 4;
    ints[iovecOf(index) + IOVEC_LENGTH] = packet.length;
    (data[index] as Uint8Array).set(packet);
    this.#done[index] = done;
  }

  sendBatch(): void {
    for (this.#sent = 0; this.#sent < this.#queued;) {
      const sent = inNativeCode(this.#send);
      if (sent > 0) {
        this.#sent += sent;
        continue;
      }
      // The first of those that were left can't be sent; the others may.
      const errno = this.#native.errno();
      if (errno === EINTR) continue;
      this.#done[this.#sent]?.(systemError('sendmmsg', errno));
      this.#sent += 1;
    }
    this.#queued = 0;
  }

  wait(ms: number, blindly: boolean): void {
    this.#polls = blindly ? 0 : 1;
    this.#patience[2] = ms * 1e6;
    inNativeCode(this.#poll);
  }

  close(): Promise<void> {
    Atomics.store(this.#kept, 0, 0);
    inNativeCode(() => this.#native.close(this.#fd));
    return Promise.resolve();
  }

  readonly #receive = (): number =>
    this.#native.recvmmsg(this.#fd, this.#arrived.address, BATCH, MSG_DONTWAIT, null);

  readonly #send = (): number => {
    const { address } = this.#leaving;
    const from = this.#sent === 0 ? address : address + BigInt(this.#sent * HEADER_BYTES);
    return this.#native.sendmmsg(this.#fd, from, this.#queued - this.#sent, MSG_DONTWAIT);
  };

  readonly #poll = (): number => this.#native.ppoll(this.#polled, this.#polls, this.#patience, null);
}

function portIn(sockaddr: Uint8Array, at: number): number {
  return ((sockaddr[at + PORT_AT] as number) << 8) | (sockaddr[at + PORT_AT + 1] as number);
}

function systemError(call: string, errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${call} ${code}`), { code, errno: -errno, syscall: call });
}
