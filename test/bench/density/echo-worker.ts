import { parentPort, workerData } from 'node:worker_threads';
import { BatchSocket } from '../../../src/gateways/rtp/batch-socket.ts';
import { MediaLoop } from '../../../src/gateways/rtp/media-loop.ts';
import { MediaPort, type PortSession } from '../../../src/gateways/rtp/media-port.ts';
import type { Peer } from '../../../src/gateways/rtp/peer-table.ts';
import { useRealtimeScheduling } from '../../../src/gateways/rtp/realtime.ts';
import type { WheelMember } from '../../../src/gateways/playout/playout-wheel.ts';
import { monotonicNow } from '../../../src/lib/clock.ts';
import { decodeG711, encodeG711 } from '../../../src/media/g711.ts';
import { levelDbov } from '../../../src/media/level.ts';
import { RtpPacketBuilder } from '../../../src/media/rtp-packet-builder.ts';
import { createRtpFields, parseRtp } from '../../../src/media/rtp-packet.ts';

const fields = createRtpFields();

class Echo implements PortSession, WheelMember {
  readonly #port: MediaPort;
  readonly #peer: Peer<PortSession>;
  readonly #builder = new RtpPacketBuilder('ulaw');
  readonly #payload = new Uint8Array(160);
  readonly #samples = new Int16Array(160);
  readonly #packet = new Uint8Array(172);
  level = 0;

  constructor(port: MediaPort, caller: number) {
    this.#port = port;
    this.#peer = port.attach('127.0.0.1', caller, this);
  }

  receive(data: Uint8Array, length: number): void {
    if (parseRtp(data, length, fields) !== undefined) return;
    for (let i = 0; i < 160; i++) this.#payload[i] = data[fields.payloadOffset + i] as number;
    decodeG711('ulaw', this.#payload, this.#samples);
    this.level = levelDbov(this.#samples);
  }

  tick(): void {
    encodeG711('ulaw', this.#samples, this.#payload);
    this.#builder.write(this.#payload, this.#packet);
    this.#port.send(this.#packet, this.#peer, () => undefined);
  }

  displaced(): void {
    throw new Error('two calls with one address');
  }
}

await useRealtimeScheduling();
const openSocket = await BatchSocket.load();
const port = new MediaPort({
  socket: openSocket({ address: '127.0.0.1', port: 0, receiveBufferBytes: 4 << 20, kept: new Int32Array(1) }),
  now: monotonicNow,
  unknownPeers: new Int32Array(1),
  onUnknownPeer: () => undefined,
});
const loop = new MediaLoop(monotonicNow);
loop.add(port);
for (const caller of workerData as number[]) loop.wheel.add(new Echo(port, caller));
loop.keepTurning();
parentPort?.postMessage(port.port);
