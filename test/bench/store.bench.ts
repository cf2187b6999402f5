/**
 * What the store does among many calls, in both databases:
 *
 *     node test/bench/store.bench.ts [CALLS [sqlite | postgres]]     (default 100000)
 *     … ROUNDS=3: the live calls that often, in turn with calls without a store; SEARCHES=0: those alone
 *     … SQLITE=FILE POSTGRES=ADDRESS: databases to be used, that are filled if they are empty, and stay
 *
 * 1. How long a search takes, kind by kind. A search is what `npm run calls -- search` does: the words, and the 50 newest
 *    records that have them, as a whole.
 * 2. Whether 50 live calls get their packets in time meanwhile: the RTP gateway with all that a call gets from its media
 *    thread, in a process that keeps the calls' turns and searches all the time. First without a store, then with it, and
 *    with a database that is locked, slow or away. A packet is late that comes more than 20 ms later than it should; the
 *    callers are a process of their own.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { DatabasePlace } from '../../src/store/database-place.ts';
import { openDatabase } from '../../src/store/database.ts';
import { listCalls, searchAll } from '../../src/store/reader.ts';
import { timesLine } from './raw.ts';
import { PostgresServer } from '../support/postgres.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { measure as measureLine } from './density/measure.ts';
import type { Beside } from './kept-calls.ts';
import { fill, numberOf, phrase, random, TURNS, VOCABULARY, word } from './made-up-calls.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const CALLS = Number(positionals[0] ?? 100_000);
const ONLY = positionals[1];
const QUESTIONS = Number(process.env['SEARCHES'] ?? 200);
const ROUNDS = Number(process.env['ROUNDS'] ?? 1);
const LIVE_CALLS = 50;
const LIVE_S = 10;
/** Of a database that is slow: each answer. */
const SLOW_MS = 400;
const SHARE_OF_LATE = 20;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function search(name: string, place: DatabasePlace): Promise<void> {
  const database = await openDatabase({ place, onWarning: say });
  const began = performance.now();
  const isFull = (await listCalls(database, 1)).length > 0;
  if (!isFull) await fill(database, CALLS);
  const seconds = (performance.now() - began) / 1000;
  say(
    `${name}: ${CALLS} calls of ${2 * TURNS} turns ${isFull ? 'there' : `written in ${seconds.toFixed(0)} s`}`,
  );
  const number = (): string => numberOf(Math.floor(random() * CALLS));
  const kinds: Readonly<Record<string, () => string>> = {
    'a common word': () => word(1 + Math.floor(random() * 20)),
    'the commonest word': () => word(1),
    'any word': () => word(),
    'a rare word': () => word(VOCABULARY / 2 + Math.floor((random() * VOCABULARY) / 2)),
    'two words': () => `${word()} ${word()}`,
    'five common words': () => Array.from({ length: 5 }, () => word(1 + Math.floor(random() * 20))).join(' '),
    'a common and a rare word': () => `${word(1)} ${word(VOCABULARY - Math.floor(random() * 1000))}`,
    'the beginning of a word': () => word().slice(0, 4),
    'two letters of a word': () => word().slice(0, 2),
    'a single letter': () => word().slice(0, 1),
    'a number': number,
    'a part of a number': () => number().slice(3),
    'three figures of a number': () => number().slice(4, 7),
    'two figures of a number': () => number().slice(0, 2),
    'Japanese, Chinese or Thai': () => phrase(),
    'one letter of those': () => phrase().slice(0, 1),
    'nothing that is there': () => `x${word()}`,
  };
  const all: number[] = [];
  for (const [kind, question] of Object.entries(kinds)) {
    const times: number[] = [];
    let found = 0;
    for (let n = 0; n < QUESTIONS; n += 1) {
      const words = question();
      const start = performance.now();
      found += (await searchAll(database, words, 50)).calls.length;
      times.push(performance.now() - start);
    }
    all.push(...times);
    if (times.length > 0)
      say(`  ${kind.padEnd(28)} ${timesLine(times)}   ${(found / QUESTIONS).toFixed(1)} found`);
  }
  if (all.length > 0) say(`  ${'all'.padEnd(28)} ${timesLine(all)}`);
  await database.close();
}

const GATEWAY = new URL('density/gateway.ts', import.meta.url).pathname;

async function live(name: string, beside?: Beside): Promise<void> {
  const command = [process.execPath, GATEWAY, ...(beside ? [JSON.stringify(beside)] : [])];
  const { packets, lateShare, missing, deviationMs } = await measureLine(command, {
    calls: LIVE_CALLS,
    seconds: LIVE_S,
    warmUpSeconds: 3,
    lateMs: SHARE_OF_LATE,
  });
  const { p99, p999, worst } = deviationMs;
  say(
    `  ${LIVE_CALLS} calls, ${name.padEnd(34)} ${packets} packets, ${Math.round(lateShare * packets)} late, ` +
      `${missing} lost; beside their time: p99 ${p99.toFixed(1)}  ` +
      `p99.9 ${p999.toFixed(1)}  worst ${worst.toFixed(1)} ms`,
  );
}

/** What else the machine does changes: so each is measured beside calls without a store, and as often. */
async function inTurn(besides: Readonly<Record<string, () => Beside>>): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await live('no store');
    for (const [name, beside] of Object.entries(besides)) await live(name, beside());
  }
}

if (ONLY !== 'postgres') {
  const folder = mkdtempSync(join(tmpdir(), 'store-bench-'));
  const place = { kind: 'sqlite', path: process.env['SQLITE'] ?? join(folder, 'records.sqlite') } as const;
  try {
    await search('SQLite', place);
    say(`  ${(statSync(place.path).size / 2 ** 20).toFixed(0)} MB`);
    await inTurn({
      'searched all the time': () => ({ place }),
      'locked by another program': () => ({ place, isLocked: true }),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
if (ONLY !== 'sqlite') {
  const given = process.env['POSTGRES'];
  const server = given === undefined ? await PostgresServer.start() : undefined;
  const url = given ?? (await server?.database()) ?? '';
  const proxy = await startTcpProxy(Number(new URL(url).port));
  try {
    await search('PostgreSQL', { kind: 'postgres', url });
    const far = new URL(url);
    far.port = String(proxy.port);
    const place = { kind: 'postgres', url: far.href } as const;
    await inTurn({
      'searched all the time': () => ({ place: { kind: 'postgres', url } }),
      [`each answer ${SLOW_MS} ms late`]: () => {
        proxy.admit();
        proxy.delay(SLOW_MS);
        return { place };
      },
      away: () => {
        proxy.delay(0);
        proxy.refuse();
        return { place };
      },
    });
  } finally {
    await proxy.close();
    await server?.stop();
  }
}
