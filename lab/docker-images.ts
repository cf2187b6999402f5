/** `make image`: builds the images, and says what came of it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compose, docker, dockerHere, needDocker, needEngine } from './docker.ts';
import type { Variables } from './docker.ts';
import { composeEnvironment } from './docker-variables.ts';
import { PROJECT } from './paths.ts';
import { runMain } from './run-main.ts';
import { table } from './show.ts';
import { UserError } from './user-error.ts';

export const IMAGES = ['agent', 'asterisk', 'softphone'] as const;

export function imageName(image: (typeof IMAGES)[number]): string {
  return `ari-voice-agent/${image}:${composeEnvironment()['VOICE_AGENT_TAG'] ?? 'latest'}`;
}

/** What the images' labels say of this source. */
function sourceVersion(): { VOICE_AGENT_VERSION: string; VOICE_AGENT_REVISION: string } {
  const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
  let revision = 'unknown';
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, {
        cwd: PROJECT,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    revision = git('rev-parse', 'HEAD');
    if (git('status', '--porcelain') !== '') revision += '-changed';
  } catch {
    // Not a clone.
  }
  return { VOICE_AGENT_VERSION: version, VOICE_AGENT_REVISION: revision };
}

/**
 * Builds all images; what the builders say is shown, or kept for the case of a failure. Asterisk's is built twice,
 * the second time from the cache: only then is it known which version its label shall name. Returns the variables that
 * it was done with. Throws UserError.
 */
export async function buildImages(
  env: Variables = {},
  options: { readonly signal?: AbortSignal; readonly quiet?: boolean } = {},
): Promise<Variables> {
  const { signal, quiet } = options;
  const labels: Variables = sourceVersion();
  const build = async (services: readonly string[], more: Variables): Promise<void> => {
    const args = compose('--profile', 'demo', 'build', ...services);
    const settings = { env: { ...labels, ...env, ...more }, ...(signal && { signal }) };
    // Where everything is in the cache, older engines may be done before compose has asked how it goes ("no such
    // job"): what was built then counts.
    for (let tries = 1; ; tries += 1) {
      const { status, all } = quiet
        ? await docker(args, settings)
        : { status: await dockerHere(args, settings), all: '' };
      if (status === 0) return;
      if (tries === 2 || signal?.aborted) {
        throw new UserError(
          `The images could not be built: ${quiet ? all.slice(-2000) : 'the reason stands above.'}`,
        );
      }
    }
  };
  await build(['asterisk', 'voice-agent', 'softphone'], {});
  const version = { ASTERISK_VERSION: await builtAsteriskVersion() };
  await build(['asterisk'], version);
  return { ...labels, ...version };
}

/** Of the Asterisk in the image, as `asterisk -V` told it while that was built, without the word. */
export async function builtAsteriskVersion(): Promise<string> {
  const file = '/usr/local/lib/voice-agent/asterisk-version';
  const image = imageName('asterisk');
  const said = await needDocker(['run', '--rm', '--network', 'none', '--entrypoint', 'cat', image, file]);
  return said.trim().replace(/^Asterisk /, '');
}

/** Bytes, as the engine counts them (unpacked, all layers). */
export async function imageBytes(image: string): Promise<number> {
  return Number(await needDocker(['image', 'inspect', '--format', '{{.Size}}', image]));
}

if (process.argv[1] === import.meta.filename) {
  await runMain(async (signal) => {
    await needEngine('run without containers: make demo, make lab');
    await buildImages({}, { signal });
    const rows = await Promise.all(
      IMAGES.map(async (image) => [imageName(image), Math.round((await imageBytes(imageName(image))) / 1e6)]),
    );
    console.log(`\n${table(['image', 'MB'], rows)}\nAsterisk ${await builtAsteriskVersion()}`);
  });
}
