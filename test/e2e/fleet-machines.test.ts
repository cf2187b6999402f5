/** A short form of `make fleet`: the same code, with few calls. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it } from 'vitest';
import { labFolder, PROJECT } from '../../lab/paths.ts';
import type { Finding } from '../../lab/fleet/report.ts';
import { runFolder } from '../../lab/run-folders.ts';
import { report } from '../support/running-agent.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function startFleet(): { child: ChildProcess; folder: string; lines: string[] } {
  const folder = runFolder(labFolder(), 'fleet');
  folders.push(folder);
  const child = spawn(process.execPath, [join(PROJECT, 'lab/fleet.ts')], {
    cwd: PROJECT,
    env: { ...process.env, SHORT: '1', FLEET_FOLDER: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
    lines.push(line);
    report(line);
  });
  return { child, folder, lines };
}

/** Programs that have `folder` in their command line or environment. */
function programsOf(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return ['cmdline', 'environ'].some((file) =>
        readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(folder),
      );
    } catch {
      return false; // It has ended meanwhile.
    }
  });
}

describe('A fleet', () => {
  it(
    'shares calls out, loses none when a node dies, and none when all are started anew',
    { timeout: 180_000 },
    async () => {
      const { child, folder, lines } = startFleet();
      const [status] = (await once(child, 'exit')) as [number | null];
      const { findings } = JSON.parse(readFileSync(join(folder, 'fleet.json'), 'utf8')) as {
        findings: Finding[];
      };
      expect(findings.filter(({ passed }) => passed === false)).toEqual([]);
      const parts = new Set(findings.filter(({ passed }) => passed).map(({ part }) => part));
      expect([...parts].sort()).toEqual(['entry', 'node-killed', 'rolling-drain', 'spread']);
      expect([status, lines.length > 0]).toEqual([0, true]);
      // Its logs and data are gone, too.
      expect(readdirSync(folder)).toEqual(['fleet.json']);
      expect(programsOf(folder)).toEqual([]);
    },
  );

  it('leaves nothing when it is killed', async () => {
    const { child, folder } = startFleet();
    await once(createInterface(child.stdout as NodeJS.ReadableStream), 'line');
    expect(programsOf(folder)).not.toEqual([]);
    child.kill('SIGKILL');
    await expect.poll(() => programsOf(folder), { timeout: 5000 }).toEqual([]);
  });
});
