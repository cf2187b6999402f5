/** The files under docker/ as they stand: Dockerfiles, shell scripts, compose.yaml. */
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { compose, docker, needDocker } from './docker.ts';
import { expectThat } from './docker-checks.ts';
import type { Checks } from './docker-checks.ts';
import { IMAGES } from './docker-images.ts';
import type { Stack } from './docker-test-stack.ts';
import { PROJECT } from './paths.ts';

export async function testFiles(checks: Checks, stack: Stack): Promise<void> {
  await checks.that('the Dockerfiles pass a linter', async () => {
    const linters = ['dockerfile-utils'];
    // BuildKit's own checks came with buildx 0.15.
    const buildx = /v?(\d+)\.(\d+)/.exec((await docker(['buildx', 'version'])).stdout);
    const engine = Number(
      (await docker(['version', '--format', '{{.Server.Version}}'])).stdout.split('.')[0],
    );
    const checker = engine >= 27 && Number(buildx?.[1] ?? 0) * 100 + Number(buildx?.[2] ?? 0) >= 15;
    for (const image of IMAGES) {
      const path = join(PROJECT, 'docker', image, 'Dockerfile');
      const found = validate(readFileSync(path, 'utf8')).map(({ message }) => JSON.stringify(message));
      expectThat(found.length === 0, `${image}: ${found.join('; ')}`);
      const hadolint = await tryRun('hadolint', ['--config', join(PROJECT, 'docker/hadolint.yaml'), path]);
      expectThat(hadolint === undefined || hadolint.status === 0, hadolint?.said ?? '');
      if (hadolint) linters.push('hadolint');
      if (!checker) continue;
      const check = await docker(['build', '--check', '--file', path, PROJECT], { timeoutMs: 60_000 });
      expectThat(check.status === 0, check.all.trim().split('\n').slice(-6).join(' '));
      linters.push('docker build --check');
    }
    return [...new Set(linters)].join(', ');
  });
  await checks.that('the shell scripts, and what the Dockerfiles run, pass shellcheck', async () => {
    const scripts = ['docker', 'lab'].flatMap((folder) =>
      readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.sh'))
        .map((name) => join(PROJECT, folder, name)),
    );
    const whole = await tryRun('shellcheck', scripts);
    if (whole === undefined) return 'left out: there is no shellcheck here';
    expectThat(whole.status === 0, whole.said);
    const commands = IMAGES.flatMap(runCommands);
    for (const command of commands) {
      const one = await tryRun('shellcheck', ['--shell=sh', '-'], command);
      expectThat(one?.status === 0, one?.said ?? '');
    }
    return `${scripts.length} scripts, ${commands.length} commands`;
  });
  await checks.that('docker compose finds compose.yaml valid, with all profiles', async () => {
    await stack.need('--profile', '*', 'config', '--quiet');
    const overlay = join(PROJECT, 'docker/compose.vonage.yaml');
    const { stdout } = await docker(compose('--file', overlay, 'config', '--format', 'json'), {
      env: { ...stack.variables, VONAGE_PUBLIC_URL: 'https://voice.example.com' },
    });
    const { services } = JSON.parse(stdout) as Configured;
    const port = services['voice-agent']?.ports.find(({ target }) => target === 8089);
    expectThat(port?.host_ip === '127.0.0.1', 'Vonage’s port isn’t published on loopback');
    expectThat(services['voice-agent']?.secrets.length === 5, 'not all keys are given as secrets');
    return (await needDocker(['compose', 'version'])).trim();
  });
  await checks.that('docker compose finds compose.fleet.yaml valid, and asks for its trunks', async () => {
    const config = ['compose', '--file', join(PROJECT, 'docker/compose.fleet.yaml'), 'config', '--quiet'];
    await needDocker(config, { env: { ...stack.variables, TRUNKS: 'sip:198.51.100.7' } });
    const without = await docker(config, { env: { ...stack.variables, TRUNKS: '' } });
    expectThat(/From which SIP addresses do calls come\?/.test(without.all), without.all);
    return undefined;
  });
}

/** The part of what compose makes of its files that is read. */
interface Configured {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly ports: readonly { readonly target: number; readonly host_ip?: string }[];
        readonly secrets: readonly unknown[];
      }
    >
  >;
}

/** What the RUN instructions of an image's Dockerfile give to the shell. */
function runCommands(image: (typeof IMAGES)[number]): string[] {
  const text = readFileSync(join(PROJECT, 'docker', image, 'Dockerfile'), 'utf8');
  return [...text.matchAll(/^RUN ((?:.*\\\n)*.*)$/gm)].map(([, command = '']) => command);
}

/** Undefined: there is no such program. */
function tryRun(
  file: string,
  args: readonly string[],
  input = '',
): Promise<{ status: number; said: string } | undefined> {
  // Of an engine of our own, its packages' libraries.
  const LD_LIBRARY_PATH = process.env['IPTABLES_LIBRARY'];
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env: { ...process.env, ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }) } },
      (error, stdout, stderr) => {
        if (error?.code === 'ENOENT') resolve(undefined);
        else resolve({ status: error ? 1 : 0, said: `${stdout}${stderr}`.trim() });
      },
    );
    child.stdin?.on('error', () => undefined).end(input);
  });
}
