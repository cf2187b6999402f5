import { once } from 'node:events';
import { connect } from 'node:net';
import { bytesOf, must, type Frame } from '../target.ts';

/** Nothing comes for so long: the other side has nothing to say to it. */
const QUIET_MS = 10;
const LONGEST_MS = 3000;

/** Writes the parts to a port of this machine, and resolves with what came back when nothing more comes, or it was closed. */
export async function exchange(port: number, parts: readonly Uint8Array[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const came: Buffer[] = [];
  let quiet: NodeJS.Timeout | undefined;
  const longest = setTimeout(() => socket.destroy(), LONGEST_MS);
  const wait = (): void => {
    clearTimeout(quiet);
    quiet = setTimeout(() => socket.destroy(), QUIET_MS);
  };
  socket.on('data', (data: Buffer) => {
    came.push(data);
    wait();
  });
  // Not by `once`, which takes a reset for a failure.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (const part of parts) if (!socket.destroyed) socket.write(part);
  wait();
  await closed;
  clearTimeout(quiet);
  clearTimeout(longest);
  return Buffer.concat(came).toString('latin1');
}

/** Whatever was sent, others are served: a request is answered with this status. */
export async function serves(port: number, path: string, status: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
  await response.body?.cancel();
  must(response.status === status, `${path} is answered with ${status}, not ${response.status}`);
}

export function handshake(path: string, headers: Readonly<Record<string, string>> = {}): Uint8Array {
  const lines = [
    `GET ${path} HTTP/1.1`,
    ...Object.entries({
      host: 'localhost',
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    }).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

/** Text as a WebSocket message of a client's; bytes go out as they are: a frame, or what became of one (RFC 6455 §5.2). */
export function onTheWire(frame: Frame): Uint8Array {
  if (typeof frame !== 'string') return frame;
  const payload = bytesOf(frame);
  const wide = Buffer.alloc(8);
  wide.writeBigUInt64BE(BigInt(payload.length));
  const length =
    payload.length < 126
      ? Uint8Array.of(0x80 | payload.length)
      : payload.length < 65_536
        ? Uint8Array.of(0xfe, payload.length >> 8, payload.length & 255)
        : Uint8Array.of(0xff, ...wide);
  // With a mask of zeros it can be read.
  return Buffer.concat([Uint8Array.of(0x81), length, new Uint8Array(4), payload]);
}
