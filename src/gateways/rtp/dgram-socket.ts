import { createSocket, type RemoteInfo } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { MediaSocket, MediaSocketOptions, PeerAddress } from './media-socket.ts';

/** libuv reads at most so many datagrams of a socket a turn. */
const DATAGRAMS_PER_TURN = 32;
const NO_WORDS = new Int32Array(0);

/**
 * A socket of `node:dgram`, which works everywhere: packets come one by one in the event loop's turns, and leave at
 * once. Rejects with the system's error (`code` EADDRINUSE, EADDRNOTAVAIL, EACCES …).
 */
export function openDgramSocket(options: MediaSocketOptions): Promise<MediaSocket> {
  const type = isIPv6(options.address) ? 'udp6' : 'udp4';
  const socket = createSocket({
    type,
    // Without it each send waits for a nextTick and costs 0.8 μs more (measured). Only IPs come here.
    lookup: (host, _options, callback) => {
      callback(null, host, type === 'udp6' ? 6 : 4);
    },
  });
  /** What comes, and what is being looked at. */
  let [coming, arrived]: [Uint8Array[], Uint8Array[]] = [[], []];
  let [senders, from]: [RemoteInfo[], RemoteInfo[]] = [[], []];
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address: options.address, port: options.port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      // What goes wrong with one packet is told to its sender; a socket that is bound stays usable.
      socket.on('error', () => undefined);
      socket.on('message', (data, sender) => {
        coming.push(data);
        senders.push(sender);
      });
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
        batch: DATAGRAMS_PER_TURN,
        locate: (address, port) => ({ address, port, words: NO_WORDS }),
        receiveBatch() {
          [coming, arrived] = [arrived, coming];
          [senders, from] = [from, senders];
          coming.length = 0;
          senders.length = 0;
          return arrived.length;
        },
        dataOf: (index) => arrived[index] as Uint8Array,
        lengthOf: (index) => (arrived[index] as Uint8Array).length,
        portOf: (index) => (from[index] as RemoteInfo).port,
        addressOf: (index) => (from[index] as RemoteInfo).address,
        isFrom(index: number, peer: PeerAddress) {
          const sender = from[index] as RemoteInfo;
          return sender.port === peer.port && sender.address === peer.address;
        },
        send(packet, to, done) {
          socket.send(packet, to.port, to.address, done);
        },
        sendBatch: () => undefined,
        close: () => new Promise((closed) => socket.close(closed)),
      });
    });
  });
}
