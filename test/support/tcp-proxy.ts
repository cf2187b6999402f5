import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** A wire between two programs that a test can cut, or leave half-open. */
export interface TcpProxy {
  readonly port: number;
  /** Cuts all connections that are open now. */
  cut(): void;
  /** From now on nothing passes on the open connections, and nobody is told. */
  freeze(): void;
  /** New connections are refused (cut at once) until `admit`. */
  refuse(): void;
  admit(): void;
  /** Each answer of the target comes so much later; what it sends over WebSockets doesn't. */
  delay(ms: number): void;
  /** Text messages on the open WebSockets, as if the target had sent them. */
  say(messages: readonly string[]): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<[Socket, Socket]>();
  const webSockets = new Set<Socket>();
  let admits = true;
  let delayMs = 0;
  const server = createServer((near) => {
    if (!admits) {
      near.destroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.pipe(far);
    near.once('data', (request: Buffer) => {
      if (/^upgrade: websocket/im.test(request.toString('latin1'))) webSockets.add(near);
    });
    const late = new Transform({
      transform: (chunk, _encoding, done) => {
        if (delayMs === 0 || webSockets.has(near)) done(null, chunk);
        else setTimeout(done, delayMs, null, chunk);
      },
    });
    far.pipe(late).pipe(near);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        pairs.delete(pair);
        webSockets.delete(near);
        near.destroy();
        far.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    freeze() {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe();
        near.pause();
        far.pause();
      }
    },
    refuse() {
      admits = false;
    },
    admit() {
      admits = true;
    },
    delay(ms) {
      delayMs = ms;
    },
    say(messages) {
      const frames = Buffer.concat(messages.map(textFrame));
      for (const near of webSockets) near.write(frames);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

/** RFC 6455 §5.2, as a server sends it: not masked. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = payload.length < 126 ? Buffer.of(0x81, payload.length) : Buffer.of(0x81, 126, 0, 0);
  if (payload.length >= 126) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
