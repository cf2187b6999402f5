import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'installed-'));
  mkdirSync(join(folder, 'bin'));
  symlinkSync(process.execPath, join(folder, 'node'));
  writeFileSync(join(folder, 'bin/voice-agent.cjs'), 'process.stdout.write(JSON.stringify(process.env))');
  const program = readFileSync('packaging/voice-agent', 'utf8')
    .replace(/^environment=.*/m, `environment='${folder}/environment'`)
    .replace(/^here=.*/m, `here='${folder}'`);
  writeFileSync(join(folder, 'voice-agent'), program);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** What a command by hand has in its environment, where the file of the installation has this in it. */
function environment(file: string, env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  writeFileSync(join(folder, 'environment'), file);
  const { stdout, stderr, status } = spawnSync('sh', [join(folder, 'voice-agent')], {
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return JSON.parse(stdout) as NodeJS.ProcessEnv;
}

// systemd.exec(5), EnvironmentFile=
it.each([
  ['a password with #', 'X=pa#ss', 'pa#ss'],
  ['spaces within and around', '  X =  a b # c  ', 'a b # c'],
  ['single quotes', String.raw`X='a"b\c $D'`, String.raw`a"b\c $D`],
  ['double quotes', String.raw`X="a'b \"c\" \$D \e" `, String.raw`a'b "c" $D \e`],
  ['quotes within', `X=a'b"c`, `a'b"c`],
  ['a backslash', String.raw`X=a\b\\c\#`, String.raw`ab\c#`],
  ['what a shell would run', 'X=$(false)`false`${PATH};false', '$(false)`false`${PATH};false'],
  ['lines in quotes, as of a key', 'X="one\ntwo\n"', 'one\ntwo\n'],
  ['a line that goes on', 'X=one \\\ntwo', 'one two'],
  ['nothing', 'X=', ''],
])('has what systemd would give the service: %s', (_, line, value) => {
  expect(environment(`# a comment\n; another\n\n${line}\nbad-name=1\nY=last`)).toMatchObject({
    X: value,
    Y: 'last',
  });
});

it('has what is in the environment already, before the file', () => {
  expect(environment('X=file\nY=file\n', { X: 'mine' })).toMatchObject({ X: 'mine', Y: 'file' });
});

it('looks for records where the file says that the service keeps them', () => {
  expect(environment('VOICE_AGENT_DATA_DIR=/srv/agent\n')['VOICE_AGENT_DATA_DIR']).toBe('/srv/agent');
  expect(environment('')).toMatchObject({
    VOICE_AGENT_DATA_DIR: '/var/lib/ari-voice-agent',
    VOICE_AGENT_CONFIG_DIR: '/etc/ari-voice-agent',
  });
});
