/**
 * Secrets stand in many places. The program runs with one in each of them, from its start through failing providers to a
 * bug that ends it, with the doctor and the check beside it: none is in anything that was written.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../../lab/ports.ts';
import { PROJECT } from '../../lab/paths.ts';
import { AriServer } from '../support/ari-server.ts';
import { createKeys } from '../support/vonage/account.ts';

const PATIENCE = { timeout: 30_000, interval: 20 };
const { privateKey } = createKeys();
/** By where it stands. */
const SECRETS = {
  ari: 'ari-3f9c1d7e-word',
  groq: 'gsk_3f9c1d7e_groq',
  cartesia: 'sk_car_3f9c1d7e',
  openai: 'sk-3f9c1d7e-openai',
  inAddress: 'url-3f9c1d7e-word',
  database: 'pg-3f9c1d7e-word',
  signature: 'sig-3f9c1d7e-vonage',
  privateKey: privateKey.split('\n')[3] ?? '',
  operate: 'operate-3f9c1d7e-token',
  view: 'view-3f9c1d7e-token',
  phone: 'phone-3f9c1d7e-word',
  calls: 'calls-3f9c1d7e-token',
  tool: 'tool-3f9c1d7e-key',
};

const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
const ari = new AriServer({ password: SECRETS.ari });
let provider: Server;
let environment: NodeJS.ProcessEnv;
/** Everything that was written or answered, by who. */
const written = new Map<string, string>();

beforeAll(async () => {
  await ari.start();
  // It refuses everybody, and repeats what they have sent.
  provider = createServer((request, response) => {
    response.writeHead(401, { 'content-type': 'application/json' });
    const message = `no access with ${JSON.stringify(request.headers)} to ${request.url ?? ''}`;
    response.end(JSON.stringify({ error: { message, type: 'invalid_request_error' }, message }));
  });
  provider.on('upgrade', (request, socket) => {
    socket.on('error', () => undefined);
    const body = `no access with ${JSON.stringify(request.headers)}`;
    socket.end(
      `HTTP/1.1 401 Unauthorized\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const { port } = provider.address() as AddressInfo;
  const config = join(folder, 'config');
  cpSync(join(PROJECT, 'config'), config, { recursive: true });
  const agents = join(config, 'agents.yaml');
  writeFileSync(
    agents,
    `${readFileSync(agents, 'utf8')}
httpTools:
  - name: order_status
    description: Tells where an order is.
    url: http://127.0.0.1:${port}/orders
    headers: { Authorization: 'Bearer \${SHOP_KEY}', X-Key: '\${SHOP_KEY}' }
`,
  );
  environment = {
    PATH: process.env.PATH,
    TMPDIR: folder,
    VOICE_AGENT_CONFIG_DIR: config,
    VOICE_AGENT_DATA_DIR: join(folder, 'var'),
    LOG_FORMAT: 'json',
    LOG_LEVEL: 'trace',
    ARI_URL: ari.url,
    ARI_USERNAME: ari.credentials.username,
    ARI_PASSWORD: SECRETS.ari,
    GROQ_API_KEY: SECRETS.groq,
    GROQ_BASE_URL: `http://127.0.0.1:${port}`,
    CARTESIA_API_KEY: SECRETS.cartesia,
    CARTESIA_BASE_URL: `http://127.0.0.1:${port}`,
    OPENAI_API_KEY: SECRETS.openai,
    OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
    VOICE_AGENT_STT: 'cartesia,pocketsphinx',
    VOICE_AGENT_LLM: 'groq,openai-compatible,receptionist',
    VOICE_AGENT_TTS: 'cartesia,flite',
    VOICE_AGENT_DATABASE: `postgres://agent:${SECRETS.database}@127.0.0.1:9/records`,
    VOICE_AGENT_TRANSCRIPTS: 'true',
    VOICE_AGENT_RECORDINGS: 'true',
    MONITORING_LISTEN_PORT: '0',
    VONAGE_ENABLED: 'true',
    VONAGE_LISTEN_PORT: '0',
    VONAGE_PUBLIC_URL: 'https://agent.example.com',
    VONAGE_API_URL: `http://127.0.0.1:${port}`,
    VONAGE_APPLICATION_ID: '78d335fa-323d-0114-9c3d-d6f0d48968cf',
    VONAGE_PRIVATE_KEY: privateKey,
    VONAGE_SIGNATURE_SECRET: SECRETS.signature,
    CONSOLE_ENABLED: 'true',
    CONSOLE_LISTEN_PORT: String(await freePorts('tcp')),
    CONSOLE_OPERATE_TOKEN: SECRETS.operate,
    CONSOLE_VIEW_TOKEN: SECRETS.view,
    CONSOLE_PHONE_USERNAME: 'webphone',
    CONSOLE_PHONE_PASSWORD: SECRETS.phone,
    VOICE_AGENT_CALL_TOKEN: SECRETS.calls,
    VOICE_AGENT_CALL_PORT: '0',
    SHOP_KEY: SECRETS.tool,
  };
});

afterAll(async () => {
  provider.closeAllConnections();
  provider.close();
  await ari.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A program of ours, all that it writes kept. */
function run(name: string, args: readonly string[], changes: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd: PROJECT,
    env: { ...environment, ...changes },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      written.set(name, (written.get(name) ?? '') + text);
    });
  }
  return child;
}

async function ended(name: string, args: readonly string[], changes: NodeJS.ProcessEnv = {}): Promise<void> {
  const child = run(name, args, changes);
  const exited = once(child, 'close');
  await exited;
}

async function fetched(name: string, url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, init);
  const text = await response.clone().text();
  written.set(name, `${JSON.stringify([...response.headers])}\n${text}`);
  return response;
}

function expectNoSecrets(): void {
  for (const path of readdirSync(join(folder, 'var'), { recursive: true, encoding: 'utf8' })) {
    const file = join(folder, 'var', path);
    if (statSync(file).isFile()) written.set(path, readFileSync(file, 'latin1'));
  }
  const found = Object.entries(SECRETS).flatMap(([place, secret]) =>
    [...written].flatMap(([where, text]) => {
      const at = text.indexOf(secret);
      return at < 0 ? [] : [`${place} is in ${where}: …${text.slice(Math.max(0, at - 150), at + 60)}`];
    }),
  );
  expect(found).toEqual([]);
}

it(
  'secrets are in nothing that the program writes or answers, wherever they stand',
  { timeout: 120_000 },
  async () => {
    const agent = run('log', ['--import', './test/support/break-on-signal.ts', 'src/main.ts']);
    const exited = once(agent, 'close');
    const log = (): string => written.get('log') ?? '';
    try {
      await expect.poll(log, PATIENCE).toMatch(/"event":"ready"/);
      const caller = ari.call({ exten: '510001' });
      await expect.poll(log, PATIENCE).toMatch(/greeting heard/);
      ari.tell(caller.id, 'ChannelDtmfReceived', { digit: '1' });
      const monitoring =
        /"url":"(http:[^"]+)","msg":"[^"]*(?:metrics|health)/i.exec(log())?.[1] ??
        /"event":"monitoring","url":"([^"]+)"/.exec(log())?.[1];
      for (const path of ['/metrics', '/healthz', '/readyz']) await fetched(path, `${monitoring}${path}`);
      const page = `http://127.0.0.1:${environment.CONSOLE_LISTEN_PORT ?? ''}`;
      const signedIn = await fetched('sign-in', `${page}/api/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: page },
        body: JSON.stringify({ token: SECRETS.view }),
      });
      const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
      for (const path of ['configuration', 'health', 'session', 'calls', 'figures']) {
        const { status } = await fetched(path, `${page}/api/${path}`, { headers: { cookie } });
        if (path === 'configuration') expect(status).toBe(200);
      }
      const calls = /calls can be ordered: (http:[^"]+)\/calls/.exec(log())?.[1] ?? '';
      await fetched('an order', `${calls}/calls`, {
        method: 'POST',
        headers: { authorization: `Bearer ${SECRETS.calls}` },
        body: '{"agent":"nobody","number":"1"}',
      });
      await fetched('an order by nobody', `${calls}/calls`, {
        method: 'POST',
        headers: { authorization: 'Bearer x' },
      });
      agent.kill('SIGUSR2');
      await expect.poll(log, PATIENCE).toMatch(/a bug of the program/);
      ari.hangUp(caller.id);
    } finally {
      agent.kill('SIGTERM');
      agent.kill('SIGTERM');
      await exited;
    }
    await Promise.all([
      ended('doctor', ['bin/voice-agent.cjs', 'doctor', '--no-call']),
      ended('check', ['bin/voice-agent.cjs', 'check']),
      // Each secret in a place where it doesn't belong.
      ended('a wrong start', ['src/main.ts'], {
        RTP_LISTEN_PORT: SECRETS.tool,
        ARI_URL: `nothing://u:${SECRETS.inAddress}@x`,
        GROQ_BASE_URL: SECRETS.groq,
        OPENAI_BASE_URL: `http://user:${SECRETS.inAddress}@127.0.0.1/v1`,
        VOICE_AGENT_MAX_CALLS: privateKey,
        LOG_LEVEL: SECRETS.ari,
      }),
      ended('no Asterisk', ['src/main.ts'], { ARI_URL: `http://u:${SECRETS.inAddress}@127.0.0.1:9` }),
    ]);
    for (const name of ['log', 'doctor', 'check', 'a wrong start', '/metrics', 'configuration'])
      expect(written.get(name)?.length, name).toBeGreaterThan(100);
    expect(log()).toContain('401');
    expectNoSecrets();
  },
);
