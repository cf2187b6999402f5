/** The unit and the scripts of the Debian package, by systemd's and the shell's own judgement. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeUnit } from '../../../packaging/stage.ts';
import { tempFolder, cleanDatabases } from '../store/databases.ts';

cleanDatabases();

/** From 0 (shut) to 10 (open). */
const EXPOSURE = 2;

describe('the service', () => {
  it.each([
    ['ari-voice-agent.service', 'start'],
    ['ari-voice-agent-watchdog.service', 'watchdog'],
    ['ari-voice-agent@.service', 'start'],
    ['ari-voice-agent-watchdog@.service', 'watchdog'],
  ])('%s is a unit that systemd takes, and lets out little', async (name, command) => {
    const own = readFileSync(`packaging/${name.replace('@', '')}`, 'utf8');
    const unit = name.includes('@') ? nodeUnit(own) : own;
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

  it.each(['ari-voice-agent', 'ari-voice-agent-watchdog'])(
    '%s@ names its node, with data and settings of its own',
    (name) => {
      const plain = readFileSync(`packaging/${name}.service`, 'utf8').split('\n');
      const added = nodeUnit(plain.join('\n'))
        .split('\n')
        .filter((line) => !plain.includes(line));
      expect(added).toEqual([
        expect.stringMatching(/^Description=.*, node %i$/),
        'Environment=VOICE_AGENT_NODE=%i VOICE_AGENT_DATA_DIR=/var/lib/ari-voice-agent/nodes/%i',
        // Later ones count: a node's own settings before those of all.
        'EnvironmentFile=-/etc/ari-voice-agent/nodes/%i',
        ...(name.endsWith('watchdog')
          ? []
          : ['TimeoutStopSec=900', 'StateDirectory=ari-voice-agent/nodes/%i']),
      ]);
    },
  );

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
