import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { freePorts, isPortFree } from '../../../lab/ports.ts';

describe('A free port', () => {
  it('is never one that was just used by the other protocol', async () => {
    for (let i = 0; i < 20; i += 1) {
      expect([(await freePorts('udp')) % 2, (await freePorts('tcp')) % 2]).toEqual([0, 1]);
    }
  });

  it('is free, as are those behind it', async () => {
    const first = await freePorts('udp', 4);
    const socket = createSocket('udp4').bind(first + 3, '127.0.0.1');
    await once(socket, 'listening');
    expect(await isPortFree('udp', '127.0.0.1', first)).toBe(true);
    expect(await isPortFree('udp', '127.0.0.1', first + 3)).toBe(false);
    socket.close();
  });
});
