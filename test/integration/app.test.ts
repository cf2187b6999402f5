/** The whole program without its process: real providers, real media, and an ARI that speaks the wire. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KNOWN_PROVIDERS } from '../../src/app/known-providers.ts';
import { startApp, type App } from '../../src/app.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import type { CallRecord } from '../../src/dialog/call/call-record.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { eventually } from '../support/ari-desk.ts';
import { AriServer } from '../support/ari-server.ts';
import { noUnhandledRejections } from '../support/leaks.ts';
import { recordsIn } from '../support/records.ts';

noUnhandledRejections();

let server: AriServer;
let dataDir: string;
let lines: { msg: string; agent?: string; vad?: string }[];
let app: App | undefined;

beforeEach(async () => {
  server = new AriServer();
  await server.start();
  dataDir = await mkdtemp(join(tmpdir(), 'app-'));
  lines = [];
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await server.stop();
  await rm(dataDir, { recursive: true });
});

function config(env: Readonly<Record<string, string>> = {}): Config {
  return loadConfig({
    env: {
      ARI_URL: server.url,
      ARI_USERNAME: server.credentials.username,
      ARI_PASSWORD: server.credentials.password,
      VOICE_AGENT_DATA_DIR: dataDir,
      VOICE_AGENT_TRANSCRIPTS: 'true',
      MONITORING_LISTEN_PORT: '0',
      ...env,
    },
    known: KNOWN_PROVIDERS,
  });
}

async function start(how: Config): Promise<App> {
  const write = (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[number]);
  app = await startApp(how, createLogger({ level: 'info', format: 'json', write }));
  return app;
}

async function record(): Promise<CallRecord> {
  const first = (await recordsIn(dataDir)).at(-1);
  if (!first) throw new Error('no record');
  return first;
}

describe('the program', () => {
  it('as a node of a fleet begins without an Asterisk that is away, and has it when it comes', async () => {
    const other = new AriServer();
    await other.start();
    const url = other.url;
    await other.stop();
    const shipped = config({ VOICE_AGENT_NODE: 'a' });
    const [local] = shipped.asterisk;
    if (!local) throw new Error('no Asterisk');
    const asterisk = [local, { ...local, name: 'other', url }];
    await start({ ...shipped, asterisk });
    expect(server.apps).toEqual(['voice-agent.a']);
    const told = () => server.variables.get('VOICE_AGENT_FLEET') === 'voice-agent';
    await eventually('the dialplan is told of the fleet', told);
    expect(lines.filter(({ msg }) => msg.includes('it is waited for'))).toHaveLength(1);
    try {
      await other.start();
      await eventually('the other Asterisk has it', () => other.apps.includes('voice-agent.a'));
      const caller = other.call({ app: 'voice-agent.a' });
      await eventually('a caller there is answered', () => caller.history.includes('answered'));
    } finally {
      await app?.close();
      await other.stop();
    }
    // Alone, it is of no use without its Asterisk.
    const alone = { ...shipped, fleet: {}, asterisk: asterisk.slice(1) };
    await expect(start(alone)).rejects.toMatchObject({ code: 'ARI_UNREACHABLE' });
  });

  it('answers, greets, and ends its calls politely when it is drained', async () => {
    const shipped = config();
    const running = await start({ ...shipped, limits: { ...shipped.limits, drainMs: 200 } });
    const caller = server.call({ exten: '510001' });
    await eventually('the greeting', () => lines.some(({ msg }) => msg.startsWith('greeting heard')));
    expect(caller.history).toEqual(['answered']);
    await running.drain();
    expect(caller.history).toEqual(['answered', 'hung up']);
    const late = server.call({ exten: '510002' });
    await eventually('the next caller goes on', () => late.history.includes('continued'));
    await running.close();
    expect(late.variables.VOICE_AGENT_RESULT).toBe('draining');
    expect(server.apps).toEqual([]);
    expect(server.bridges.size).toBe(0);
    expect(await record()).toMatchObject({ agent: 'alice', ended: { reason: 'draining' } });
  });

  it('sends on the second call of a caller who may have one at a time', async () => {
    const shipped = config();
    await start({ ...shipped, limits: { ...shipped.limits, maxCallsPerCaller: 1, whenFull: 'continue' } });
    const first = server.call();
    await eventually('the greeting', () => lines.some(({ msg }) => msg.startsWith('greeting heard')));
    const second = server.call();
    await eventually('the second goes on', () => second.history.includes('continued'));
    expect(second.variables).toMatchObject({
      VOICE_AGENT_RESULT: 'busy',
      VOICE_AGENT_REASON: 'caller-limit',
    });
    expect(lines.map(({ msg }) => msg)).toContain('call ended: caller-limit');
    expect(first.history).toEqual(['answered']);
    await app?.close();
    const reasons = (await recordsIn(dataDir)).map(({ ended }) => ended?.reason);
    expect(reasons).toContain('caller-limit');
  });

  it('says that ARI’s password is wrong before anything is loaded', async () => {
    await expect(start(config({ ARI_PASSWORD: 'another' }))).rejects.toMatchObject({
      code: 'ARI_UNAUTHORIZED',
    });
    expect(lines.filter(({ vad }) => vad !== undefined)).toEqual([]);
    expect(lines.map(({ msg }) => msg).join()).not.toMatch(/answers|media/);
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('says in one go what else would be found wrong by the next starts: the data folder, the RTP port', async () => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    const { port } = taken.address();
    const wrong = config({
      ARI_PASSWORD: 'another',
      VOICE_AGENT_DATA_DIR: file,
      RTP_LISTEN_PORT: String(port),
    });
    const told = await start(wrong).then(() => '', messageOf);
    taken.close();
    expect(told.split('\n')).toEqual([
      expect.stringContaining('refuses the ARI user'),
      expect.stringMatching(/data folder .*VOICE_AGENT_DATA_DIR/),
      expect.stringMatching(/port .*RTP_LISTEN_PORT/),
    ]);
  });

  it('says before anything is loaded that its ports are taken, all of them', async () => {
    const rtp = createSocket('udp4').bind(0, '127.0.0.1');
    const http = Array.from({ length: 4 }, () => createServer().listen(0, '127.0.0.1'));
    await Promise.all([rtp, ...http].map((one) => once(one, 'listening')));
    const [monitoring = '', vonage = '', page = '', outgoing = ''] = http.map((one) =>
      String((one.address() as AddressInfo).port),
    );
    const token = 'x'.repeat(40);
    const wrong = config({
      RTP_LISTEN_PORT: String(rtp.address().port),
      MONITORING_LISTEN_PORT: monitoring,
      ...{ VONAGE_ENABLED: 'true', VONAGE_LISTEN_PORT: vonage, VONAGE_PUBLIC_URL: 'https://example.org' },
      ...{ VONAGE_APPLICATION_ID: 'an-application', VONAGE_SIGNATURE_SECRET: token },
      ...{ CONSOLE_ENABLED: 'true', CONSOLE_LISTEN_PORT: page, CONSOLE_OPERATE_TOKEN: token },
      ...{ VOICE_AGENT_CALL_PORT: outgoing, VOICE_AGENT_CALL_TOKEN: token },
    });
    const told = await start(wrong).then(() => '', messageOf);
    rtp.close();
    for (const one of http) one.close();
    expect(told.split('\n')).toEqual([
      expect.stringContaining('MONITORING_LISTEN_PORT'),
      expect.stringContaining('RTP_LISTEN_PORT'),
      expect.stringContaining('VONAGE_LISTEN_PORT'),
      expect.stringContaining('CONSOLE_LISTEN_PORT'),
      expect.stringContaining('VOICE_AGENT_CALL_PORT'),
    ]);
    expect(lines.map(({ msg }) => msg).join()).not.toMatch(/media/);
  });

  it('says before anything is loaded that an address is none of this machine’s, whatever the port', async () => {
    const wrong = config({ RTP_LISTEN_ADDRESS: '192.0.2.1', RTP_LISTEN_PORT: '0' });
    const told = await start(wrong).then(() => '', messageOf);
    expect(told).toMatch(/^can't receive RTP on 192\.0\.2\.1 .*no interface of this machine/);
    expect(lines.filter(({ vad }) => vad !== undefined)).toEqual([]);
    expect(lines.map(({ msg }) => msg).join()).not.toMatch(/answers|media/);
  });

  it('says that nothing answers at ARI’s address', async () => {
    const config1 = config();
    await server.stop();
    await expect(start(config1)).rejects.toMatchObject({ code: 'ARI_UNREACHABLE' });
  });

  it('says that what answers at ARI’s address is another web server', async () => {
    server.fault = () => ({ status: 200, body: 'Welcome to nginx!' });
    await expect(start(config())).rejects.toMatchObject({
      code: 'ARI_UNREACHABLE',
      message: expect.stringContaining('is a web server without ARI') as string,
    });
  });

  it('gives everything back when another program has its name', async () => {
    const shipped = config();
    await start(shipped);
    const first = app;
    await expect(startApp(shipped, createLogger({ level: 'silent', format: 'json' }))).rejects.toMatchObject({
      code: 'ARI_APP_TAKEN',
    });
    app = first;
    expect(server.apps).toEqual(['voice-agent']);
  });

  it('opens for its announcements no more than a voice', async () => {
    const shipped = config();
    const { byAgent } = shipped.providers;
    // Nobody's choice but that of `default`, which stands for agents that there aren't.
    const unused = {
      ...shipped.providers.default,
      stt: { names: ['nobody-uses-this'] },
      llm: { names: ['nor-this'] },
    } as const;
    await start({ ...shipped, providers: { ...shipped.providers, default: unused, byAgent } });
    server.call({ exten: '519999' });
    await eventually('the refusal is spoken', () => lines.some(({ msg }) => msg.includes('not in use')));
  });
});

describe('a configuration', () => {
  it('is refused with all of its mistakes: an unknown provider, and one without its key', () => {
    expect(() => config({ VOICE_AGENT_STT: 'pocketsphynx', VOICE_AGENT_LLM: 'groq' })).toThrow(
      /pocketsphynx[^]*(GROQ_API_KEY|groq\.apiKey)/,
    );
  });
});
