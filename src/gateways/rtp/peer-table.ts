import type { Milliseconds } from '../../lib/clock.ts';
import type { PeerAddress } from './media-socket.ts';

/**
 * Which call a packet belongs to, when all calls share one socket: by the exact address and port
 * that it came from. A peer that was released stays known for a while: what it still sends isn't a
 * unknown peer's, and if another call attaches to the same address and port (Asterisk chooses its ports
 * and may choose one again), the old stream's packets, told by their SSRC, don't get into it.
 */
export interface Peer<Session> extends PeerAddress {
  /** Undefined: released. */
  session: Session | undefined;
  /** SSRC of its last packet; −1: none yet. */
  ssrc: number;
  /** The SSRC of the call before, and until when it is refused. */
  quarantinedSsrc: number;
  quarantinedUntil: Milliseconds;
  /** Another address with the same port. */
  next: Peer<Session> | undefined;
}

const NO_WORDS = new Int32Array(0);

/** Packets of a call that is over may be under way, or sent until its channel is gone, for this long. */
export const QUARANTINE_MS = 2000;

export class PeerTable<Session> {
  // By port first: a number is looked up faster than a string, and all calls tend to share one address.
  readonly #byPort = new Map<number, Peer<Session>>();
  /** Released peers, oldest first. */
  readonly #released: Peer<Session>[] = [];

  /** A peer with this port; the others are its `next`. */
  first(port: number): Peer<Session> | undefined {
    return this.#byPort.get(port);
  }

  /** The peer with exactly this address and port. */
  find(address: string, port: number): Peer<Session> | undefined {
    let peer = this.first(port);
    while (peer !== undefined && peer.address !== address) peer = peer.next;
    return peer;
  }

  /** Gives the peer to `session` and takes it from the session that had it (see the returned peer's old session first). */
  attach(
    address: string,
    port: number,
    session: Session,
    now: Milliseconds,
    words: Int32Array = NO_WORDS,
  ): Peer<Session> {
    this.#forget(now);
    const known = this.find(address, port);
    if (known?.session !== undefined) this.release(known, now);
    if (known) this.#remove(known);
    const peer: Peer<Session> = {
      address,
      port,
      words,
      session,
      ssrc: -1,
      quarantinedSsrc: known?.quarantinedSsrc ?? -1,
      quarantinedUntil: known?.quarantinedUntil ?? 0,
      next: this.#byPort.get(port),
    };
    this.#byPort.set(port, peer);
    return peer;
  }

  /** The call is over: the peer goes to quarantine. */
  release(peer: Peer<Session>, now: Milliseconds): void {
    if (peer.session === undefined) return;
    peer.session = undefined;
    peer.quarantinedSsrc = peer.ssrc;
    peer.quarantinedUntil = now + QUARANTINE_MS;
    this.#released.push(peer);
    this.#forget(now);
  }

  /** Peers known now, the released ones included. */
  get size(): number {
    let size = 0;
    for (const first of this.#byPort.values()) {
      for (let peer: Peer<Session> | undefined = first; peer !== undefined; peer = peer.next) size += 1;
    }
    return size;
  }

  #forget(now: Milliseconds): void {
    for (;;) {
      const oldest = this.#released[0];
      if (oldest === undefined || oldest.quarantinedUntil > now) return;
      this.#remove(oldest);
    }
  }

  #remove(peer: Peer<Session>): void {
    const index = this.#released.indexOf(peer);
    if (index >= 0) this.#released.splice(index, 1);
    const first = this.#byPort.get(peer.port);
    if (first === peer) {
      if (peer.next) this.#byPort.set(peer.port, peer.next);
      else this.#byPort.delete(peer.port);
      return;
    }
    for (let other = first; other !== undefined; other = other.next) {
      if (other.next === peer) other.next = peer.next;
    }
  }
}
