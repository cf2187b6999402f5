/** What tells a run of the lab that goes on from one that was killed, its number having gone to another process. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runFolder, sweepRunFolders } from '../../lab/run-folders.ts';
import type * as runningLab from '../../lab/running-lab.ts';

const ANOTHER_WITH_OUR_NUMBER = `${process.pid}:1`;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lab-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('A folder of one run', () => {
  it('stays while that run goes on, and is swept when it was killed', () => {
    const mine = [runFolder(folder, 'phone'), runFolder(folder, 'phone')];
    for (const name of [
      `phone-${ANOTHER_WITH_OUR_NUMBER}-1`,
      'unfinished-999999999:5-2',
      'log',
      'phone-1-1',
    ]) {
      mkdirSync(join(folder, name));
    }
    sweepRunFolders(folder);
    expect(
      readdirSync(folder)
        .map((name) => join(folder, name))
        .sort(),
    ).toEqual([...mine, join(folder, 'log'), join(folder, 'phone-1-1')].sort());
    sweepRunFolders(join(folder, 'nowhere'));
  });
});

describe('A lab', () => {
  let lab: typeof runningLab;
  const about = { host: '127.0.0.1', sipPort: 5060, httpPort: 8088, agentLog: '/nowhere' };

  beforeEach(async () => {
    vi.stubEnv('LAB_FOLDER', folder);
    vi.resetModules();
    lab = await import('../../lab/running-lab.ts');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('is found, and the only one, until it withdraws', () => {
    expect(() => lab.needRunningLab()).toThrow('No lab is running');
    const withdraw = lab.announceLab(about);
    expect(lab.needRunningLab()).toMatchObject(about);
    expect(() => lab.announceLab(about)).toThrow(`A lab is running already (process ${process.pid})`);
    withdraw();
    expect(() => lab.needRunningLab()).toThrow('No lab is running');
  });

  it('is not mistaken for another process that has the pid of a killed lab', () => {
    writeFileSync(join(folder, 'running.json'), JSON.stringify({ ...about, run: ANOTHER_WITH_OUR_NUMBER }));
    expect(() => lab.needRunningLab()).toThrow('No lab is running');
    lab.announceLab(about)();
  });
});
