/**
 * How many calls a core carries, and how evenly: our RTP gateway beside the same echo in C, the naive design and
 * Python's asyncio, in turn, several rounds.
 *
 *     make bench PART=density [CALLS=1,50,300] [ROUNDS=3] [SECONDS=5] [ONLY=gateway,c]
 *
 * Each call sends and receives 50 packets a second, G.711; a frame is one packet in and one out. The callers are a
 * process of their own, which stamps what it receives; what they take is told beside. *Echo*: receive, decode, level,
 * encode, paced send. *Gateway*: all that a call gets from its media thread (jitter buffer, concealment, both rings,
 * playout of queued speech, statistics). The main thread of everything but C's is busy: 5 ms of work twenty times a
 * second, and a stall of 50 ms once.
 */
import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { CallersReport } from './density/callers.ts';

const { CALLS = '1,50,300,1000', ROUNDS = '3', SECONDS = '5', ONLY, JSON_FILE } = process.env;
const seconds = Number(SECONDS);
const WARM_UP_MS = 2000;
const folder = mkdtempSync(join(tmpdir(), 'density-'));
const here = (file: string): string => new URL(`density/${file}`, import.meta.url).pathname;

interface Figures {
  readonly contender: string;
  readonly calls: number;
  readonly round: number;
  /** Of the contender, a frame; without the busy main thread's work. */
  readonly microseconds: number;
  readonly coreShare: number;
  /** Of the gap between two packets from 20 ms, at the callers. */
  readonly deviationMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly lostShare: number;
  readonly callersCoreShare: number;
}

/** The command of each contender, without the callers' ports; undefined: it can't run here. */
const CONTENDERS: Record<string, () => readonly string[] | undefined> = {
  c: compiled,
  echo: () => [process.execPath, here('echo.ts')],
  gateway: () => [process.execPath, here('gateway.ts')],
  'gateway, dgram': () => [process.execPath, here('gateway.ts'), 'dgram'],
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

async function told(lines: Interface, word: string): Promise<string> {
  const [line] = (await once(lines, 'line')) as [string];
  const [first, rest = ''] = line.split(' ');
  if (first !== word) throw new Error(`"${word}" was expected, not "${line}"`);
  return rest;
}

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  if (child.stdin) child.stdin.end();
  else child.disconnect();
  await ended;
}

async function measure(
  name: string,
  command: readonly string[],
  calls: number,
  round: number,
): Promise<Figures> {
  const callers = fork(here('callers.ts'), {
    serialization: 'advanced',
    // Its own collections must not look like lateness of what it receives.
    execArgv: ['--no-parallel-scavenge', '--no-concurrent-array-buffer-sweeping'],
  });
  callers.send({ type: 'open', calls });
  const [{ ports }] = (await once(callers, 'message')) as [{ ports: number[] }];
  const [program, ...args] = command;
  const [file, ...rest] = args;
  const argv = [...(file === undefined ? [] : [file]), ports.join(','), ...rest];
  const contender = spawn(program as string, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: contender.stdout });
  const cpu = async (): Promise<number> => {
    contender.stdin.write('cpu\n');
    return Number(await told(lines, 'cpu'));
  };
  callers.send({ type: 'start', ports: (await told(lines, 'ports')).split(',').map(Number) });
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  callers.send({ type: 'measure' });
  const before = await cpu();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const cpuMs = (await cpu()) - before;
  callers.send({ type: 'stop' });
  const [report] = (await once(callers, 'message')) as [CallersReport];
  await Promise.all([end(contender), end(callers)]);
  const deviations = report.deviations.sort();
  return {
    contender: name,
    calls,
    round,
    microseconds: (cpuMs * 1000) / report.received,
    coreShare: cpuMs / seconds / 1000,
    deviationMs: { p50: at(deviations, 0.5), p99: at(deviations, 0.99), p999: at(deviations, 0.999) },
    lostShare: 1 - report.received / (calls * 50 * seconds),
    callersCoreShare: report.cpuMs / seconds / 1000,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

function report(all: readonly Figures[]): void {
  const head = [
    'contender',
    'calls',
    'μs a frame (least–most)',
    '× C',
    '% of a core',
    'calls a core',
    'p50',
    'p99',
    'p99.9 ms',
    'lost',
    'callers',
  ];
  const rows = [...new Set(all.map(({ calls }) => calls))].flatMap((calls) =>
    Object.keys(CONTENDERS).flatMap((contender) => {
      const of = (name: string): Figures[] =>
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
          (calls / share).toFixed(0),
          middle(({ deviationMs }) => deviationMs.p50).toFixed(2),
          middle(({ deviationMs }) => deviationMs.p99).toFixed(2),
          middle(({ deviationMs }) => deviationMs.p999).toFixed(2),
          `${(100 * middle(({ lostShare }) => lostShare)).toFixed(2)} %`,
          `${(100 * middle(({ callersCoreShare }) => callersCoreShare)).toFixed(0)} %`,
        ],
      ];
    }),
  );
  for (const row of [head, head.map(() => '---'), ...rows]) process.stdout.write(`| ${row.join(' | ')} |\n`);
}

const all: Figures[] = [];
try {
  const chosen = Object.entries(CONTENDERS).filter(
    ([name]) => ONLY === undefined || ONLY.split(',').includes(name),
  );
  const commands = chosen.flatMap(([name, command]) => {
    const found = command();
    if (found === undefined)
      process.stdout.write(`${name} is left out: its compiler or interpreter isn't here\n`);
    return found === undefined ? [] : [[name, found] as const];
  });
  for (const calls of CALLS.split(',').map(Number)) {
    for (let round = 0; round < Number(ROUNDS); round++) {
      for (const [name, command] of commands) all.push(await measure(name, command, calls, round));
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
report(all);
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), node: process.version };
if (JSON_FILE !== undefined) {
  mkdirSync(join(JSON_FILE, '..'), { recursive: true });
  writeFileSync(JSON_FILE, `${JSON.stringify({ machine, seconds, all }, undefined, 1)}\n`);
}
