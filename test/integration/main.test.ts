/** The program as a process: what becomes of it, its callers and its files when it is told to stop. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { AriServer } from '../support/ari-server.ts';

const PATIENCE = { timeout: 20_000, interval: 20 };

let server: AriServer;
let folder: string;
let agent: ChildProcess;
let exited: Promise<unknown>;
let log: string;

beforeEach(async () => {
  server = new AriServer();
  await server.start();
  folder = await mkdtemp(join(tmpdir(), 'main-'));
  startAgent();
});

/** `before`: a program that runs it, with its arguments. */
function startAgent(env: Readonly<Record<string, string>> = {}, before: readonly string[] = []): void {
  log = '';
  // With a bug that shows at SIGUSR2.
  const node = [process.execPath, '--import', './test/support/break-on-signal.ts', 'src/main.ts'];
  const [program = '', ...args] = [...before, ...node];
  agent = spawn(program, args, {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '.cache/compiled',
      ARI_URL: server.url,
      ARI_USERNAME: server.credentials.username,
      ARI_PASSWORD: server.credentials.password,
      VOICE_AGENT_DATA_DIR: join(folder, 'var'),
      MONITORING_LISTEN_PORT: '0',
      LOG_FORMAT: 'json',
      TMPDIR: folder,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  agent.stdout?.setEncoding('utf8').on('data', (text: string) => (log += text));
  exited = once(agent, 'exit');
}

afterEach(async () => {
  agent.kill('SIGKILL');
  await exited;
  await server.stop();
  await rm(folder, { recursive: true });
});

/** sysexits.h. */
const EX_SOFTWARE = 70;

interface Line {
  readonly level: string;
  readonly event?: string;
  readonly msg?: string;
  readonly url?: string;
  readonly err?: { readonly message: string; readonly stack: string };
}
const lines = (): Line[] =>
  log
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line);
const tell = (what: RegExp) => expect.poll(() => log, PATIENCE).toMatch(what);
/** Files of the recogniser's. */
const temporary = async () => (await readdir(folder)).filter((name) => name !== 'var');
/** Both agents' are there, which is soon after calls are taken. */
async function prepared(): Promise<void> {
  await tell(/"event":"ready"/);
  await expect.poll(temporary, PATIENCE).toHaveLength(2);
}

describe('the process', () => {
  it('sends its callers on in the dialplan at the second signal, and leaves nothing behind', async () => {
    await prepared();
    const caller = server.call({ exten: '510001' });
    await tell(/greeting heard/);
    agent.kill('SIGTERM');
    await tell(/draining: no new calls/);
    expect(caller.history).toEqual(['answered']);
    expect(await temporary()).not.toEqual([]);
    agent.kill('SIGTERM');
    await exited;
    expect(agent.exitCode).toBe(1);
    expect(caller.history).toEqual(['answered', 'continued']);
    expect(caller.variables.VOICE_AGENT_RESULT).toBe('draining');
    expect(server.bridges.size).toBe(0);
    expect(await temporary()).toEqual([]);
  });

  it('waits for nothing at the third', async () => {
    await tell(/"event":"ready"/);
    server.call({ exten: '510001' });
    await tell(/greeting heard/);
    for (const told of [/"stopping"/, /"stopping at once"/, undefined]) {
      agent.kill('SIGTERM');
      if (told) await tell(told);
    }
    await exited;
    expect(agent.exitCode).toBe(1);
  });

  it('removes at start what a killed one has left behind', async () => {
    await prepared();
    const left = await temporary();
    agent.kill('SIGKILL');
    await exited;
    expect(await temporary()).toEqual(left);
    startAgent();
    await prepared();
    const now = await temporary();
    expect(now).toHaveLength(left.length);
    expect(now.filter((name) => left.includes(name))).toEqual([]);
  });

  it('lets its callers go on and leaves when its media thread hangs where nothing ends it', async () => {
    agent.kill('SIGKILL');
    await exited;
    const preload = new URL('../support/sleep-in-native-code.ts', import.meta.url).href;
    startAgent({ NODE_OPTIONS: `--import=${preload}`, SLEEPER: 'media-1' });
    await tell(/"event":"ready"/);
    const caller = server.call({ exten: '510001' });
    await tell(/greeting heard/);
    agent.kill('SIGUSR2');
    await tell(/thread media-1 is abandoned: .*no heartbeat/);
    await tell(/can't go on without its thread media-1/);
    await exited;
    expect(agent.signalCode).toBe('SIGKILL');
    expect(caller.history).toEqual(['answered', 'continued']);
    expect(log).toContain('"event":"stopped"');
  });

  it('says at once that its name is taken, before providers are loaded or opened', async () => {
    agent.kill('SIGKILL');
    await exited;
    const { username, password } = server.credentials;
    const other = new WebSocket(`${server.url.replace('http', 'ws')}/ari/events?app=voice-agent`, {
      auth: `${username}:${password}`,
    });
    await once(other, 'open');
    startAgent();
    await exited;
    expect(agent.exitCode).toBe(1);
    expect(lines().at(-1)?.level).toBe('fatal');
    expect(log).not.toContain('"part":');
    expect(log).toContain('another program is registered as the Stasis app');
    expect(await temporary()).toEqual([]);
    other.terminate();
  });

  /** On this machine they are there: for this process alone, they aren't. */
  const hiding = (mounts: string): string[] => [
    'unshare',
    '--mount',
    'sh',
    '-c',
    `${mounts} && exec "$@"`,
    'sh',
  ];

  it('says at once, before anything is loaded, that its recogniser can’t be, and leaves, not with 0', async () => {
    agent.kill('SIGKILL');
    await exited;
    const library = 'mount --bind /dev/null "$(echo /usr/lib/*/libpocketsphinx.so.3)"';
    startAgent({}, hiding(library));
    await exited;
    expect([agent.exitCode, agent.signalCode]).toEqual([1, null]);
    expect(lines().at(-1)?.level).toBe('fatal');
    expect(log).toContain('apt-get install');
    expect(log).not.toContain('"part":');
    expect(server.apps).toEqual([]);
    expect(await temporary()).toEqual([]);
  });

  it('says at once, before anything is loaded, that a model is missing, and what else is wrong', async () => {
    agent.kill('SIGKILL');
    await exited;
    startAgent({ ARI_PASSWORD: 'another' }, hiding('mount -t tmpfs none /usr/share/pocketsphinx'));
    await exited;
    expect(agent.exitCode).toBe(1);
    const told = lines().at(-1);
    expect(told).toMatchObject({ level: 'fatal', code: 'ARI_UNAUTHORIZED' });
    expect(told?.msg).toMatch(/refuses the ARI user.*\n.*the acoustic model is missing.*apt-get install/);
    expect(log).not.toContain('"part":');
  });

  it('loses no call to a log that nobody reads any more, nor to what rotates logs', async () => {
    await tell(/"event":"ready"/);
    agent.kill('SIGHUP');
    await tell(/nothing is opened anew/);
    agent.stdout?.destroy();
    const caller = server.call({ exten: '510001' });
    await expect.poll(() => caller.history, PATIENCE).toEqual(['answered']);
    agent.kill('SIGTERM');
    server.hangUp(caller.id);
    await exited;
    expect(agent.exitCode).toBe(0);
  });

  it('closes what it had started when it is stopped while starting', async () => {
    await tell(/"part":"stt"/);
    agent.kill('SIGTERM');
    await exited;
    expect(log).not.toContain('"event":"ready"');
    expect([agent.exitCode, agent.signalCode]).toEqual([0, null]);
    expect(server.apps).toEqual([]);
    expect(await temporary()).toEqual([]);
  });

  it('lets its calls end after a bug that belongs to none of them, and says so by its exit status', async () => {
    await tell(/"event":"ready"/);
    const caller = server.call({ exten: '510001' });
    await tell(/greeting heard/);
    agent.kill('SIGUSR2');
    await tell(/draining: no new calls/);
    const fatal = lines().filter(({ level }) => level === 'fatal');
    expect(fatal.map(({ err }) => err?.message)).toEqual(['a bug of the program']);
    expect(fatal[0]?.err?.stack).toMatch(/break-on-signal\.ts:\d+/);
    const readyz = lines().find(({ event }) => event === 'monitoring')?.url ?? '';
    expect((await fetch(`${readyz}/readyz`)).status).toBe(503);
    const late = server.call({ exten: '510001' });
    await expect.poll(() => late.history, PATIENCE).toEqual(['continued']);
    expect(late.variables.VOICE_AGENT_RESULT).toBe('draining');
    // Another bug changes nothing.
    agent.kill('SIGUSR2');
    await expect.poll(() => lines().filter(({ level }) => level === 'fatal').length, PATIENCE).toBe(2);
    expect(agent.exitCode).toBe(null);
    expect(caller.history).toEqual(['answered']);
    server.hangUp(caller.id);
    await exited;
    expect(agent.exitCode).toBe(EX_SOFTWARE);
    expect(await temporary()).toEqual([]);
  });

  it('sends those who would talk on in the dialplan after such a bug, when it is told to hurry', async () => {
    await tell(/"event":"ready"/);
    const caller = server.call({ exten: '510001' });
    await tell(/greeting heard/);
    agent.kill('SIGUSR2');
    await tell(/draining: no new calls/);
    agent.kill('SIGTERM');
    await exited;
    expect(agent.exitCode).toBe(EX_SOFTWARE);
    expect(caller.history).toEqual(['answered', 'continued']);
  });
});
