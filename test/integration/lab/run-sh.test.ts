/** lab/run.sh, behind every make target: what it says to somebody who can't use it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const NOBODY = '65534';
let folder: string;

beforeEach(() => {
  // A clone that everybody can read, and only its owner can write.
  folder = mkdtempSync(join(tmpdir(), 'run-sh-'));
  mkdirSync(join(folder, 'lab'));
  cpSync('lab/run.sh', join(folder, 'lab/run.sh'));
  for (const path of ['.', 'lab', 'lab/run.sh']) chmodSync(join(folder, path), 0o755);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Status and output of `lab/run.sh …`, run by somebody without any rights. */
function runAsNobody(...args: string[]): [number | null, string] {
  const root = process.getuid?.() === 0;
  const drop = root ? ['setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--'] : [];
  if (!root) chmodSync(folder, 0o555);
  const [program = '', ...rest] = [...drop, 'sh', join(folder, 'lab/run.sh'), ...args];
  const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8', timeout: 10_000 });
  chmodSync(folder, 0o755);
  return [status, stdout + stderr];
}

describe('lab/run.sh tells in one sentence', () => {
  it('somebody who isn’t root that the lab needs that', () => {
    expect(runAsNobody('--lab', 'lab/demo.ts')).toEqual([
      1,
      'The lab runs an Asterisk in a root file system of its own, which only root may: run it with sudo, or as root.\n',
    ]);
  });

  it.each(['missing', 'there'])(
    'somebody who can’t write into a .cache that is %s whose folder it is',
    (cache) => {
      if (cache === 'there') mkdirSync(join(folder, '.cache/log'), { recursive: true, mode: 0o555 });
      expect(runAsNobody('lab/test.ts', 'check')).toEqual([
        1,
        `${folder}/.cache can't be written to: run it as the owner of this folder.\n`,
      ]);
    },
  );
});
