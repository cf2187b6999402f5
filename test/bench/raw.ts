import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { dirname } from 'node:path';

/** What a bench has measured, as its file has it: every round, from which tables and pictures are made. */
export interface Raw<Row> {
  readonly machine: Machine;
  /** What was asked for: counts, seconds, versions. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly all: readonly Row[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  /** How many programs wanted a processor in the last minute. */
  readonly load: number;
  /** The bench came before all other programs (`chrt -f 10 make bench`): the way to measure on a busy machine. */
  readonly realTime: boolean;
}

export function rawOf<Row>(settings: Raw<Row>['settings'], all: readonly Row[]): Raw<Row> {
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    kernel: release(),
    node: process.version,
    load: loadavg()[0] ?? NaN,
    realTime: isRealTime(),
  };
  return { machine, settings, all };
}

/** The scheduling policy is field 41 of proc(5)'s stat, the 39th behind the name: 1 and 2 are FIFO and RR. */
function isRealTime(): boolean {
  const policy = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[38];
  return policy === '1' || policy === '2';
}

/** Into JSON_FILE, where one is asked for. */
export function keepRaw(raw: Raw<unknown>): void {
  const { JSON_FILE: file } = process.env;
  if (file === undefined || file === '') return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(raw, undefined, 1)}\n`);
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** `1.2 (1.1–1.5)`: the median, the least and the most. */
export function spread(values: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

/** Milliseconds, for a table of times. */
export function timesLine(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1).padStart(7);
  return `p50 ${at(0.5)}  p95 ${at(0.95)}  p99 ${at(0.99)}  worst ${at(1)} ms`;
}
