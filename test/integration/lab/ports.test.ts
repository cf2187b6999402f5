import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { freePorts, freeRtpPorts, isPortFree } from '../../../lab/ports.ts';

describe('A free port', () => {
  it('is given to nobody else, and to one protocol alone', async () => {
    const each = await Promise.all(
      Array.from({ length: 60 }, async (_, at) =>
        at % 2 === 0 ? await freePorts('udp', 4) : await freePorts('tcp'),
      ),
    );
    const taken = each.flatMap((first, at) =>
      at % 2 === 0 ? [first, first + 1, first + 2, first + 3] : [first],
    );
    expect(new Set(taken).size).toBe(taken.length);
  });

  it('is of another cell in another process', async () => {
    const mine = await freePorts('udp');
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module-typescript',
      '-e',
      `import { freePorts } from './lab/ports.ts';
       const cells = [];
       for (let i = 0; i < 60; i += 1) cells.push(Math.floor((await freePorts('udp', 8)) / 100));
       console.log(JSON.stringify(cells));`,
    ]);
    const others = JSON.parse(stdout) as number[];
    expect(others).not.toContain(Math.floor(mine / 100));
    expect(new Set(others).size).toBe(7);
  });

  it('is free, as are those behind it', async () => {
    const first = await freePorts('udp', 4);
    const socket = createSocket('udp4').bind(first + 3, '127.0.0.1');
    await once(socket, 'listening');
    expect(await isPortFree('udp', '127.0.0.1', first)).toBe(true);
    expect(await isPortFree('udp', '127.0.0.1', first + 3)).toBe(false);
    socket.close();
  });

  it("is even for RTP, whatever was given before, and is nobody else's", async () => {
    const taken: number[] = [];
    for (const before of [1, 2, 1, 1, 2]) {
      const others = await freePorts('udp', before);
      const first = await freeRtpPorts(4);
      expect(first % 2).toBe(0);
      taken.push(...Array.from({ length: before }, (_, at) => others + at));
      taken.push(...Array.from({ length: 4 }, (_, at) => first + at));
    }
    expect(new Set(taken).size).toBe(taken.length);
  });
});
