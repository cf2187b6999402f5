/** Sends datagrams to a port, evenly, until it is ended: node udp-flood.ts PORT PACKETS_PER_SECOND [SOURCE_PORT] */
import { createSocket } from 'node:dgram';

const [port = 0, perSecond = 0, from = 0] = process.argv.slice(2).map(Number);
const socket = createSocket('udp4');
socket.bind(from, '127.0.0.1');
// RTP of a stream that nobody knows.
const packet = Buffer.alloc(172, 0xd5);
packet.set([0x80, 0, 0, 1]);
const begun = performance.now();
let sent = 0;
function step(): void {
  const due = Math.min(((performance.now() - begun) * perSecond) / 1000, sent + perSecond / 20);
  for (; sent < due; sent++) {
    packet.writeUInt16BE(sent & 0xffff, 2);
    socket.send(packet, port, '127.0.0.1');
  }
  setTimeout(step, 1);
}
step();
process.on('SIGTERM', () => {
  process.stdout.write(`${sent} ${((sent * 1000) / (performance.now() - begun)).toFixed(0)}\n`);
  process.exit();
});
