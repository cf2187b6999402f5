import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { limitHttp } from '../../src/lib/http-limits.ts';

class Asker extends EventEmitter {
  readonly socket;
  status: number | undefined;
  #destroyed = false;

  constructor(remoteAddress = '192.0.2.1') {
    super();
    this.socket = { remoteAddress, destroy: () => (this.#destroyed = true) };
  }

  get isCutOff(): boolean {
    return this.#destroyed;
  }

  writeHead(status: number): void {
    this.status = status;
  }

  end(): void {
    this.emit('close');
  }
}

function limited(requestsPerMinute?: number) {
  let now = 0;
  const server = {
    ...{ maxConnections: 0, headersTimeout: 0, requestTimeout: 0 },
    ...{ keepAliveTimeout: 0, timeout: 0 },
  };
  const limits = { connections: 3, requestMs: 100, clock: { now: () => now } };
  const may = limitHttp(server, { ...limits, ...(requestsPerMinute !== undefined && { requestsPerMinute }) });
  const ask = (asker: Asker): boolean => may(asker, asker);
  return { server, ask, pass: (ms: number) => (now += ms) };
}

it('a server of ours has few connections, and waits for none of them for long', () => {
  expect(limited().server).toEqual({
    ...{ maxConnections: 3, headersTimeout: 100, requestTimeout: 100 },
    ...{ keepAliveTimeout: 100, timeout: 200 },
  });
});

it('who asks again before the answer has left is cut off; who waits for it is answered again', () => {
  const { ask } = limited();
  const asker = new Asker();
  expect(ask(asker)).toBe(true);
  asker.end();
  expect(ask(asker)).toBe(true);
  expect(ask(asker)).toBe(false);
  expect(asker.isCutOff).toBe(true);
});

it('who asks too often is told so until the minute is over, and nobody else', () => {
  const { ask, pass } = limited(2);
  const often = (): [boolean, number | undefined] => {
    const asker = new Asker();
    const may = ask(asker);
    return [may, asker.status];
  };
  expect([often(), often(), often()]).toEqual([
    [true, undefined],
    [true, undefined],
    [false, 429],
  ]);
  expect(ask(new Asker('192.0.2.2'))).toBe(true);
  pass(60_001);
  expect(often()).toEqual([true, undefined]);
});
