import { expect, it } from 'vitest';
import { MediaPort, type PortSession } from '../../../src/gateways/rtp/media-port.ts';
import type { MediaSocket } from '../../../src/gateways/rtp/media-socket.ts';

const PEER = { address: '192.0.2.1', port: 40_000, words: new Int32Array(0) };
const socket: MediaSocket = {
  port: 20_000,
  receiveBufferBytes: 0,
  batch: 1,
  locate: () => PEER,
  receiveBatch: () => 0,
  dataOf: () => new Uint8Array(0),
  lengthOf: () => 0,
  portOf: () => PEER.port,
  addressOf: () => PEER.address,
  isFrom: () => true,
  send: () => undefined,
  sendBatch: () => undefined,
  close: () => Promise.resolve(),
};
const session: PortSession = { receive: () => undefined, displaced: () => undefined };

it('knows what an earlier call’s peer still sends, where the same port is opened again for the next one', () => {
  let now = 1000;
  const options = {
    socket,
    now: () => now,
    unknownPeers: new Int32Array(1),
    onUnknownPeer: () => undefined,
  };
  const first = new MediaPort(options);
  const old = first.attach(PEER.address, PEER.port, session);
  old.ssrc = 77;
  first.release(old);
  now += 500;
  const again = new MediaPort({ ...options, peers: first.peers });
  expect(again.attach(PEER.address, PEER.port, session)).toMatchObject({
    quarantinedSsrc: 77,
    quarantinedUntil: 3000,
  });
});
