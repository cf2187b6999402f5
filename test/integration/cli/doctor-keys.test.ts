/** How `voice-agent doctor` asks providers about keys: at a server that answers as theirs do, by their public documentation. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { doctorCommand } from '../../../src/cli/doctor.ts';
import type { Finding } from '../../../src/cli/doctor/finding.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** What the doctor says of the keys, and what it asked. */
async function doctor(status: number, body: object) {
  const asked: { path: string | undefined; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url, headers: request.headers });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  closing.push(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const env = {
    ...{ ARI_PASSWORD: 'x', ARI_URL: 'http://127.0.0.1:1' },
    ...{
      GROQ_API_KEY: 'groq-key',
      GROQ_BASE_URL: url,
      CARTESIA_API_KEY: 'cartesia-key',
      CARTESIA_BASE_URL: url,
    },
  };
  await doctorCommand(['--json'], env, { print, complain: print });
  const { findings } = JSON.parse(lines.join('')) as { findings: Finding[] };
  const about = findings.filter(({ text }) => /^(?:Groq|Cartesia) /.test(text));
  return { asked, about, printed: lines.join('') };
}

describe('the doctor’s look at keys', () => {
  it('asks for lists, which costs nothing, and says that they are taken', async () => {
    const { asked, about, printed } = await doctor(200, { data: [{ id: 'llama-3.3-70b-versatile' }] });
    expect(asked.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/openai/v1/models', 'Bearer groq-key'],
      ['/voices?limit=1', 'Bearer cartesia-key'],
    ]);
    expect(about.map(({ state, text }) => [state, text])).toEqual([
      ['ok', 'Groq takes the key, and has llama-3.3-70b-versatile'],
      ['ok', 'Cartesia takes the key'],
    ]);
    expect(printed).not.toMatch(/groq-key|cartesia-key/);
  });

  it('says that a key is refused, that a model isn’t there, and that nobody answers', async () => {
    const refused = await doctor(401, { error: { message: 'Invalid API Key' } });
    expect(refused.about.map(({ state }) => state)).toEqual(['bad', 'bad']);
    expect(refused.about[0]?.text).toBe('Groq refuses the key (401)');
    const without = await doctor(200, { data: [{ id: 'another' }] });
    expect(without.about[0]).toMatchObject({ state: 'warning' });
    expect(without.about[0]?.text).toContain('doesn’t list the model');
    const odd = await doctor(404, {});
    expect(odd.about.map(({ state }) => state)).toEqual(['warning', 'warning']);
  });
});
