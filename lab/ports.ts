import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

export type Protocol = 'udp' | 'tcp';

/** Binds `port` (0: any) for a moment. Returns the port, or undefined if it is in use. */
async function tryPort(protocol: Protocol, address: string, port: number): Promise<number | undefined> {
  try {
    if (protocol === 'tcp') {
      const server = createServer().listen({ port, host: address, exclusive: true });
      await once(server, 'listening');
      const bound = (server.address() as AddressInfo).port;
      server.close();
      await once(server, 'close');
      return bound;
    }
    const socket = createSocket('udp4');
    socket.bind({ port, address, exclusive: true });
    await once(socket, 'listening');
    const bound = socket.address().port;
    socket.close();
    await once(socket, 'close');
    return bound;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

export async function isPortFree(protocol: Protocol, address: string, port: number): Promise<boolean> {
  return (await tryPort(protocol, address, port)) !== undefined;
}

/**
 * Ports are given out by cells, from below the range that systems give out by themselves (32,768 and up on Linux). A
 * process has a cell for as long as it holds the guard, a socket bound to the cell's first port: so labs and tests
 * beside each other never meet, even between the look at a port and its use.
 */
const FIRST = 20_000;
const CELLS = 120;
const CELL = 100;
/**
 * UDP is given from the front of a cell, TCP from behind this: baresip takes its SIP port for both, and can't have one
 * on which somebody's TCP connection was just closed.
 */
const TCP_FROM = 80;
/** More than so many, and a process begins its first one again. */
const OWN_CELLS = 8;

class Cell {
  readonly #next: Record<Protocol, number>;
  readonly #end: Readonly<Record<Protocol, number>>;

  constructor(first: number) {
    this.#next = { udp: first + 1, tcp: first + TCP_FROM };
    this.#end = { udp: first + TCP_FROM, tcp: first + CELL };
  }

  /** The first of a run of free ports, or undefined if the cell hasn't as many left. */
  async take(protocol: Protocol, count: number, address: string): Promise<number | undefined> {
    for (;;) {
      const first = this.#next[protocol];
      if (first + count > this.#end[protocol]) return undefined;
      let free = 0;
      while (free < count && (await isPortFree(protocol, address, first + free))) free += 1;
      this.#next[protocol] = first + Math.min(free + 1, count);
      if (free === count) return first;
    }
  }
}

/** The first ports of the cells that this process holds, the one in use last. */
const own: number[] = [];
let cell: Cell | undefined;
let last: Promise<unknown> = Promise.resolve();

/** Returns the first of a run of `count` free ports, which nobody else is given while this process lives. */
export function freePorts(protocol: Protocol, count = 1, address = '127.0.0.1'): Promise<number> {
  const ports = last.then(async () => {
    for (let attempt = 0; attempt < 2 * OWN_CELLS; attempt += 1) {
      cell ??= await nextCell();
      const first = await cell.take(protocol, count, address);
      if (first !== undefined) return first;
      cell = undefined;
    }
    throw new Error(`No run of ${count} free ${protocol} ports on ${address}`);
  });
  last = ports.catch(() => undefined);
  return ports;
}

/**
 * The same for RTP, whose ports are even (RFC 3550 §11): of a range that begins with an odd one, telephones (baresip) and
 * Asterisk take the port below it as well.
 */
export async function freeRtpPorts(count: number, address?: string): Promise<number> {
  const first = await freePorts('udp', count + 1, address);
  return first + (first % 2);
}

async function nextCell(): Promise<Cell> {
  const start = Math.floor(Math.random() * CELLS);
  for (let at = 0; at < CELLS && own.length < OWN_CELLS; at += 1) {
    const first = FIRST + CELL * ((start + at) % CELLS);
    const guard = createSocket('udp4').unref();
    try {
      guard.bind({ port: first, address: '127.0.0.1', exclusive: true });
      await once(guard, 'listening');
      own.push(first);
      return new Cell(first);
    } catch {
      guard.close();
    }
  }
  const again = own.shift();
  if (again === undefined) throw new Error('All ports for tests are taken');
  own.push(again);
  return new Cell(again);
}
