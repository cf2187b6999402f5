import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** The program's own `node --require`, in a Node.js that says that it is another one. */
function run(version: string) {
  const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`;
  const code = `await import("${pretend}"); (await import('node:module')).createRequire(import.meta.url)('./src/node-version.cjs')`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' });
}

it.each(['18.20.4', '20.20.2', '22.17.1'])('an older Node.js, %s, is told what is needed', (version) => {
  const { status, stderr, stdout } = run(version);
  expect({ status, stdout }).toEqual({ status: 78, stdout: '' });
  expect(stderr).toMatch(
    new RegExp(`^ari-voice-agent needs Node.js 22\\.18 or newer, and this is ${version}\\. [^\\n]+\\n$`),
  );
});

it.each(['22.18.0', '24.1.0'])('%s goes on', (version) => {
  expect(run(version)).toMatchObject({ status: 0, stderr: '' });
});

it('is asked by every command', () => {
  const { scripts, engines } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  const commands = Object.values(scripts ?? {}).filter((command) => command.startsWith('node '));
  expect(commands.length).toBeGreaterThan(2);
  for (const command of commands)
    expect(command).toMatch(
      /^node (?:--max-semi-space-size=\d+ )?--require \.\/src\/node-version\.cjs src\//,
    );
  expect(engines?.node).toBe('>=22.18');
});
