/** Whatever ends the lab, nothing of it stays. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { PROJECT } from '../../lab/paths.ts';
import { isPortFree } from '../../lab/ports.ts';

const PROGRAM = `
const { NativeAsterisk } = await import('./lab/asterisk.ts');
const { Softphone } = await import('./lab/softphone.ts');
const asterisk = await NativeAsterisk.start();
const { softphone1 } = asterisk.secrets;
const phone = await Softphone.start({ server: asterisk, account: 'softphone1', password: softphone1 });
await phone.dial('600');
console.log(JSON.stringify({ sipPort: asterisk.sipPort, httpPort: asterisk.httpPort }));
`;

/** All processes that come from `pid`, by their parents. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const child = Number(name);
    if (!Number.isInteger(child)) continue;
    try {
      const stat = readFileSync(`/proc/${child}/stat`, 'utf8');
      parents.set(child, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found.slice(1);
}

it('leaves no process and no port when it is killed with -9 in the middle of a call', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { sipPort, httpPort } = JSON.parse(line) as { sipPort: number; httpPort: number };
  const pids = descendants(child.pid ?? 0);
  expect(pids.length).toBeGreaterThan(5);
  expect(await isPortFree('udp', '127.0.0.1', sipPort)).toBe(false);

  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;

  await expect.poll(() => pids.filter((pid) => existsSync(`/proc/${pid}`)), { timeout: 5000 }).toEqual([]);
  expect(await isPortFree('udp', '127.0.0.1', sipPort)).toBe(true);
  expect(await isPortFree('tcp', '127.0.0.1', httpPort)).toBe(true);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(join(PROJECT, '.cache'));
});
