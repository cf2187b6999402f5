/**
 * What every unit test runs under: whoever opens a socket, starts a thread or a program, or waits for the
 * clock is told that their test belongs in test/integration. A timer of 0 ms is a turn of the event loop, and allowed.
 */
import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import timers from 'node:timers/promises';
import workerThreads from 'node:worker_threads';

function forbid(owner: object, names: readonly string[], what: string): void {
  for (const name of names) {
    const refuse = function (): never {
      throw new Error(`a unit test must not ${what} (${name}): such tests live in test/integration`);
    };
    Object.defineProperty(owner, name, { value: refuse, configurable: true, writable: true });
  }
}

forbid(net.Server.prototype, ['listen'], 'open a socket');
forbid(net.Socket.prototype, ['connect'], 'open a socket');
forbid(dgram, ['createSocket'], 'open a socket');
forbid(workerThreads, ['Worker'], 'start a thread');
forbid(
  childProcess,
  ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'],
  'start a program',
);
forbid(timers, ['setTimeout', 'setInterval'], 'wait for the clock');
syncBuiltinESMExports();

const timer = globalThis.setTimeout;
const turnOnly = (action: (...args: unknown[]) => void, delay = 0, ...args: unknown[]): NodeJS.Timeout => {
  if (delay > 0) throw new Error(`a unit test must not wait for the clock (${delay} ms): use a manual one`);
  return timer(action, delay, ...args);
};
Object.defineProperty(globalThis, 'setTimeout', { value: turnOnly, configurable: true, writable: true });
