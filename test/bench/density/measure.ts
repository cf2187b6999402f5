/** One measurement: a contender beside callers, in processes of their own. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { CallersReport } from './callers.ts';

export interface Figures {
  /** CPU of the contender for a frame, one packet in and one out; without the busy main thread's work. */
  readonly microseconds: number;
  readonly coreShare: number;
  /** Of the gap between two packets from 20 ms, at the callers. */
  readonly deviationMs: {
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly worst: number;
  };
  /** That came to the callers. */
  readonly packets: number;
  /** Of those, how many came more than `lateMs` later than they should have after the one before. */
  readonly lateShare: number;
  /** Packets that didn't come, by their sequence numbers. */
  readonly missing: number;
  /** Of what should have come to the callers. */
  readonly lostShare: number;
  readonly callersCoreShare: number;
}

export interface Measurement {
  readonly calls: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly lateMs?: number;
}

/** `command`: the contender's program, where its file is one of an interpreter's: with that, and further arguments. */
export async function measure(
  [program, ...args]: readonly string[],
  { calls, seconds, warmUpSeconds, lateMs = 20 }: Measurement,
): Promise<Figures> {
  const callers = fork(new URL('callers.ts', import.meta.url), {
    serialization: 'advanced',
    // Its own collections must not look like lateness of what it receives.
    execArgv: ['--no-parallel-scavenge', '--no-concurrent-array-buffer-sweeping'],
  });
  callers.send({ type: 'open', calls });
  const [{ ports }] = (await once(callers, 'message')) as [{ ports: number[] }];
  const contender = spawn(program ?? '', [...args.slice(0, 1), ports.join(','), ...args.slice(1)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: contender.stdout });
  lines.once('close', () =>
    lines.emit('error', new Error(`${program ?? ''} ${args.join(' ')} ended by itself`)),
  );
  const cpu = async (): Promise<number> => {
    contender.stdin.write('cpu\n');
    return Number(await told(lines, 'cpu'));
  };
  let report: CallersReport;
  let cpuMs: number;
  try {
    callers.send({ type: 'start', ports: (await told(lines, 'ports')).split(',').map(Number) });
    await new Promise((resolve) => setTimeout(resolve, warmUpSeconds * 1000));
    callers.send({ type: 'measure' });
    const before = await cpu();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    cpuMs = (await cpu()) - before;
    callers.send({ type: 'stop' });
    [report] = (await once(callers, 'message')) as [CallersReport];
  } finally {
    lines.removeAllListeners();
    await Promise.all([end(contender), end(callers)]);
  }
  const deviations = report.deviations.sort();
  const at = (share: number): number => deviations[Math.floor(deviations.length * share)] ?? NaN;
  return {
    microseconds: (cpuMs * 1000) / report.received,
    coreShare: cpuMs / report.elapsedMs,
    deviationMs: { p50: at(0.5), p99: at(0.99), p999: at(0.999), worst: deviations.at(-1) ?? NaN },
    packets: report.received,
    missing: report.missing,
    lateShare: report.late.filter((ms) => ms > lateMs).length / report.received,
    lostShare: Math.max(0, 1 - report.received / ((calls * report.elapsedMs) / 20)),
    callersCoreShare: report.cpuMs / report.elapsedMs,
  };
}

async function told(lines: Interface, word: string): Promise<string> {
  const [line] = (await once(lines, 'line')) as [string];
  const [first, rest = ''] = line.split(' ');
  if (first !== word) throw new Error(`"${word}" was expected, not "${line}"`);
  return rest;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  if (child.stdin) child.stdin.end();
  else child.disconnect();
  await ended;
}
