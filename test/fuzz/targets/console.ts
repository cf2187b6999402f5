/** The console: its requests, its live stream and the SIP of its telephone, from somebody who has signed in. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startConsole } from '../../../src/console/console-server.ts';
import { History } from '../../../src/console/history.ts';
import { LiveCalls } from '../../../src/console/live-calls.ts';
import { NOTHING_LIVE } from '../../support/no-live-calls.ts';
import { SignIn } from '../../../src/console/sign-in.ts';
import { messageOf } from '../../../src/lib/errors.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { bytesOf, must, readCorpus, textOf, type FuzzTarget } from '../target.ts';
import { exchange, handshake, onTheWire, serves } from './raw-socket.ts';

const TOKEN = 'operate-token';

async function openConsole() {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-console-'));
  const history = new History({
    place: { kind: 'sqlite', path: join(folder, 'records.sqlite') },
    folder,
    now: () => Date.now(),
    onWarning: () => undefined,
  });
  const troubles: string[] = [];
  const signIn = new SignIn({ tokens: { operate: TOKEN } });
  const console = await startConsole({
    address: '127.0.0.1',
    port: 0,
    signIn,
    live: new LiveCalls(NOTHING_LIVE),
    history,
    actions: { hangUp: () => true, say: () => true, putThrough: () => false },
    health: () => ({ ready: true, checks: [], breakers: [] }),
    configuration: () => ({ inForce: {}, problems: [] }),
    about: { agents: [], latencyTargetMs: 700, keeps: { texts: true, recordings: true } },
    // Nobody is there.
    phone: { username: 'webphone', password: 'word', asteriskUrl: 'http://127.0.0.1:9' },
    clock: systemClock,
    requestsPerMinute: 1e9,
    onTrouble: (message, error) => troubles.push(`${message}: ${messageOf(error)}`),
  });
  const [cookie = ''] = signIn.cookie('operate', Date.now(), false).split(';');
  return {
    port: Number(new URL(console.url).port),
    headers: { origin: 'http://localhost', cookie },
    check: async (): Promise<void> => {
      await serves(Number(new URL(console.url).port), '/api/nothing', 404);
      must(troubles.length === 0, `nothing fails: ${troubles.join('; ')}`);
    },
    close: async (): Promise<void> => {
      await console.close();
      await history.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function openConsoleStream(): Promise<FuzzTarget> {
  const { port, headers, check, close } = await openConsole();
  return {
    corpus: readCorpus('console-stream'),
    async run(session) {
      const isSip = textOf(session[0] ?? '').startsWith('REGISTER');
      const protocol = isSip ? { 'sec-websocket-protocol': 'sip' } : {};
      await exchange(port, [
        handshake(isSip ? '/sip' : '/api/stream', { ...headers, ...protocol }),
        ...session.map(onTheWire),
      ]);
      await check();
    },
    close,
  };
}

export async function openConsoleHttp(): Promise<FuzzTarget> {
  const { port, headers, check, close } = await openConsole();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return {
    corpus: readCorpus('console-http'),
    async run(session) {
      const whole = (text: string): string => text.replace('SIGNED-IN\r\n', lines.join(''));
      const requests = session.map((frame) => bytesOf(typeof frame === 'string' ? whole(frame) : frame));
      for (const request of requests.slice(0, 5)) await exchange(port, [request]);
      await exchange(port, requests);
      await check();
    },
    close,
  };
}
