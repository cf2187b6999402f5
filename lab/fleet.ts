/**
 * `make fleet`: a whole fleet on this machine, and what happens when its parts die. All of it runs in namespaces of its own
 * (network, processes, mounts), which the kernel removes with the process in them, however that ends.
 */
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endContained, spawnContained } from './contained.ts';
import { fleetSettings } from './fleet/settings.ts';
import { CACHE, PROJECT } from './paths.ts';
import { ensureRootFs } from './root-fs.ts';
import { runFolder, sweepRunFolders } from './run-folders.ts';
import { runMain } from './run-main.ts';

await runMain(async (signal) => {
  fleetSettings();
  await ensureRootFs(console.log, signal);
  const parent = process.env['FLEET_FOLDER'] ?? join(CACHE, 'fleet');
  mkdirSync(parent, { recursive: true });
  sweepRunFolders(parent);
  const folder = runFolder(parent, 'run');
  const child = spawnContained([process.execPath, join(PROJECT, 'lab/fleet/inside.ts'), folder], {
    more: ['--net', '--mount-proc'],
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...(process.env as Record<string, string>), LAB_FOLDER: join(folder, 'lab') },
  });
  const abort = (): void => {
    void endContained(child, { graceMs: 20_000 });
  };
  signal.addEventListener('abort', abort, { once: true });
  const [code] = (await once(child, 'exit')) as [number | null];
  const result = join(folder, 'fleet.json');
  if (existsSync(result)) {
    const kept = join(parent, 'fleet.json');
    copyFileSync(result, kept);
    console.log(`Raw data: ${kept}`);
  }
  if (code === 0) rmSync(folder, { recursive: true, force: true });
  else {
    console.log(`Logs: ${folder} (until the next run)`);
    process.exitCode = 1;
  }
});
