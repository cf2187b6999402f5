import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../../../lab/paths.ts';

/** What make would run, or why it runs nothing. */
function dryRun(...settings: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('make', ['--dry-run', 'demo', ...settings], {
    cwd: PROJECT,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return { status, text: stdout + stderr };
}

describe('make demo', () => {
  it.each([
    [[], 'lab/demo.ts'],
    [['GATEWAY=rtp'], 'lab/demo.ts'],
    [['GATEWAY=vonage'], 'lab/vonage-demo.ts'],
    [['LAB=docker'], 'lab/docker-demo.ts'],
    [['LAB=docker', 'GATEWAY=rtp'], 'lab/docker-demo.ts'],
  ])('with %j runs %s', (settings, program) => {
    expect(dryRun(...settings)).toMatchObject({
      status: 0,
      text: expect.stringContaining(program) as string,
    });
  });

  it.each([
    [['GATEWAY=pigeon'], 'GATEWAY=pigeon is not known'],
    [['GATEWAY=vonage', 'LAB=docker'], 'GATEWAY=vonage runs without containers'],
  ])('with %j says what is wrong', (settings, why) => {
    expect(dryRun(...settings)).toMatchObject({ status: 2, text: expect.stringContaining(why) as string });
  });
});
