import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runTool, toolTable, type ToolOutcome } from '../../../src/dialog/reply/agent-tools.ts';
import { httpTool, type HttpToolOptions } from '../../../src/tools/http-tool.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { agentProfile } from '../../support/scripted-call.ts';
import { callInfo, ScriptedLine } from '../../support/scripted-line.ts';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let base: string;
let asked: Asked[];
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  asked = [];
  answer = (response) => response.end('{"order":{"status":"on its way","a/b":[1,2]}}');
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const options = (more: Partial<HttpToolOptions> = {}): HttpToolOptions => ({
  name: 'order_status',
  description: 'Tells where an order is.',
  parameters: {
    type: 'object',
    properties: { order: { type: 'string', pattern: '^[^ ]+$' }, loud: { type: 'boolean' }, tags: {} },
    required: ['order'],
  },
  method: 'GET',
  url: `${base}/orders/{order}`,
  headers: {},
  timeoutMs: 2000,
  maxBytes: 10_000,
  maxCharacters: 500,
  ...more,
});

async function run(
  more: Partial<HttpToolOptions> = {},
  args: Record<string, unknown> = { order: '4711' },
  signal = new AbortController().signal,
): Promise<ToolOutcome> {
  const tool = httpTool(options(more));
  const call = { id: '1', name: 'order_status', arguments: args };
  const line = new ScriptedLine(new ManualClock());
  const info = callInfo({ caller: { number: '+49 30', name: 'Ada\r\nX-Evil: ü' } });
  return runTool(toolTable([tool]), call, { agent: agentProfile(), call: info, line, signal });
}

describe('a tool of the user’s own', () => {
  it('makes its request, and the model must answer to the result', async () => {
    expect(await run()).toEqual({
      result: '{"order":{"status":"on its way","a/b":[1,2]}}',
      answer: true,
    });
    expect(asked).toMatchObject([{ method: 'GET', url: '/orders/4711', body: '' }]);
  });

  it('picks a part of the answer by a JSON pointer, and tells no more than it may', async () => {
    expect((await run({ result: '/order/status' })).result).toBe('on its way');
    expect((await run({ result: '/order/a~1b/1' })).result).toBe('2');
    expect((await run({ result: '/order' })).result).toBe('{"status":"on its way","a/b":[1,2]}');
    expect((await run({ result: '/order/toString' })).result).toMatch(/^error: .* no \/order\/toString/);
    expect((await run({ result: '/order/status', maxCharacters: 5 })).result).toBe('on it …');
    answer = (response) => response.end('   ');
    expect((await run()).result).toBe('done');
    expect((await run({ result: '/x' })).result).toMatch(/^error: .*no JSON/);
  });

  it('sends what has no place in the address in the query or as JSON', async () => {
    const args = { order: 'a b&c/d', loud: true, tags: ['x'] };
    await run({ parameters: { type: 'object', properties: {} } }, args);
    await run({ parameters: { type: 'object', properties: {} }, method: 'POST' }, args);
    expect(asked[0]?.url).toBe('/orders/a%20b%26c%2Fd?loud=true&tags=%5B%22x%22%5D');
    expect(asked[1]).toMatchObject({
      method: 'POST',
      url: '/orders/a%20b%26c%2Fd',
      body: '{"loud":true,"tags":["x"]}',
      headers: { 'content-type': 'application/json' },
    });
  });

  it('sends the caller’s name and number, and no header that a name could smuggle in', async () => {
    await run({
      url: `${base}/by/{call.callerNumber}?to={call.dialled}`,
      headers: { 'x-caller': '{call.callerName}', authorization: 'Bearer k{x}' },
    });
    expect(asked[0]?.url).toBe('/by/%2B49%2030?to=510001&order=4711');
    expect(asked[0]?.headers).toMatchObject({ 'x-caller': 'Ada??X-Evil: ?', authorization: 'Bearer k{x}' });
    expect(asked[0]?.headers['x-evil']).toBeUndefined();
  });

  it('refuses arguments that are not as the schema says, before anything is sent', async () => {
    expect((await run({}, {})).result).toMatch(/^error: these arguments can not be used: order: /);
    expect((await run({}, { order: 'a b' })).result).toContain('pattern');
    expect((await run({}, { order: 4711, loud: 'yes' })).result).toMatch(/order: .*; loud: /);
    expect(asked).toEqual([]);
  });

  it('can not be led to another address', async () => {
    for (const order of ['..', '.']) expect((await run({}, { order })).result).toMatch(/^error: /);
    expect(asked).toEqual([]);
    await run({}, { order: '../admin' });
    await run({}, { order: '%2e%2e' });
    await run({}, { order: '?a=b#c' });
    expect(asked.map(({ url }) => url)).toEqual([
      ...['/orders/..%2Fadmin', '/orders/%252e%252e', '/orders/%3Fa%3Db%23c'],
    ]);
  });

  it('does not follow a redirect', async () => {
    answer = (response) => response.writeHead(302, { location: `${base}/admin` }).end();
    expect((await run()).result).toBe('error: the service answered 302 (moved)');
    expect(asked).toHaveLength(1);
  });

  it('tells the model of an error, and of its reason in short', async () => {
    answer = (response) => response.writeHead(404).end(`no such order ${'x'.repeat(1000)}`);
    const { result } = await run();
    expect(result).toMatch(/^error: the service answered 404: no such order/);
    expect(result.length).toBeLessThan(260);
  });

  it('gives up after its time, before the answer or in the middle of it', async () => {
    answer = () => undefined;
    expect((await run({ timeoutMs: 100 })).result).toBe('error: no answer within 100 ms');
    answer = (response) => response.write('{"half":');
    expect((await run({ timeoutMs: 100 })).result).toBe('error: no answer within 100 ms');
  });

  it('takes no answer that is too long', async () => {
    answer = (response) => response.end('x'.repeat(20_000));
    expect((await run()).result).toBe('error: no answer: it is longer than 10000 bytes');
  });

  it('stops with its call', async () => {
    const end = new AbortController();
    answer = () => {
      end.abort();
    };
    expect((await run({}, { order: '1' }, end.signal)).result).toBe('error: interrupted');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)(
    'goes on to its answer though its call is over, where it may have changed something (%s)',
    async (method) => {
      const end = new AbortController();
      answer = (response) => {
        end.abort();
        setImmediate(() => response.end('done already'));
      };
      expect((await run({ method }, { order: '1' }, end.signal)).result).toBe('done already');
    },
  );

  it('says nothing of address and headers when nobody is there', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, 'close');
    const { result } = await run({
      url: `http://127.0.0.1:${port}/?key=secret&o={order}`,
      headers: { authorization: 'secret' },
    });
    expect(result).toBe('error: no answer: ECONNREFUSED');
  });

  it('can not be made with a schema that is none', () => {
    expect(() => httpTool(options({ parameters: { type: 'objekt' } }))).toThrow(/objekt/);
  });
});
