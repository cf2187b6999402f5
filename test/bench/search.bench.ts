/**
 * How long a search takes among many calls, in both databases: node test/bench/search.bench.ts [CALLS [sqlite | postgres]]   (default 100000)
 * A search is what `npm run calls -- search` does: the words, and the 50 newest records that have them, as a whole.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { openDatabase, type DatabasePlace } from '../../src/store/database.ts';
import { searchAll } from '../../src/store/reader.ts';
import { PostgresServer } from '../support/postgres.ts';
import { fill, numberOf, random, TURNS, VOCABULARY, word } from './made-up-calls.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const CALLS = Number(positionals[0] ?? 100_000);
const ONLY = positionals[1];
const QUESTIONS = 300;
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function measure(name: string, place: DatabasePlace): Promise<void> {
  const database = await openDatabase({ place, onWarning: say });
  const began = performance.now();
  await fill(database, CALLS);
  const seconds = (performance.now() - began) / 1000;
  say(`${name}: ${CALLS} calls of ${2 * TURNS} turns written in ${seconds.toFixed(0)} s`);
  const kinds: Readonly<Record<string, () => string>> = {
    'a common word': () => word(1 + Math.floor(random() * 20)),
    'any word': () => word(),
    'a rare word': () => word(VOCABULARY / 2 + Math.floor((random() * VOCABULARY) / 2)),
    'two words': () => `${word()} ${word()}`,
    'the beginning of a word': () => word().slice(0, 4),
    'a number': () => numberOf(Math.floor(random() * CALLS)),
    'a part of a number': () => numberOf(Math.floor(random() * CALLS)).slice(3),
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

if (ONLY !== 'postgres') {
  const folder = mkdtempSync(join(tmpdir(), 'search-'));
  const path = join(folder, 'records.sqlite');
  try {
    await measure('SQLite', { kind: 'sqlite', path });
    say(`  ${(statSync(path).size / 2 ** 20).toFixed(0)} MB`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
if (ONLY !== 'sqlite') {
  const server = await PostgresServer.start();
  try {
    await measure('PostgreSQL', { kind: 'postgres', url: await server.database() });
  } finally {
    await server.stop();
  }
}
