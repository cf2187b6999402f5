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
 * A run of `count` free ports below the range that systems give out by themselves (32,768 and up on
 * Linux), so that nobody takes them between this look and their use. Where it starts to look is
 * random: several labs beside each other seldom meet. UDP begins with even numbers and TCP with odd ones:
 * baresip takes its SIP port for both, and can't have one on which somebody's TCP connection was just closed.
 */
export async function freePorts(protocol: Protocol, count = 1, address = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const first = (protocol === 'udp' ? 20_000 : 20_001) + 2 * Math.floor(Math.random() * 6000);
    let free = 0;
    while (free < count && (await isPortFree(protocol, address, first + free))) free += 1;
    if (free === count) return first;
  }
  throw new Error(`No run of ${count} free ${protocol} ports on ${address}`);
}
