/** The one command, as it is installed: bin/voice-agent.cjs. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands.ts';

function voiceAgent(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const env = { PATH: process.env['PATH'], ARI_PASSWORD: 'secret', ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/voice-agent.cjs', ...args], {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

describe('voice-agent', () => {
  it('has help for all its commands and for each, on stdout', () => {
    const all = voiceAgent(['help']);
    expect(all).toMatchObject({ status: 0, stderr: '' });
    for (const name of Object.keys(COMMANDS)) expect(all.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    expect(voiceAgent([])).toEqual({ status: 64, stdout: '', stderr: all.stdout });
    const one = voiceAgent(['check', '--help']);
    expect(one).toEqual(voiceAgent(['help', 'check']));
    expect(one.stdout).toMatch(/^usage: voice-agent check \[--json\]\n/);
  });

  it.each([
    ['chek', 'did you mean "check"?'],
    ['start now', 'see: voice-agent help start'],
    ['check it', 'see: voice-agent help check'],
    ['version --all', 'see: voice-agent help version'],
    ['doctor --bogus', 'see: voice-agent help doctor'],
    ['watchdog now', 'see: voice-agent help watchdog'],
    ['call 4711', 'see: voice-agent help call'],
    ['call 4711 --agent alice --bogus', 'see: voice-agent help call'],
    ['calls --bogus', 'usage: voice-agent calls ['],
    ['messages --bogus', 'usage: voice-agent messages ['],
    ['health --bogus', 'usage: voice-agent health ['],
  ])('doesn’t understand "%s", and says so (64, as sysexits.h has it)', (line, said) => {
    const { status, stdout, stderr } = voiceAgent(line.split(' '));
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toContain(said);
  });

  it('ends with 78 for a wrong configuration, which it says in words or as JSON', () => {
    const wrong = voiceAgent(['check'], { ARI_PASSWORD: '' });
    expect(wrong).toMatchObject({ status: 78, stdout: '' });
    expect(wrong.stderr).toContain('ARI_PASSWORD');
    const forPrograms = voiceAgent(['check', '--json'], { ARI_PASSWORD: '' });
    expect(forPrograms).toMatchObject({ status: 78, stderr: '' });
    expect(JSON.parse(forPrograms.stdout)).toMatchObject({ ok: false, code: 'CONFIG_INVALID' });
    for (const line of ['start', 'watchdog', 'call 4711 --agent alice'])
      expect(voiceAgent(line.split(' '), { ARI_PASSWORD: '' }).status).toBe(78);
  });

  it('says what a right configuration comes to, and no secret', () => {
    const { status, stdout, stderr } = voiceAgent(['check']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^510001: alice, en; vad silero; stt pocketsphinx; llm receptionist; tts flite$/m);
    const json = voiceAgent(['check', '--json']).stdout;
    expect(JSON.parse(json)).toMatchObject({ ok: true, agents: [{ id: 'alice' }, { id: 'tom' }] });
    expect(stdout + json).not.toContain('secret');
  });

  it('reads records and messages under its own name', () => {
    const data = ['--data', '/nowhere'];
    expect(voiceAgent(['calls', ...data])).toMatchObject({
      status: 0,
      stdout: 'no calls in /nowhere/records.sqlite\n',
    });
    expect(voiceAgent(['messages', '--json', ...data])).toMatchObject({ status: 0, stdout: '[]\n' });
    expect(voiceAgent(['messages', 'done', 'x', ...data]).status).toBe(1);
  });

  it('gives a program nothing but what it asked for, where nothing is kept', () => {
    const asked = (line: string) => voiceAgent([...line.split(' '), '--data', '/nowhere']);
    const found = asked('calls search clinic --json');
    expect({ ...found, stdout: JSON.parse(found.stdout) as unknown }).toEqual({
      status: 0,
      stdout: { calls: [], messages: [] },
      stderr: '',
    });
    expect(asked('calls show x --json')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'no calls in /nowhere/records.sqlite\n',
    });
    expect(asked('calls export --format csv').stdout).toMatch(/^began,call,[a-z_,]+\n$/);
  });

  it('says its version, also of an agent that isn’t there, and that nobody answers', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(JSON.parse(voiceAgent(['version', '--json']).stdout)).toEqual({
      version,
      node: process.versions.node,
    });
    expect(voiceAgent(['--version']).stdout).toContain(version);
    const health = voiceAgent(['health', '--url', 'http://127.0.0.1:1']);
    expect(health.status).toBe(1);
    expect(health.stdout).toMatch(/^no answer from /);
    const forPrograms = voiceAgent(['health', '--json', '--url', 'http://127.0.0.1:1']);
    expect(JSON.parse(forPrograms.stdout)).toMatchObject({ ready: false, error: health.stdout.trim() });
  });
});
