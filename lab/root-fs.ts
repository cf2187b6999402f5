/**
 * The Debian root file system that holds Asterisk, the softphone and their tools. Made once, kept in
 * `.cache`, named after its list of packages. `node lab/root-fs.ts` makes it and says where it is.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CACHE, PROJECT } from './paths.ts';
import { needRoot, spawnContained } from './contained.ts';
import { UserError } from './user-error.ts';

const LOCK = join(CACHE, 'asterisk-rootfs.lock');
const RECIPE = join(PROJECT, 'docker/asterisk');

/** What mmdebstrap says, and what that means to somebody who waits. */
const STAGES: readonly [RegExp, string][] = [
  [/^I: downloading packages/, 'downloading Debian packages'],
  [/^I: extracting archives/, 'unpacking the base system'],
  [/^I: installing essential/, 'setting up the base system'],
  [/^I: installing remaining/, 'downloading and installing Asterisk, a softphone and their tools'],
  [/^I: cleaning package lists/, 'tidying up'],
];

/** The packages, one a line, without comments. */
export function parsePackages(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .sort();
}

export function rootFsPath(): string {
  const lists = ['asterisk', 'kamailio', 'softphone'].map((part) =>
    join(PROJECT, 'docker', part, 'packages.txt'),
  );
  const packages = parsePackages(lists.map((path) => readFileSync(path, 'utf8')).join('\n'));
  const hash = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 12);
  return join(CACHE, `asterisk-rootfs-${hash}`);
}

/**
 * Makes the root file system if it isn't there, and returns its path. Two that begin at once make it
 * once. What an interrupted run left half-made is removed. Throws UserError.
 */
export async function ensureRootFs(
  say: (line: string) => void = () => undefined,
  signal?: AbortSignal,
): Promise<string> {
  const path = rootFsPath();
  if (existsSync(path)) {
    if (existsSync(`${path}.building`)) sweep(`${path}.building`);
    return path;
  }
  needRoot();
  needTools();
  mkdirSync(join(CACHE, 'log'), { recursive: true });
  const logPath = join(CACHE, 'log/asterisk-rootfs.log');
  const building = `${path}.building`;
  say('Building the root file system with Asterisk 22 (once; about a minute)');

  const script = [
    'set -eu',
    'if [ -d "$FINAL" ]; then exit 0; fi',
    'rm -rf --one-file-system "$BUILDING"',
    'sh "$RECIPE/root-fs.sh" "$BUILDING"',
    'mv "$BUILDING" "$FINAL"',
  ].join('\n');
  const begun = Date.now();
  // flock --no-fork: the lock lives as long as the process that holds it, not a moment longer.
  const child = spawnContained(['sh', '-c', script], {
    before: ['flock', '--no-fork', LOCK],
    env: {
      FINAL: path,
      BUILDING: building,
      RECIPE,
      ...environmentOf('MIRROR', 'SUITE', 'http_proxy', 'https_proxy', 'no_proxy'),
    },
  });
  const abort = (): void => {
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', abort, { once: true });
  const log = createWriteStream(logPath);
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface(stream).on('line', (line) => {
      log.write(`${line}\n`);
      last.push(line);
      if (last.length > 200) last.shift();
      const stage = STAGES.find(([pattern]) => pattern.test(line));
      if (stage) say(`  ${seconds(begun)} ${stage[1]}`);
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  signal?.removeEventListener('abort', abort);
  log.end();
  if (code === 0 && existsSync(path)) {
    say(`  ${seconds(begun)} done`);
    return path;
  }
  rmSync(building, { recursive: true, force: true });
  if (signal?.aborted) throw new UserError('Interrupted while building the root file system.');
  throw new UserError(`${reasonOf(last)} (Details: ${logPath})`);
}

/** Removes what a killed run left, unless somebody is at work there. */
function sweep(folder: string): void {
  spawnSync('flock', ['--nonblock', LOCK, 'rm', '-rf', '--one-file-system', folder], { stdio: 'ignore' });
}

function needTools(): void {
  for (const [tool, debianPackage] of [
    ['mmdebstrap', 'mmdebstrap'],
    ['unshare', 'util-linux'],
  ] as const) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' });
    } catch {
      throw new UserError(
        `${tool} is missing: install it with "apt-get install ${debianPackage}" (make does so on Debian).`,
      );
    }
  }
}

/** One sentence out of what the tools said last. */
function reasonOf(lines: readonly string[]): string {
  const all = lines.join('\n');
  if (
    /Could not resolve|Temporary failure|Unable to connect|Could not connect|Connection failed|Network is unreachable/i.test(
      all,
    )
  ) {
    return 'The Debian mirror could not be reached: check the network, or name another with MIRROR=http://….';
  }
  if (/Unable to locate package (\S+)/.test(all)) {
    return `Debian has no package ${/Unable to locate package (\S+)/.exec(all)?.[1] ?? ''} (docker/*/packages.txt).`;
  }
  if (/No space left on device/.test(all)) return 'The disk is full: the root file system needs 500 MB.';
  if (/unshare.*(Operation not permitted|failed)|mount.*(permission denied|not permitted)/i.test(all)) {
    return 'This machine does not allow namespaces and mounts (a container without SYS_ADMIN?): the lab needs both.';
  }
  return 'The root file system could not be built.';
}

function environmentOf(...names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function seconds(begun: number): string {
  return `${String(Math.round((Date.now() - begun) / 1000)).padStart(3)} s`;
}

if (process.argv[1] === import.meta.filename) {
  const { runMain } = await import('./run-main.ts');
  await runMain(async (signal) => {
    const existed = existsSync(rootFsPath());
    const path = await ensureRootFs(console.log, signal);
    if (existed && process.argv[2] !== '--quiet') console.log(`The root file system is there: ${path}`);
  });
}
