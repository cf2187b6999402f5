/**
 * The lab's programs that aren't Node.js (baresip, tcpdump). They run in the lab's root file system; in the
 * softphone's container (LAB_TOOLS=here) the whole system is that one already.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { spawnContained, type Place } from './contained.ts';
import { PROJECT } from './paths.ts';
import { ensureRootFs } from './root-fs.ts';

function toolsAreHere(): boolean {
  return process.env['LAB_TOOLS'] === 'here';
}

/** How a tool that was started with this `folder` sees it. */
export function asToolSees(folder: string): string {
  return toolsAreHere() ? folder : '/lab';
}

export async function spawnTool(
  command: readonly [string, ...string[]],
  options: { readonly folder?: string; readonly folderAt?: string; readonly at?: Place } = {},
): Promise<ChildProcess> {
  const [program, ...args] = command;
  if (toolsAreHere()) return spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const ROOT = await ensureRootFs();
  return spawnContained(['sh', join(PROJECT, 'docker/asterisk/run.sh'), ...command], {
    ...(options.at && { before: options.at.enter }),
    env: {
      ROOT,
      ...(options.folder !== undefined && { FOLDER: options.folder }),
      ...(options.folderAt !== undefined && { FOLDER_AT: options.folderAt }),
    },
  });
}
