/**
 * How many calls a core carries, and how evenly: our RTP gateway beside the same echo in C, the naive design and
 * Python's asyncio, in turn, several rounds.
 *
 *     make bench PART=density [CALLS=1,50,300] [ROUNDS=3] [DURATION_S=5] [ONLY=gateway,c]
 *
 * Each call sends and receives 50 packets a second, G.711; a frame is one packet in and one out. The callers are a
 * process of their own, which stamps what it receives; what they take is told beside. *Echo*: receive, decode, level,
 * encode, paced send. *Gateway*: all that a call gets from its media thread (jitter buffer, concealment, both rings,
 * playout of queued speech, statistics). The main thread of everything but C's is busy: 5 ms of work twenty times a
 * second, and a stall of 50 ms once. Beside the store it runs in store.bench.ts. What loses more than a hundredth carries no calls.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from './density/measure.ts';
import { keepRaw, rawOf } from './raw.ts';
import { markdown } from './report.ts';
import { densityTable, type DensityRow } from './tables.ts';

const { CALLS = '1,50,300,1000', ROUNDS = '3', DURATION_S = '5', ONLY } = process.env;
const seconds = Number(DURATION_S);
const folder = mkdtempSync(join(tmpdir(), 'density-'));
const here = (file: string): string => new URL(`density/${file}`, import.meta.url).pathname;

/** The command of each contender, without the callers' ports; undefined: it can't run here. */
const CONTENDERS: Record<string, () => readonly string[] | undefined> = {
  c: compiled,
  echo: () => [process.execPath, here('echo.ts')],
  gateway: () => [process.execPath, here('gateway.ts')],
  'gateway-dgram': () => [process.execPath, here('gateway.ts'), 'dgram'],
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

/** Of what the others run on. */
function versions(): Record<string, string> {
  const said = (command: string): string | undefined => {
    try {
      return execFileSync(command, ['--version'], { encoding: 'utf8' }).split('\n')[0];
    } catch {
      return undefined;
    }
  };
  return { cc: said('cc') ?? 'not here', python: said('python3') ?? 'not here' };
}

function compiled(): readonly string[] | undefined {
  const program = join(folder, 'echo');
  return works('cc', '-O2', '-o', program, here('echo.c')) ? [program] : undefined;
}

const all: DensityRow[] = [];
try {
  const chosen = Object.entries(CONTENDERS).filter(
    ([name]) => ONLY === undefined || ONLY.split(',').includes(name),
  );
  const commands = chosen.flatMap(([name, command]) => {
    const found = command();
    if (found === undefined)
      process.stdout.write(`${name} is left out: its compiler or interpreter (cc, python3) isn't here\n`);
    return found === undefined ? [] : [[name, found] as const];
  });
  for (const calls of CALLS.split(',').map(Number)) {
    for (let round = 0; round < Number(ROUNDS); round++) {
      for (const [name, command] of commands) {
        const figures = await measure(command, { calls, seconds, warmUpSeconds: 1.5 });
        all.push({ contender: name, calls, round, ...figures });
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
const raw = rawOf({ rounds: Number(ROUNDS), seconds, ...versions() }, all);
process.stdout.write(`${markdown(densityTable(raw))}\n`);
keepRaw(raw);
