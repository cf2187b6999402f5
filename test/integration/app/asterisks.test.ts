import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { openAll } from '../../../src/app/asterisks.ts';
import type { Config } from '../../../src/config.ts';
import { Scope } from '../../../src/lib/scope.ts';
import type { Logger } from '../../../src/observability/logger.ts';

it('an Asterisk that takes connections and never answers is told of once while it is waited for', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const server = { name: 'pbx', url: `http://127.0.0.1:${port}`, username: 'a', password: 'b', app: 'x' };
  const config = { fleet: {}, asterisk: [server] } as unknown as Config;
  const warn = vi.fn();
  const opening = openAll(config, { warn } as unknown as Logger, new Scope('test'));
  await expect(opening).rejects.toMatchObject({ code: 'ARI_TIMEOUT' });
  expect(warn.mock.calls).toEqual([
    [{ server: 'pbx', url: server.url, waitedMs: 1500 }, expect.stringMatching(/3000 ms.*ARI_URL/)],
  ]);
  for (const socket of sockets) socket.destroy();
  silent.close();
});
