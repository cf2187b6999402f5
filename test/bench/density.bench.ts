/**
 * How many calls a core carries, and how evenly: our RTP gateway beside the same echo in C, the naive design and
 * Python's asyncio, in turn, several rounds.
 *
 *     make bench PART=density [CALLS=1,50,300] [ROUNDS=3] [DURATION_S=5] [JSON_FILE=…] [ONLY=gateway,c]
 *         [STORED=100000]
 *
 * Each call sends and receives 50 packets a second, G.711; a frame is one packet in and one out. The callers are a
 * process of their own, which stamps what it receives; what they take is told beside. *Echo*: receive, decode, level,
 * encode, paced send. *Gateway*: all that a call gets from its media thread (jitter buffer, concealment, both rings,
 * playout of queued speech, statistics). The main thread of everything but C's is busy: 5 ms of work twenty times a
 * second, and a stall of 50 ms once. With `STORED`, the gateway also runs beside the store, among so many calls that are kept. What loses more than a hundredth carries no calls.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Figures, measure, median } from './density/measure.ts';

const { CALLS = '1,50,300,1000', ROUNDS = '3', DURATION_S = '5', ONLY, STORED, JSON_FILE } = process.env;
const seconds = Number(DURATION_S);
const folder = mkdtempSync(join(tmpdir(), 'density-'));
const here = (file: string): string => new URL(`density/${file}`, import.meta.url).pathname;

interface Round extends Figures {
  readonly contender: string;
  readonly calls: number;
  readonly round: number;
}

/** The command of each contender, without the callers' ports; undefined: it can't run here. */
const CONTENDERS: Record<string, () => readonly string[] | undefined> = {
  c: compiled,
  echo: () => [process.execPath, here('echo.ts')],
  gateway: () => [process.execPath, here('gateway.ts')],
  'gateway-dgram': () => [process.execPath, here('gateway.ts'), 'dgram'],
  'gateway-store': () => (STORED ? [process.execPath, here('gateway.ts'), STORED] : undefined),
  naive: () => [process.execPath, here('naive.ts')],
  asyncio: () => (works('python3', '--version') ? ['python3', here('asyncio_echo.py')] : undefined),
};

function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function compiled(): readonly string[] | undefined {
  const program = join(folder, 'echo');
  return works('cc', '-O2', '-o', program, here('echo.c')) ? [program] : undefined;
}

function report(all: readonly Round[]): void {
  const head = [
    'contender',
    'calls',
    'μs a frame (least–most)',
    '× C',
    '% of a core',
    'calls a core',
    'p50',
    'p99',
    'p99.9',
    'worst ms',
    'lost',
    'callers',
  ];
  const rows = [...new Set(all.map(({ calls }) => calls))].flatMap((calls) =>
    Object.keys(CONTENDERS).flatMap((contender) => {
      const of = (name: string): Round[] =>
        all.filter((each) => each.calls === calls && each.contender === name);
      const rounds = of(contender);
      if (rounds.length === 0) return [];
      const costs = rounds.map(({ microseconds }) => microseconds);
      const ratios = rounds.flatMap(({ microseconds, round }) => {
        const floor = of('c').find((each) => each.round === round);
        return floor === undefined ? [] : [microseconds / floor.microseconds];
      });
      const middle = (pick: (figures: Figures) => number): number => median(rounds.map(pick));
      const share = middle(({ coreShare }) => coreShare);
      return [
        [
          contender,
          String(calls),
          `${median(costs).toFixed(1)} (${Math.min(...costs).toFixed(1)}–${Math.max(...costs).toFixed(1)})`,
          ratios.length === 0 ? '' : median(ratios).toFixed(2),
          (100 * share).toFixed(1),
          middle(({ lostShare }) => lostShare) > 0.01 ? '' : (calls / share).toFixed(0),
          middle(({ deviationMs }) => deviationMs.p50).toFixed(2),
          middle(({ deviationMs }) => deviationMs.p99).toFixed(2),
          middle(({ deviationMs }) => deviationMs.p999).toFixed(2),
          Math.max(...rounds.map(({ deviationMs }) => deviationMs.worst)).toFixed(2),
          `${(100 * middle(({ lostShare }) => lostShare)).toFixed(2)} %`,
          `${(100 * middle(({ callersCoreShare }) => callersCoreShare)).toFixed(0)} %`,
        ],
      ];
    }),
  );
  for (const row of [head, head.map(() => '---'), ...rows]) process.stdout.write(`| ${row.join(' | ')} |\n`);
}

const all: Round[] = [];
try {
  const chosen = Object.entries(CONTENDERS).filter(
    ([name]) => ONLY === undefined || ONLY.split(',').includes(name),
  );
  const commands = chosen.flatMap(([name, command]) => {
    const found = command();
    if (found === undefined && name !== 'gateway-store')
      process.stdout.write(`${name} is left out: its compiler or interpreter (cc, python3) isn't here\n`);
    return found === undefined ? [] : [[name, found] as const];
  });
  for (const calls of CALLS.split(',').map(Number)) {
    for (let round = 0; round < Number(ROUNDS); round++) {
      for (const [name, command] of commands) {
        const figures = await measure(command, { calls, seconds, warmUpSeconds: 2 });
        all.push({ contender: name, calls, round, ...figures });
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
report(all);
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), node: process.version };
if (JSON_FILE !== undefined) {
  mkdirSync(dirname(JSON_FILE), { recursive: true });
  writeFileSync(JSON_FILE, `${JSON.stringify({ machine, seconds, all }, undefined, 1)}\n`);
}
