/** The callers of density.bench.ts: as many UDP sockets as calls, in a process of its own. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { useRealtimeScheduling } from '../../../src/gateways/rtp/realtime.ts';
import { RtpPacketBuilder } from '../../../src/media/rtp-packet-builder.ts';

export interface CallersReport {
  /** Of each gap between two packets of a call from 20 ms, absolute, ms. */
  readonly deviations: Float64Array;
  /** How much later than 20 ms after the one before, ms: those that came later at all. */
  readonly late: Float64Array;
  readonly received: number;
  readonly elapsedMs: number;
  /** Sequence numbers that didn't come. */
  readonly missing: number;
  /** What the callers themselves took, ms of CPU. */
  readonly cpuMs: number;
}

type Command =
  { type: 'open'; calls: number } | { type: 'start'; ports: number[] } | { type: 'measure' | 'stop' };

interface Line {
  readonly socket: Socket;
  readonly builder: RtpPacketBuilder;
  readonly packet: Uint8Array;
  lastAt: number;
  lastSequence: number;
}

const lines: Line[] = [];
const payload = new Uint8Array(160).map((_, index) => (index * 11) & 0xff);
let measuring = false;
let missing = 0;
let received = 0;
let begunAt = 0;
let cpuBefore = process.cpuUsage();
let count = 0;
let gaps = new Float64Array(0);

function receive(line: Line, packet: Buffer): void {
  const now = performance.now();
  const sequence = packet.readUInt16BE(2);
  const step = (sequence - line.lastSequence) & 0xffff;
  if (measuring && line.lastAt > 0) {
    received += 1;
    missing += step - 1;
    if (step === 1 && count < gaps.length) gaps[count++] = now - line.lastAt - 20;
  }
  line.lastAt = now;
  line.lastSequence = sequence;
}

async function open(calls: number): Promise<number[]> {
  for (let i = 0; i < calls; i++) {
    const socket = createSocket({
      type: 'udp4',
      lookup: (host, _options, callback) => {
        callback(null, host, 4);
      },
    });
    const listening = once(socket, 'listening'); // it may come within bind already
    socket.bind(0, '127.0.0.1');
    await listening;
    const builder = new RtpPacketBuilder('ulaw');
    const line: Line = { socket, builder, packet: new Uint8Array(172), lastAt: 0, lastSequence: 0 };
    socket.on('message', (packet) => {
      receive(line, packet);
    });
    lines.push(line);
  }
  return lines.map(({ socket }) => socket.address().port);
}

/** One call in twenty sends at each millisecond; there may be a port for all, or one for each. */
function start(ports: readonly number[]): void {
  let step = Math.floor(performance.now());
  setInterval(() => {
    for (const now = performance.now(); step <= now; step++) {
      for (let i = step % 20; i < lines.length; i += 20) {
        const { socket, builder, packet } = lines[i] as Line;
        builder.write(payload, packet);
        socket.send(packet, ports[i % ports.length] as number, '127.0.0.1');
      }
    }
  }, 1);
}

process.on('message', (command: Command) => {
  switch (command.type) {
    case 'open':
      void useRealtimeScheduling()
        .then(() => open(command.calls))
        .then((ports) => process.send?.({ ports }));
      break;
    case 'start':
      start(command.ports);
      break;
    case 'measure':
      gaps = new Float64Array(lines.length * 50 * 60);
      cpuBefore = process.cpuUsage();
      begunAt = performance.now();
      measuring = true;
      break;
    case 'stop': {
      measuring = false;
      const { user, system } = process.cpuUsage(cpuBefore);
      process.send?.({
        deviations: gaps.slice(0, count).map(Math.abs),
        late: gaps.slice(0, count).filter((ms) => ms > 0),
        received,
        elapsedMs: performance.now() - begunAt,
        missing,
        cpuMs: (user + system) / 1000,
      } satisfies CallersReport);
    }
  }
});
process.on('disconnect', () => process.exit(0));
