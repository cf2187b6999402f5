/** The images that come of the files under docker/. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { docker, needDocker } from './docker.ts';
import type { Ran, Variables } from './docker.ts';
import { expectThat } from './docker-checks.ts';
import type { Checks } from './docker-checks.ts';
import { IMAGES, builtAsteriskVersion, imageBytes, imageName } from './docker-images.ts';
import type { Stack } from './docker-test-stack.ts';
import { PROJECT } from './paths.ts';

export async function testImages(checks: Checks, stack: Stack, standIns: boolean): Promise<void> {
  const built = await checks.that('the images are built', async () => {
    const begun = Date.now();
    await stack.build();
    const sizes = await Promise.all(
      IMAGES.map(async (image) => `${image} ${Math.round((await imageBytes(imageName(image))) / 1e6)} MB`),
    );
    const bases = standIns ? 'bases of our own making' : 'the registry’s bases';
    return `${sizes.join(', ')}; ${bases}; ${Math.round((Date.now() - begun) / 1000)} s`;
  });
  if (!built) return;
  await checks.that(
    'Asterisk’s image names the version in it: its label, a file, and Asterisk itself',
    async () => {
      const format = '{{index .Config.Labels "org.asterisk.version"}}';
      const image = imageName('asterisk');
      const label = (await needDocker(['image', 'inspect', '--format', format, image])).trim();
      const run = ['run', '--rm', '--network', 'none', '--entrypoint', 'asterisk', image, '-V'];
      const itself = (await needDocker(run)).trim().replace(/^Asterisk /, '');
      const told = [label, await builtAsteriskVersion(), itself];
      expectThat(/^22\./.test(itself) && new Set(told).size === 1, `they say ${told.join(', ')}`);
      return label;
    },
  );
  await checks.that('an Asterisk that phones and agents can’t reach isn’t healthy', async () => {
    // Without set-up's files it starts, and listens to nobody.
    const folders = ['/run/asterisk', '/var/lib/asterisk', '/var/cache/asterisk', '/var/spool/asterisk'];
    const tmpfs = folders.flatMap((folder) => ['--tmpfs', `${folder}:uid=10002,gid=10002`]);
    const args = ['--rm', '--detach', '--network', 'none', ...tmpfs, imageName('asterisk')];
    const id = (await needDocker(['run', ...args])).trim();
    try {
      const inside = (...command: string[]): Promise<Ran> => docker(['exec', id, ...command]);
      for (
        let tries = 1;
        (await inside('asterisk', '-rx', 'core waitfullybooted')).status !== 0;
        tries += 1
      ) {
        expectThat(tries < 30, 'it didn’t start');
        await sleep(500);
      }
      const { status, stdout } = await inside('sh', '/usr/local/lib/voice-agent/health.sh');
      expectThat(status === 1, `its health check ends with ${status}`);
      return stdout.trim();
    } finally {
      await docker(['rm', '--force', id]);
    }
  });
  await checks.that('no image runs as root', async () => {
    for (const image of IMAGES) {
      const user = await needDocker(['image', 'inspect', '--format', '{{.Config.User}}', imageName(image)]);
      expectThat(/^1000\d:1000\d$/.test(user.trim()), `${image} runs as "${user.trim()}"`);
    }
    return undefined;
  });
  await checks.that(
    'a clone that only its owner can read makes images that everybody in them can',
    async () => {
      const clone = mkdtempSync(join(tmpdir(), 'ari-voice-agent-clone-'));
      try {
        const ignore = readFileSync(join(PROJECT, '.dockerignore'), 'utf8');
        const names = [...ignore.matchAll(/^!([^/\n]+)/gm)].map(([, name = '']) => name);
        for (const name of new Set(['.dockerignore', ...names]))
          cpSync(join(PROJECT, name), join(clone, name), { recursive: true });
        await promisify(execFile)('chmod', ['-R', 'go=', clone]);
        for (const image of IMAGES) {
          const unreadable = await unreadableFiles(image, clone, stack.variables);
          expectThat(unreadable === '', `${image}: ${unreadable.split('\n').slice(0, 4).join(' ')}`);
        }
      } finally {
        rmSync(clone, { recursive: true, force: true });
      }
      return undefined;
    },
  );
  await checks.that(
    'the agent’s image has no compiler, no npm, and native code for one platform only',
    async () => {
      const script =
        'for tool in gcc cc make g++ npm python3; do ! command -v $tool || exit 1; done; ' +
        'cd /app/node_modules/onnxruntime-node/bin/napi-v6 && ls -d */* && dpkg-query -W | wc -l';
      const image = imageName('agent');
      const { status, all } = await docker([
        'run',
        '--rm',
        '--network',
        'none',
        '--entrypoint',
        'sh',
        image,
        '-c',
        script,
      ]);
      const [platform = '', packages = '', ...more] = all.trim().split('\n');
      expectThat(status === 0 && /^linux\/\w+$/.test(platform) && more.length === 0, all.trim());
      return `${platform}; ${packages} Debian packages`;
    },
  );
}

/** Of the files that an image takes from a clone: those that not everybody could read. */
async function unreadableFiles(
  image: (typeof IMAGES)[number],
  clone: string,
  { AGENT_DEBIAN_IMAGE, ASTERISK_DEBIAN_IMAGE }: Variables,
): Promise<string> {
  const base = image === 'agent' ? AGENT_DEBIAN_IMAGE : ASTERISK_DEBIAN_IMAGE;
  const id = await needDocker([
    ...['build', '--quiet', '--target', 'files', '--file', join(clone, 'docker', image, 'Dockerfile')],
    ...(base === undefined ? [] : ['--build-arg', `DEBIAN_IMAGE=${base}`]),
    clone,
  ]);
  const find = ['find', '/files', '!', '-perm', '-o=r', '-o', '-type', 'd', '!', '-perm', '-o=x'];
  try {
    return (await needDocker(['run', '--rm', '--network', 'none', id.trim(), ...find])).trim();
  } finally {
    await docker(['image', 'rm', id.trim()]);
  }
}
