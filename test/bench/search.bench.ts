/**
 * How long a search takes among many calls, in both databases: node test/bench/search.bench.ts [CALLS]   (default 100000)
 * A search is what `npm run calls -- search` does: the words, and the 50 newest records that have them, as a whole.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { addToRecord, beginRecord } from '../../src/dialog/call/call-record.ts';
import { NO_MEDIA } from '../../src/dialog/contract/call-media.ts';
import { KEEP_ALL, rowsOf } from '../../src/store/call-rows.ts';
import { openDatabase, type DatabasePlace } from '../../src/store/database.ts';
import { searchAll } from '../../src/store/reader.ts';
import { writeRows } from '../../src/store/write-rows.ts';
import { PostgresServer } from '../support/postgres.ts';
import { callInfo } from '../support/scripted-line.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const CALLS = Number(positionals[0] ?? 100_000);
const TURNS = 5;
const WORDS_IN_TURN = 10;
const AT_ONCE = 100;
const QUESTIONS = 300;
/** As in a language, the n-th most frequent word is as frequent as 1/n (Zipf). */
const VOCABULARY = 8000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

/** The word of that rank: syllables, each of a consonant and a vowel. */
function word(rank = Math.floor(VOCABULARY ** random())): string {
  let text = '';
  for (let rest = rank + 400; rest > 0; rest = Math.floor(rest / 20))
    text +=
      [
        'ba',
        'de',
        'fi',
        'go',
        'ku',
        'la',
        'me',
        'ni',
        'po',
        'ru',
        'sa',
        'te',
        'vi',
        'wo',
        'zu',
        'cha',
        'she',
        'thi',
        'bro',
        'stu',
      ][rest % 20] ?? '';
  return text;
}

function record(n: number) {
  const call = `local/${n}`;
  const number = `0${String(100_000_000 + ((n * 7_919) % 900_000_000))}`;
  const info = callInfo({ key: { server: 'local', channel: String(n) }, caller: { number, name: word() } });
  const startedAt = new Date(Date.UTC(2026, 0, 1) + n * 20_000).toISOString();
  let under = beginRecord({ type: 'started', call, at: 0, info, agent: 'alice' }, startedAt);
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const text = () => Array.from({ length: WORDS_IN_TURN }, () => word()).join(' ');
    const at = turn * 5000;
    const marks = { speechEnd: at, firstPacket: at + 600 };
    under = addToRecord(under, {
      type: 'caller-said',
      call,
      at,
      turn,
      text: text(),
      understood: true,
      via: 'speech',
    });
    under = addToRecord(under, { type: 'latency', call, at, turn, marks });
    under = addToRecord(under, { type: 'agent-said', call, at, turn, text: text(), interrupted: false });
  }
  return addToRecord(under, {
    type: 'ended',
    call,
    at: 30_000,
    reason: 'caller-hung-up',
    variables: {},
    media: NO_MEDIA,
  }).record;
}

async function measure(name: string, place: DatabasePlace): Promise<void> {
  seed = 1;
  const database = await openDatabase({ place, onWarning: say });
  const began = performance.now();
  for (let n = 0; n < CALLS; n += AT_ONCE) {
    const writes = Array.from({ length: AT_ONCE }, (_, one) => rowsOf(record(n + one), KEEP_ALL)).flat();
    await database.db.transaction().execute((trx) => writeRows(trx, database.search, writes));
  }
  const seconds = (performance.now() - began) / 1000;
  say(`${name}: ${CALLS} calls of ${2 * TURNS} turns written in ${seconds.toFixed(0)} s`);
  const kinds: Readonly<Record<string, () => string>> = {
    'a common word': () => word(1 + Math.floor(random() * 20)),
    'any word': () => word(),
    'a rare word': () => word(VOCABULARY / 2 + Math.floor((random() * VOCABULARY) / 2)),
    'two words': () => `${word()} ${word()}`,
    'the beginning of a word': () => word().slice(0, 4),
    'a number': () => `0${String(100_000_000 + ((Math.floor(random() * CALLS) * 7_919) % 900_000_000))}`,
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
    say(`  ${kind.padEnd(24)} ${line(times)}   ${(found / QUESTIONS).toFixed(1)} found`);
  }
  say(`  ${'all'.padEnd(24)} ${line(all)}`);
  await database.close();
}

function line(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1).padStart(7);
  return `p50 ${at(0.5)}  p95 ${at(0.95)}  p99 ${at(0.99)}  worst ${at(1)} ms`;
}

const folder = mkdtempSync(join(tmpdir(), 'search-'));
const path = join(folder, 'records.sqlite');
try {
  await measure('SQLite', { kind: 'sqlite', path });
  say(`  ${(statSync(path).size / 2 ** 20).toFixed(0)} MB`);
} finally {
  rmSync(folder, { recursive: true });
}
const server = await PostgresServer.start();
try {
  const url = await server.database();
  await measure('PostgreSQL', { kind: 'postgres', url });
} finally {
  await server.stop();
}
