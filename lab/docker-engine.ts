/**
 * A real Docker engine on a machine that has none: Debian's packages, unpacked in .cache and never installed, in
 * namespaces of its own. Needs root and Debian; made for `make test-docker`.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { endContained, innerPid, spawnContained } from './contained.ts';
import { debianMirror } from './debian-mirror.ts';
import { docker } from './docker.ts';
import { CACHE, PROJECT } from './paths.ts';
import { UserError } from './user-error.ts';

const FOLDER = join(CACHE, 'docker');
/** Of the machine's own suite. shellcheck isn't the engine's: what lints the files comes by the same way. */
const PACKAGES = [
  'docker.io',
  'containerd',
  'runc',
  'tini',
  'iptables',
  'slirp4netns',
  'shellcheck',
] as const;
/** Of suite sid: Debian 12's compose is of the old kind. One file of it is used, and that needs nothing else. */
const PLUGIN_PACKAGE = 'docker-compose';
/** Named after what is in it: with another list it is fetched anew. */
const TOOLS = join(FOLDER, `tools-${createHash('sha256').update(PACKAGES.join()).digest('hex').slice(0, 8)}`);
const READY_MS = 60_000;

export class OwnEngine {
  /** For `docker`, and for a program that shall be where the engine publishes its ports. */
  readonly env: Readonly<Record<string, string>>;
  readonly #engine: ChildProcess;
  readonly #network: ChildProcess;
  readonly #folder: string;
  readonly #cgroup: string;
  #stopping: Promise<void> | undefined;

  private constructor(
    engine: ChildProcess,
    network: ChildProcess,
    place: { folder: string; cgroup: string; env: Readonly<Record<string, string>> },
  ) {
    this.#engine = engine;
    this.#network = network;
    this.#folder = place.folder;
    this.#cgroup = place.cgroup;
    this.env = place.env;
  }

  /** Fetches what is missing, and resolves when the engine answers. Throws UserError. */
  static async start(say: (line: string) => void, signal: AbortSignal): Promise<OwnEngine> {
    await fetchTools(say);
    sweep();
    mkdirSync(FOLDER, { recursive: true });
    // Without symbolic links: runc takes none.
    const folder = join(realpathSync(FOLDER), `engine-${process.pid}`);
    mkdirSync(folder, { mode: 0o700 });
    // A socket's path may have 107 characters.
    const socket = join(tmpdir(), `ari-voice-agent-docker-${process.pid}.sock`);
    const cgroup = `ari-voice-agent-${process.pid}`;
    const env = {
      DOCKER_HOST: `unix://${socket}`,
      DOCKER_CONFIG: join(TOOLS, 'config'),
      PATH: `${join(TOOLS, 'usr/bin')}:${process.env['PATH'] ?? ''}`,
      // For a test that plays the router.
      IPTABLES: join(TOOLS, 'usr/sbin/xtables-legacy-multi'),
      IPTABLES_LIBRARY: libraryFolder(),
    };
    const log = openSync(join(CACHE, 'log/docker-engine.log'), 'w', 0o600);
    const engine = spawnContained(['sh', join(PROJECT, 'lab/docker-engine.sh')], {
      before: ['unshare', '--net'],
      stdio: ['ignore', log, log],
      env: { TOOLS, DATA: folder, SOCKET: socket, CGROUP: cgroup },
    });
    closeSync(log);
    const network = await connect(engine);
    const own = new OwnEngine(engine, network, { folder, cgroup, env });
    try {
      await own.#ready(signal);
    } catch (error) {
      await own.stop();
      throw error;
    }
    return own;
  }

  /** What to put before a command so that it runs where the engine's ports are: its network namespace. */
  get inside(): readonly [string, ...string[]] {
    return ['nsenter', `--net=/proc/${innerPid(this.#engine) ?? 0}/ns/net`, '--'];
  }

  /** Ends it, and removes everything that it made. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      await endContained(this.#engine, { graceMs: 20_000 });
      this.#network.kill('SIGKILL');
      removeEngine(this.#folder, this.#cgroup, this.env['DOCKER_HOST']?.slice('unix://'.length));
    })();
    return this.#stopping;
  }

  async #ready(signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + READY_MS;
    for (;;) {
      if (signal.aborted) throw new UserError('Interrupted while the Docker engine was starting.');
      const { status } = await docker(['version'], { env: this.env, timeoutMs: 5000 });
      if (status === 0) return;
      if (Date.now() > deadline || this.#engine.exitCode !== null) {
        throw new UserError(
          `The Docker engine didn't start. (Details: ${join(CACHE, 'log/docker-engine.log')})`,
        );
      }
      await sleep(200);
    }
  }
}

/** Gives the engine's network namespace a way out, without a trace in the machine's own. */
async function connect(engine: ChildProcess): Promise<ChildProcess> {
  const deadline = Date.now() + 10_000;
  let inner = innerPid(engine);
  while (inner === undefined && Date.now() < deadline) {
    await sleep(20);
    inner = innerPid(engine);
  }
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', join(TOOLS, 'usr/bin/slirp4netns')],
      ...['--configure', '--mtu=1400', '--disable-host-loopback', String(inner ?? 0), 'tap0'],
    ],
    { detached: true, stdio: 'ignore', env: { ...process.env, LD_LIBRARY_PATH: libraryFolder() } },
  );
  await once(child, 'spawn');
  return child;
}

/** The folder of the packages' libraries: iptables' own lie beside them, in `xtables`. */
function libraryFolder(): string {
  const folders = readdirSync(join(TOOLS, 'usr/lib')).map((triplet) => join(TOOLS, 'usr/lib', triplet));
  return folders.find((path) => existsSync(join(path, 'xtables'))) ?? '';
}

async function fetchTools(say: (line: string) => void): Promise<void> {
  if (existsSync(TOOLS)) return;
  for (const old of existsSync(FOLDER) ? readdirSync(FOLDER) : []) {
    if (old.startsWith('tools')) rmSync(join(FOLDER, old), { recursive: true, force: true });
  }
  say('Fetching a Docker engine: Debian packages, unpacked and not installed');
  const unfinished = `${TOOLS}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(join(unfinished, 'debs'), { recursive: true });
  try {
    const run = promisify(execFile);
    const simulated = await run('apt-get', ['install', '--simulate', '--no-install-recommends', ...PACKAGES]);
    const missing = [...simulated.stdout.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name ?? '');
    const needed = [...new Set([...PACKAGES, ...missing])];
    await run('apt-get', ['download', ...needed], { cwd: join(unfinished, 'debs') });
    await run('apt-get', ['download', PLUGIN_PACKAGE], {
      cwd: join(unfinished, 'debs'),
      env: { ...process.env, APT_CONFIG: await sidConfiguration(unfinished) },
    });
    for (const file of readdirSync(join(unfinished, 'debs'))) {
      if (!file.startsWith(`${PLUGIN_PACKAGE}_`))
        await run('dpkg-deb', ['-x', join(unfinished, 'debs', file), unfinished]);
      else await run('dpkg-deb', ['-x', join(unfinished, 'debs', file), join(unfinished, 'plugin')]);
    }
    mkdirSync(join(unfinished, 'config/cli-plugins'), { recursive: true });
    renameSync(
      join(unfinished, 'plugin/usr/libexec/docker/cli-plugins/docker-compose'),
      join(unfinished, 'config/cli-plugins/docker-compose'),
    );
    for (const folder of ['debs', 'plugin', 'apt'])
      rmSync(join(unfinished, folder), { recursive: true, force: true });
    renameSync(unfinished, TOOLS);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    const said = error instanceof Error ? error.message : String(error);
    throw new UserError(`Debian's packages of a Docker engine could not be fetched: ${said}`);
  }
}

/** A configuration of apt for suite sid alone, with nothing of the machine's changed. */
async function sidConfiguration(unfinished: string): Promise<string> {
  const apt = join(unfinished, 'apt');
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(apt, folder), { recursive: true });
  const { mirror, settings } = debianMirror();
  writeFileSync(
    join(apt, 'sources.list'),
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} sid main\n`,
  );
  const config = join(apt, 'apt.conf');
  writeFileSync(
    config,
    [
      `Dir::Etc::sourcelist "${join(apt, 'sources.list')}";`,
      'Dir::Etc::sourceparts "-";',
      `Dir::State "${join(apt, 'state')}";`,
      `Dir::Cache "${join(apt, 'cache')}";`,
      ...settings,
      '',
    ].join('\n'),
  );
  await promisify(execFile)('apt-get', ['update'], { env: { ...process.env, APT_CONFIG: config } });
  return config;
}

/** What runs that were killed have left. */
function sweep(): void {
  for (const name of existsSync(FOLDER) ? readdirSync(FOLDER) : []) {
    const owner = /^engine-(\d+)$/.exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    removeEngine(
      join(FOLDER, name),
      `ari-voice-agent-${owner}`,
      join(tmpdir(), `ari-voice-agent-docker-${owner}.sock`),
    );
  }
}

function removeEngine(folder: string, cgroup: string, socket: string | undefined): void {
  rmSync(folder, { recursive: true, force: true });
  if (socket !== undefined) rmSync(socket, { force: true });
  // Control groups outlive the processes that were in them; those of cgroup v1 lie under each controller.
  const roots = [
    '/sys/fs/cgroup',
    ...readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name)),
  ];
  for (const root of roots) removeCgroup(join(root, cgroup));
}

function removeCgroup(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  }
  try {
    rmdirSync(path);
  } catch {
    // Somebody is still in it.
  }
}
