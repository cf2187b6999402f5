/** What the doctor says of a machine: the program itself, where this one is made worse for it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { PROJECT } from '../../../lab/paths.ts';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { LoopDisk } from '../../support/loop-disk.ts';

const IS_ROOT = process.getuid?.() === 0;
/** In a container that may make no mounts, nothing of the machine can be made worse for one program. */
const MAY_MOUNT = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/run']).status === 0;

/** Run by `under`, a program that takes something away; without an Asterisk, which is none of this. */
function doctor(
  under: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Finding[] {
  const args = [process.execPath, 'bin/voice-agent.cjs', 'doctor', '--json'];
  const env = { PATH: process.env['PATH'], ARI_URL: 'http://127.0.0.1:1', ARI_PASSWORD: 'x', ...environment };
  const { stdout } = spawnSync('env', [...under, ...args], { cwd: PROJECT, env, encoding: 'utf8' });
  return (JSON.parse(stdout) as { findings: Finding[] }).findings;
}

/** What is said of it, and what to do. */
function about(findings: readonly Finding[], text: RegExp): Partial<Finding> {
  return findings.find((finding) => text.test(finding.text)) ?? {};
}

describe('the doctor, of a machine', () => {
  it('says which Node.js runs, what the kernel allows, and that a data folder can’t be written to', () => {
    const findings = doctor([], { VOICE_AGENT_DATA_DIR: '/proc/data' });
    expect(about(findings, /^Node\.js \d+\.\d+/)).toMatchObject({ state: 'ok' });
    expect(about(findings, /^net\.core\.rmem_max is \d+/).state).toMatch(/ok|warning/);
    expect(about(findings, /can't be written to/)).toMatchObject({
      state: 'bad',
      remedy: expect.stringContaining('VOICE_AGENT_DATA_DIR') as string,
    });
    // Whatever isn't well has a remedy.
    expect(findings.filter(({ state, remedy }) => state !== 'ok' && remedy === undefined)).toEqual([]);
  });

  it.skipIf(!IS_ROOT)('says that media may not run in real time, and that few files may be open', () => {
    const findings = doctor([
      'setpriv',
      '--bounding-set',
      '-sys_nice',
      'prlimit',
      '--nofile=1000',
      '--rtprio=0',
    ]);
    expect(about(findings, /real time/)).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('CAP_SYS_NICE') as string,
    });
    expect(about(findings, /only 1000 files/)).toMatchObject({ state: 'warning' });
  });

  it.skipIf(!MAY_MOUNT)('says that the kernel’s buffers are small, and that nothing keeps the clock', () => {
    const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    // As most systems have it (Debian's default), and without any time service's files.
    writeFileSync(join(folder, 'rmem_max'), '212992\n');
    const mounts = `mount --bind ${folder}/rmem_max /proc/sys/net/core/rmem_max && mount -t tmpfs none /run`;
    const findings = doctor(['unshare', '--mount', 'sh', '-c', `${mounts} && exec "$@"`, 'sh']);
    expect(about(findings, /^net\.core\.rmem_max is 212992/)).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('net.core.rmem_max=4194304') as string,
    });
    expect(about(findings, /nothing seems to keep the clock right/)).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('systemd-timesyncd') as string,
    });
  });

  describe.skipIf(!LoopDisk.possible)('whose disk is small', () => {
    let disk: LoopDisk;
    beforeAll(() => {
      disk = LoopDisk.make();
    });
    afterAll(() => {
      disk.close();
    });

    it('says so, that it is full, and that it can’t be written to any more', () => {
      const folder = { VOICE_AGENT_DATA_DIR: disk.folder };
      expect(about(doctor([], folder), /can be written to; 0\.0 GB are free/)).toMatchObject({
        state: 'warning',
        remedy: expect.stringContaining('keepDays') as string,
      });
      expect(() => {
        writeFileSync(join(disk.folder, 'all of it'), Buffer.alloc(64 * 1024 * 1024));
      }).toThrow(/ENOSPC/);
      expect(about(doctor([], folder), /can't be written to: ENOSPC/)).toMatchObject({
        state: 'bad',
        remedy: expect.stringContaining('free') as string,
      });
      rmSync(join(disk.folder, 'all of it'));
      disk.fail();
      expect(about(doctor([], folder), /can't be written to: EROFS/)).toMatchObject({ state: 'bad' });
    });
  });
});
