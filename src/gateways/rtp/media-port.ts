import type { RemoteInfo } from 'node:dgram';
import type { Milliseconds } from '../../lib/clock.ts';
import { type MediaSocket, openMediaSocket } from './media-socket.ts';
import { type Peer, PeerTable } from './peer-table.ts';

/** The session that gets a peer's packets. */
export interface PortSession {
  receive(data: Uint8Array, peer: Peer<PortSession>, now: Milliseconds): void;
  /** Another session attached to the same peer. */
  displaced(): void;
}

export interface MediaPortOptions {
  readonly address: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  readonly now: () => Milliseconds;
  /** One Int32: counts the packets of unknown peers. */
  readonly unknownPeers: Int32Array;
  /** A packet of an unknown peer was dropped; called rarely. */
  readonly onUnknownPeer: (address: string, port: number) => void;
}

/** How often an unknown peer is told of; all are counted. */
const UNKNOWN_PEER_REPORT_MS = 60_000;

/**
 * One UDP port with its peers: all calls of a thread share one, a call with a fixed remote has its
 * own. Packets from any but the exact peers are dropped and counted before they are parsed.
 */
export class MediaPort {
  readonly #peers = new PeerTable<PortSession>();
  readonly #options: MediaPortOptions;
  #socket: MediaSocket | undefined;
  #nextReport: Milliseconds = -Infinity;
  /** Total since the port was opened. */
  datagrams = 0;

  private constructor(options: MediaPortOptions) {
    this.#options = options;
  }

  /** Rejects with the system's error when the port can't be bound. */
  static async open(options: MediaPortOptions): Promise<MediaPort> {
    const port = new MediaPort(options);
    port.#socket = await openMediaSocket({
      address: options.address,
      port: options.port,
      receiveBufferBytes: options.receiveBufferBytes,
      onPacket: (data, from) => {
        port.#dispatch(data, from);
      },
    });
    return port;
  }

  get port(): number {
    return this.#socket?.port ?? 0;
  }

  get receiveBufferBytes(): number {
    return this.#socket?.receiveBufferBytes ?? 0;
  }

  send(packet: Uint8Array, peer: Peer<PortSession>, done: (error: Error | null) => void): void {
    this.#socket?.send(packet, peer.address, peer.port, done);
  }

  attach(address: string, port: number, session: PortSession): Peer<PortSession> {
    const holder = this.#peers.find(address, port)?.session;
    const peer = this.#peers.attach(address, port, session, this.#options.now());
    if (holder !== undefined && holder !== session) holder.displaced();
    return peer;
  }

  release(peer: Peer<PortSession>): void {
    this.#peers.release(peer, this.#options.now());
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    await socket?.close();
  }

  #dispatch(data: Uint8Array, from: RemoteInfo): void {
    this.datagrams += 1;
    const now = this.#options.now();
    const peer = this.#peers.find(from.address, from.port);
    if (peer?.session !== undefined) {
      peer.session.receive(data, peer, now);
    } else if (peer === undefined) {
      const { unknownPeers } = this.#options;
      unknownPeers[0] = ((unknownPeers[0] as number) + 1) | 0;
      if (now < this.#nextReport) return;
      this.#nextReport = now + UNKNOWN_PEER_REPORT_MS;
      this.#options.onUnknownPeer(from.address, from.port);
    }
    // else: a call that is over; its channel may send until it is gone
  }
}
