/** Callers' ears: what reaches each of them, packet by packet. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { levelDbov } from '../../src/media/level.ts';
import { decodeG711 } from '../../src/media/g711.ts';

/** Above this a packet is taken for the agent's voice. */
const VOICE_DBOV = -50;
const RTP_HEADER = 12;

/** What one caller heard: when each packet came (wall clock, milliseconds), and whether somebody spoke in it. */
export class Ear {
  readonly at: number[] = [];
  readonly voiced: boolean[] = [];

  take(packet: Buffer): void {
    this.at.push(Date.now());
    this.voiced.push(levelDbov(decodeG711('ulaw', packet.subarray(RTP_HEADER))) > VOICE_DBOV);
  }

  get spokenTo(): boolean {
    return this.voiced.includes(true);
  }

  /**
   * The longest time without any packet that ends after `since`; up to `until` if nothing came any more. Until the first packet
   * nothing is missing.
   */
  longestGapMs(since: number, until: number): number {
    let last: number | undefined;
    let longest = 0;
    for (const at of [...this.at, until]) {
      if (at > until) break;
      if (last !== undefined && at >= since) longest = Math.max(longest, at - last);
      last = at;
    }
    return longest;
  }

  /** When the agent was next heard to speak at or after `since`. */
  spokenToAfter(since: number): number | undefined {
    return this.at.find((at, index) => at >= since && this.voiced[index] === true);
  }
}

/** A socket for each of `count` callers, from `firstPort` on, every second port. */
export class Ears {
  readonly firstPort: number;
  readonly #sockets: Socket[] = [];
  readonly #ears: Ear[] = [];

  private constructor(firstPort: number) {
    this.firstPort = firstPort;
  }

  static async open(address: string, firstPort: number, count: number): Promise<Ears> {
    const ears = new Ears(firstPort);
    for (let index = 0; index < count; index += 1) {
      const ear = new Ear();
      const socket = createSocket('udp4');
      socket.on('message', (packet) => {
        ear.take(packet);
      });
      socket.bind(firstPort + 2 * index, address);
      await once(socket, 'listening');
      ears.#sockets.push(socket);
      ears.#ears.push(ear);
    }
    return ears;
  }

  of(index: number): Ear {
    const ear = this.#ears[index];
    if (!ear) throw new RangeError(`There is no caller ${index}`);
    return ear;
  }

  port(index: number): number {
    return this.firstPort + 2 * index;
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.close();
  }
}
