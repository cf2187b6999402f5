/** Where packets go to and come from. */
export interface PeerAddress {
  readonly address: string;
  readonly port: number;
  /** As the kernel writes it (sockaddr), for sockets that compare that. */
  readonly words: Int32Array;
}

/**
 * A UDP socket as the media thread needs it: what has come is taken in batches, what goes out is queued and sent as
 * one. Nothing waits, errors are told.
 */
export interface MediaSocket {
  readonly port: number;
  /** What the kernel really gave, in bytes of payload and overhead together. */
  readonly receiveBufferBytes: number;
  /** When so many packets have come at once, there may be more. */
  readonly batch: number;
  /** Throws when it is no address of the socket's family. */
  locate(address: string, port: number): PeerAddress;
  /** Takes what has come, as far as it makes a batch; returns how many packets. They are there until the next call. */
  receiveBatch(): number;
  /** Packet `index` of the batch: in the first `lengthOf` bytes of `dataOf`. */
  dataOf(index: number): Uint8Array;
  lengthOf(index: number): number;
  portOf(index: number): number;
  addressOf(index: number): string;
  isFrom(index: number, peer: PeerAddress): boolean;
  /** Queues the whole of `packet`, whose bytes stay as they are for 20 ms. `done` tells of failure; all packets may share one. */
  send(packet: Uint8Array, to: PeerAddress, done: (error: Error | null) => void): void;
  /** Sends what is queued. */
  sendBatch(): void;
  /**
   * Waits until packets come, or for `ms`; `blindly`: for `ms`. Only of sockets that need no turn of the event loop
   * to get their packets.
   */
  readonly wait?: (ms: number, blindly: boolean) => void;
  close(): Promise<void>;
}

export interface MediaSocketOptions {
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** Asked of the kernel, which caps it silently at net.core.rmem_max. */
  readonly receiveBufferBytes: number;
  /**
   * One Int32 that outlives the thread: a socket that its thread's death doesn't close leaves its descriptor here, + 1,
   * and the next thread goes on with it. 0: there is none.
   */
  readonly kept: Int32Array;
}

/** How a media thread's packets get through the kernel, for the start report. */
export interface PacketIo {
  readonly by: 'batches' | 'dgram';
  /** Why it is so, for people. */
  readonly reason: string;
}
