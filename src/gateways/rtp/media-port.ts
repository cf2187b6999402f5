import type { Milliseconds } from '../../lib/clock.ts';
import type { MediaSocket } from './media-socket.ts';
import { type Peer, PeerTable } from './peer-table.ts';

/** The session that gets a peer's packets. */
export interface PortSession {
  /** The packet is in the first `length` bytes of `data`, until this returns. */
  receive(data: Uint8Array, length: number, peer: Peer<PortSession>, now: Milliseconds): void;
  /** Another session attached to the same peer. */
  displaced(): void;
}

export interface MediaPortOptions {
  readonly socket: MediaSocket;
  readonly now: () => Milliseconds;
  /** One Int32: counts the packets of unknown peers. */
  readonly unknownPeers: Int32Array;
  /** A packet of an unknown peer was dropped; called rarely. */
  readonly onUnknownPeer: (address: string, port: number) => void;
  /** Of a port with the same number that was closed a moment ago: its peers may still send. */
  readonly peers?: PeerTable<PortSession> | undefined;
}

/** How often an unknown peer is told of; all are counted. */
const UNKNOWN_PEER_REPORT_MS = 60_000;

/**
 * One UDP port with its peers: all calls of a thread share one, a call with a fixed remote has its
 * own. Packets from any but the exact peers are dropped and counted before they are parsed.
 */
export class MediaPort {
  readonly peers: PeerTable<PortSession>;
  readonly #options: MediaPortOptions;
  readonly #socket: MediaSocket;
  #nextReport: Milliseconds = -Infinity;

  constructor(options: MediaPortOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.peers = options.peers ?? new PeerTable();
  }

  get port(): number {
    return this.#socket.port;
  }

  get receiveBufferBytes(): number {
    return this.#socket.receiveBufferBytes;
  }

  /** Hands a batch of what has come to the sessions. True: there may be more. */
  receive(): boolean {
    const count = this.#socket.receiveBatch();
    if (count === 0) return false;
    const now = this.#options.now();
    for (let index = 0; index < count; index++) this.#dispatch(index, now);
    return count >= this.#socket.batch;
  }

  /** Leaves with the next `sendBatch`, if not before. */
  send(packet: Uint8Array, peer: Peer<PortSession>, done: (error: Error | null) => void): void {
    this.#socket.send(packet, peer, done);
  }

  sendBatch(): void {
    this.#socket.sendBatch();
  }

  get waits(): boolean {
    return this.#socket.wait !== undefined;
  }

  wait(ms: Milliseconds, blindly: boolean): void {
    this.#socket.wait?.(ms, blindly);
  }

  attach(address: string, port: number, session: PortSession): Peer<PortSession> {
    const { words } = this.#socket.locate(address, port);
    const holder = this.peers.find(address, port)?.session;
    const peer = this.peers.attach(address, port, session, this.#options.now(), words);
    if (holder !== undefined && holder !== session) holder.displaced();
    return peer;
  }

  release(peer: Peer<PortSession>): void {
    this.peers.release(peer, this.#options.now());
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  #dispatch(index: number, now: Milliseconds): void {
    const socket = this.#socket;
    let peer = this.peers.first(socket.portOf(index));
    while (peer !== undefined && !socket.isFrom(index, peer)) peer = peer.next;
    if (peer?.session !== undefined) {
      peer.session.receive(socket.dataOf(index), socket.lengthOf(index), peer, now);
    } else if (peer === undefined) {
      const { unknownPeers } = this.#options;
      unknownPeers[0] = ((unknownPeers[0] as number) + 1) | 0;
      if (now < this.#nextReport) return;
      this.#nextReport = now + UNKNOWN_PEER_REPORT_MS;
      this.#options.onUnknownPeer(socket.addressOf(index), socket.portOf(index));
    }
    // else: a call that is over; its channel may send until it is gone
  }
}
