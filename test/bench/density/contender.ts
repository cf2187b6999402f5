/** What all programs do that density.bench.ts compares: `contender.ts`'s side of its lines on stdin and stdout. */
import { createInterface } from 'node:readline';

/** UDP ports of the callers on 127.0.0.1, one for each call. */
export const callers = (process.argv[2] ?? '').split(',').map(Number);

let busyMs = 0;

/** A main thread that is as busy as in real life: 5 ms of work twenty times a second, one stall of 50 ms a second. */
export function keepBusy(): void {
  setInterval(work, 50, 5);
  setInterval(work, 1000, 50);
}

function work(durationMs: number): void {
  const before = process.threadCpuUsage();
  const end = performance.now() + durationMs;
  while (performance.now() < end);
  const { user, system } = process.threadCpuUsage(before);
  busyMs += (user + system) / 1000;
}

/** CPU of this process without that work, ms. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 - busyMs;
}

/**
 * Says where it listens, and from then on what it has used, whenever it is asked; ends with its parent. `beside` ends what
 * went on beside it, and tells what that was.
 */
export function contend(ports: readonly number[], cpuMs: () => number, beside?: () => Promise<string>): void {
  process.stdout.write(`ports ${ports.join(',')}\n`);
  createInterface({ input: process.stdin })
    .on('line', () => process.stdout.write(`cpu ${cpuMs()}\n`))
    .on('close', () => void leave(beside));
}

async function leave(beside?: () => Promise<string>): Promise<void> {
  if (beside) process.stderr.write(`${await beside()}\n`);
  process.exit(0);
}
