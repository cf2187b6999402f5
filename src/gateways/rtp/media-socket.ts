import { createSocket, type RemoteInfo } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** A UDP socket as the media thread needs it: nothing waits, nothing is copied, errors are told. */
export interface MediaSocket {
  readonly port: number;
  /** What the kernel really gave, in bytes of payload and overhead together. */
  readonly receiveBufferBytes: number;
  /** Sends the whole of `packet` at once. `done` tells of failure; it may be shared by all packets. */
  send(packet: Uint8Array, address: string, port: number, done: (error: Error | null) => void): void;
  close(): Promise<void>;
}

export interface MediaSocketOptions {
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** Asked of the kernel, which caps it silently at net.core.rmem_max. */
  readonly receiveBufferBytes: number;
  readonly onPacket: (data: Uint8Array, from: RemoteInfo) => void;
}

/** Binds a socket. Rejects with the system's error (`code` EADDRINUSE, EADDRNOTAVAIL, EACCES …). */
export function openMediaSocket(options: MediaSocketOptions): Promise<MediaSocket> {
  const type = isIPv6(options.address) ? 'udp6' : 'udp4';
  const socket = createSocket({
    type,
    // Without it each send waits for a nextTick and costs 0.8 μs more (measured). Only IPs come here.
    lookup: (host, _options, callback) => {
      callback(null, host, type === 'udp6' ? 6 : 4);
    },
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address: options.address, port: options.port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      // What goes wrong with one packet is told to its sender; a socket that is bound stays usable.
      socket.on('error', () => undefined);
      socket.on('message', options.onPacket);
      try {
        socket.setRecvBufferSize(options.receiveBufferBytes);
      } catch {
        // Some systems refuse instead of capping; what there is gets reported all the same.
      }
      // Linux gives back twice what it granted: the other half is for its own book-keeping.
      const granted = socket.getRecvBufferSize() / (process.platform === 'linux' ? 2 : 1);
      resolve({
        port: socket.address().port,
        receiveBufferBytes: granted,
        send(packet, address, port, done) {
          socket.send(packet, port, address, done);
        },
        close: () => new Promise((closed) => socket.close(closed)),
      });
    });
  });
}
