/** The design that comes to mind first: a socket and a timer for each call, on the main thread. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decodeG711, encodeG711 } from '../../../src/media/g711.ts';
import { levelDbov } from '../../../src/media/level.ts';
import { RtpPacketBuilder } from '../../../src/media/rtp-packet-builder.ts';
import { callers, contend, keepBusy, ownCpuMs } from './contender.ts';

async function answer(caller: number): Promise<number> {
  const socket = createSocket('udp4');
  const listening = once(socket, 'listening');
  socket.bind(0, '127.0.0.1');
  await listening;
  const builder = new RtpPacketBuilder('ulaw');
  let samples = new Int16Array(160);
  socket.on('message', (packet) => {
    samples = Int16Array.from(decodeG711('ulaw', packet.subarray(12)));
    levelDbov(samples);
  });
  setInterval(() => {
    const packet = new Uint8Array(172);
    builder.write(encodeG711('ulaw', samples), packet);
    socket.send(packet, caller, '127.0.0.1');
  }, 20);
  return socket.address().port;
}

const ports = await Promise.all(callers.map(answer));
keepBusy();
contend(ports, ownCpuMs);
