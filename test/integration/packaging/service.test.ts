/** The unit and the scripts of the Debian package, by systemd's and the shell's own judgement. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder, cleanDatabases } from '../store/databases.ts';

cleanDatabases();

/** From 0 (shut) to 10 (open). */
const EXPOSURE = 2;

describe('the service', () => {
  it.each([
    ['ari-voice-agent.service', 'start'],
    ['ari-voice-agent-watchdog.service', 'watchdog'],
  ])('%s is a unit that systemd takes, and lets out little', async (name, command) => {
    const unit = readFileSync(`packaging/${name}`, 'utf8');
    expect(unit).toContain(`\nExecStart=/usr/bin/voice-agent ${command}\n`);
    const file = join(await tempFolder(), name);
    // The program isn't installed here.
    writeFileSync(file, unit.replace(/^ExecStart=\/usr\/bin\/voice-agent /m, 'ExecStart=/bin/true '));
    const verified = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    expect(verified).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const args = ['security', '--offline=true', `--threshold=${EXPOSURE * 10}`, '--no-pager', file];
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    expect(stdout).toMatch(/Overall exposure level .*: \d\.\d OK/);
    expect(status).toBe(0);
  });

  it('has time to let calls end, and isn’t started again with a wrong configuration', () => {
    const unit = readFileSync('packaging/ari-voice-agent.service', 'utf8');
    const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
    const drainMs = Number(
      /drainMs: \$\{VOICE_AGENT_DRAIN_MS:-(\d+)\}/.exec(readFileSync('config/providers.yaml', 'utf8'))?.[1],
    );
    // What app.ts gives for last words, and to close.
    expect(seconds * 1000).toBeGreaterThanOrEqual(drainMs + 15_000 + 5000);
    expect(unit).toMatch(/^RestartPreventExitStatus=78$/m);
  });

  it.each(['voice-agent', 'debian/postinst', 'debian/prerm', 'debian/postrm'])(
    'has a script %s that a shell can read',
    (name) => {
      expect(spawnSync('sh', ['-n', `packaging/${name}`], { encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      });
    },
  );
});
