/**
 * What the console costs, and how long it takes.
 *
 *     node test/bench/console.bench.ts live [CALLS=50 ROUNDS=2]     an open page under live calls, against none
 *     node test/bench/console.bench.ts history [STORED=100000]      what the page asks for, with so many calls kept;
 *                                      SQLITE=FILE POSTGRES=ADDRESS: databases to be used, that are filled if they are empty, and stay
 *
 * `live`: through a real Asterisk, SIPp's callers; each agent speaks all the time, for an operator has it say something. The
 * page is Chromium on this machine, so its own work is beside the agent's; `a reader` takes the same stream and draws nothing.
 * Of each round: how late the main thread's event loop was, how late the latest packet left, and the agent's CPU time.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { startConsole } from '../../src/console/console-server.ts';
import { History } from '../../src/console/history.ts';
import { LiveCalls } from '../../src/console/live-calls.ts';
import type { CallPage } from '../../src/console/protocol.ts';
import { SignIn } from '../../src/console/sign-in.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { DatabasePlace } from '../../src/store/database-place.ts';
import { openDatabase } from '../../src/store/database.ts';
import { listCalls } from '../../src/store/reader.ts';
import { Sipp } from '../soak/sipp.ts';
import { openBrowser } from '../support/browser.ts';
import { NOTHING_LIVE } from '../support/no-live-calls.ts';
import { timesLine } from './raw.ts';
import type { LoopDelay } from '../support/loop-delay.ts';
import { PostgresServer } from '../support/postgres.ts';
import { cpuSeconds } from '../support/processes.ts';
import { Exposition } from '../support/prometheus-text.ts';
import { RunningAgent } from '../support/running-agent.ts';
import { fill, numberOf, random, VOCABULARY, word } from './made-up-calls.ts';

const { CALLS = '50', ROUNDS = '2', STORED = '100000' } = process.env;
const TOKEN = 'token-of-the-bench';
const [part] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

// ── an open page under live calls ──

const PER_SECOND = 6;
const MEASURED_MS = 15_000;
/** Until the last has been answered, and somebody looks on, no call is over; nor while it is measured. */
const TALK_MS = 30_000 + MEASURED_MS;
const SAY_EVERY_MS = 7000;
const WORDS = 'A colleague of mine will call you back this afternoon, and tell you all about it.';

/** Who looks on in a round. Returns how to end it. */
type Watcher = (url: string, cookie: string) => Promise<() => Promise<void>>;

const WATCHERS: Readonly<Record<string, Watcher>> = {
  'no page': () => Promise.resolve(() => Promise.resolve()),
  'a reader': async (url, cookie) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/stream`, {
      headers: { origin: url, cookie },
    });
    let bytes = 0;
    socket.on('message', (data: Buffer) => (bytes += data.length));
    await once(socket, 'open');
    return async () => {
      socket.close();
      await once(socket, 'close');
      say(`  the stream: ${(bytes / 1024 / (MEASURED_MS / 1000)).toFixed(0)} kB a second`);
    };
  },
  'a page': async (url) => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-page-'));
    const browser = await openBrowser(folder, new Int16Array(8000));
    const page = await browser.newPage({ viewport: { width: 1440, height: 860 } });
    await page.goto(`${url}/#token=${TOKEN}`);
    await page.getByRole('navigation').waitFor();
    return async () => {
      await browser.close();
      rmSync(folder, { recursive: true });
    };
  },
};

async function live(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-console-'));
  const delayFile = join(folder, 'delay.json');
  const lab = await RunningAgent.start({
    environment: {
      CONSOLE_ENABLED: 'true',
      CONSOLE_LISTEN_PORT: '0',
      CONSOLE_OPERATE_TOKEN: TOKEN,
      VOICE_AGENT_MAX_CALLS: CALLS,
      NODE_OPTIONS: `--import=${import.meta.resolve('../support/loop-delay.ts')}`,
      LOOP_DELAY_FILE: delayFile,
    },
  });
  try {
    for (let round = 1; round <= Number(ROUNDS); round += 1)
      for (const [name, watch] of Object.entries(WATCHERS)) {
        const measured = await roundOf(lab, watch, delayFile);
        say(`${name.padEnd(9)} ${measured}`);
      }
  } finally {
    await lab.stop();
    rmSync(folder, { recursive: true });
  }
}

async function roundOf(lab: RunningAgent, watch: Watcher, delayFile: string): Promise<string> {
  const { asterisk, agent } = lab;
  const { consoleUrl, monitoringUrl, pid } = agent;
  const headers = { 'content-type': 'application/json', origin: consoleUrl };
  const post = (path: string, body: object, cookie = ''): Promise<Response> =>
    fetch(`${consoleUrl}${path}`, {
      method: 'POST',
      headers: { ...headers, cookie },
      body: JSON.stringify(body),
    });
  const [cookie = ''] =
    (await post('/api/sign-in', { token: TOKEN })).headers.get('set-cookie')?.split(';') ?? [];
  // They listen all at one port, and say nothing.
  const sound = createSocket('udp4');
  sound.bind(0, asterisk.host);
  await once(sound, 'listening');
  const known = new Set(agent.events.calls.keys());
  let answered = 0;
  const all = Promise.withResolvers<undefined>();
  const sipp = await Sipp.start({
    folder: mkdtempSync(join(lab.folder, 'sipp-')),
    server: asterisk,
    account: 'softphone1',
    password: asterisk.secrets.softphone1,
    calls: Array.from({ length: Number(CALLS) }, (_, call) => ({
      ...{ call, extension: '510001', talkMs: TALK_MS, rtpPort: sound.address().port },
    })),
    ...{ atOnce: Number(CALLS), perSecond: PER_SECOND },
    onTold: ({ what }) => {
      answered += what === 'answered' ? 1 : 0;
      if (answered === Number(CALLS)) all.resolve(undefined);
    },
  });
  await all.promise;
  const stop = await watch(consoleUrl, cookie);
  const running = [...agent.events.calls.keys()].filter((call) => !known.has(call));
  await delaySince(pid, delayFile);
  const cpu = cpuSeconds(pid);
  const began = Date.now();
  const until = began + MEASURED_MS;
  let n = 0;
  let refused = 0;
  while (Date.now() < until) {
    const { status } = await post(
      '/api/calls/say',
      { call: running[n % running.length], what: WORDS },
      cookie,
    );
    if (status !== 204) refused += 1;
    n += 1;
    await sleep(SAY_EVERY_MS / running.length);
  }
  const delay = await delaySince(pid, delayFile);
  const used = (cpuSeconds(pid) - cpu) / ((Date.now() - began) / 1000);
  const { samples } = new Exposition(await (await fetch(`${monitoringUrl}/metrics`)).text());
  const lateness = samples.find(({ name }) => name === 'voice_agent_media_send_lateness_worst_seconds');
  const over = [...agent.events.calls].filter(
    ([call, { events }]) => !known.has(call) && events.some(({ event }) => event.type === 'ended'),
  );
  await stop();
  await sipp.ended;
  sound.close();
  return (
    `${running.length - over.length} calls${refused > 0 ? ` (${refused} of ${n} wishes refused)` : ''}: event loop p50 ${delay.p50.toFixed(1)}, p99 ${delay.p99.toFixed(1)}, worst ` +
    `${delay.worst.toFixed(0)} ms late; latest packet ${(1000 * (lateness?.value ?? NaN)).toFixed(1)} ms late; ` +
    `${(100 * used).toFixed(0)} % of a core`
  );
}

/** How late the agent's main thread was since the last time that it was asked. */
async function delaySince(pid: number, file: string): Promise<LoopDelay> {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  while (!existsSync(file)) await sleep(5);
  return JSON.parse(readFileSync(file, 'utf8')) as LoopDelay;
}

// ── what the page asks for ──

const QUESTIONS = 200;

async function history(kind: 'sqlite' | 'postgres'): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-history-'));
  const { SQLITE = join(folder, 'records.sqlite'), POSTGRES } = process.env;
  const server = kind === 'postgres' && POSTGRES === undefined ? await PostgresServer.start() : undefined;
  const place: DatabasePlace =
    kind === 'postgres'
      ? { kind, url: POSTGRES ?? (await server?.database()) ?? '' }
      : { kind, path: SQLITE };
  const database = await openDatabase({ place, onWarning: say });
  const calls = Number(STORED);
  if ((await listCalls(database, 1)).length === 0) await fill(database, calls);
  await database.close();
  const now = () => Date.UTC(2026, 0, 1) + calls * 20_000;
  const past = new History({ place, folder, now, onWarning: say });
  const page = await startConsole({
    address: '127.0.0.1',
    port: 0,
    signIn: new SignIn({ tokens: { view: TOKEN } }),
    live: new LiveCalls(NOTHING_LIVE),
    history: past,
    actions: { hangUp: () => false, say: () => false, putThrough: () => false },
    health: () => ({ ready: true, checks: [], breakers: [] }),
    configuration: () => ({ inForce: {}, problems: [] }),
    about: { agents: [], latencyTargetMs: 700, keeps: { texts: true, recordings: true } },
    clock: systemClock,
    requestsPerMinute: 1e9,
    onTrouble: say,
  });
  try {
    const origin = page.url;
    const signedIn = await fetch(`${origin}/api/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ token: TOKEN }),
    });
    const [cookie = ''] = signedIn.headers.get('set-cookie')?.split(';') ?? [];
    const get = async (path: string): Promise<unknown> =>
      (await fetch(`${origin}${path}`, { headers: { cookie } })).json();
    const list = (query: Readonly<Record<string, string>>): string =>
      `/api/calls?${new URLSearchParams(query).toString()}`;
    const { calls: first } = (await get(list({}))) as CallPage;
    const anyWord = (): string => word();
    const kinds: Readonly<Record<string, () => string>> = {
      'the first page': () => list({}),
      'a page far down': () =>
        list({ after: `${now() - Math.floor(random() * calls) * 20_000}~${first[0]?.id ?? ''}` }),
      'the commonest words': () => list({ words: word(1 + Math.floor(random() * 20)) }),
      'any word': () => list({ words: anyWord() }),
      'a rare word': () => list({ words: word(VOCABULARY / 2 + Math.floor((random() * VOCABULARY) / 2)) }),
      'a number': () => list({ words: numberOf(Math.floor(random() * calls)) }),
      'a part of a number': () => list({ words: numberOf(Math.floor(random() * calls)).slice(3) }),
      'a word, and an agent': () => list({ words: anyWord(), agent: 'alice' }),
      'an agent, and how it ended': () => list({ agent: 'alice', reason: 'caller-hung-up' }),
      'slow ones': () => list({ slow: '1200' }),
      'slow ones, where there are none': () => list({ slow: '9000' }),
      'failed ones, where there are none': () => list({ failed: 'true' }),
      'all filters, and two words': () =>
        list({ words: `${anyWord()} ${anyWord()}`, agent: 'alice', slow: '1200', reason: 'caller-hung-up' }),
      'nothing that is there': () => list({ words: `x${anyWord()}` }),
      'a call': () =>
        `/api/call?id=${encodeURIComponent(first[Math.floor(random() * first.length)]?.id ?? '')}`,
    };
    say(`${kind}, ${calls} calls, ${QUESTIONS} questions of each kind, over HTTP`);
    for (const [name, path] of Object.entries(kinds)) say(`  ${name.padEnd(36)} ${await timesOf(path, get)}`);
    for (const days of ['7', '30'])
      say(
        `  ${`the figures of ${days} days`.padEnd(36)} ${await timesOf(() => `/api/figures?days=${days}`, get, 5)}`,
      );
  } finally {
    await page.close();
    await past.close();
    await server?.stop();
    rmSync(folder, { recursive: true });
  }
}

async function timesOf(
  path: () => string,
  get: (path: string) => Promise<unknown>,
  questions = QUESTIONS,
): Promise<string> {
  const times: number[] = [];
  for (let n = 0; n < questions; n += 1) {
    const asked = path();
    const start = performance.now();
    await get(asked);
    times.push(performance.now() - start);
  }
  return timesLine(times);
}

if (part === 'live') await live();
else if (part === 'history') for (const kind of ['sqlite', 'postgres'] as const) await history(kind);
else {
  say('node test/bench/console.bench.ts live | history');
  process.exitCode = 64;
}
