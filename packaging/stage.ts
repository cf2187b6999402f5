/** Lays out an installation: node packaging/stage.ts ROOT. Settings that are there already stay as they are. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The services; each also as a template whose instances are the nodes of a fleet (`nodeUnit`). */
export const SERVICES = ['ari-voice-agent', 'ari-voice-agent-watchdog'] as const;

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
/** Where the program itself is, below the root. */
export const PROGRAM = 'usr/lib/ari-voice-agent';
export const SETTINGS = 'etc/ari-voice-agent';
const UNITS = 'lib/systemd/system';
const DOCUMENTS = 'usr/share/doc/ari-voice-agent';

/**
 * A unit as a template, `ari-voice-agent@.service`: what stands behind the @ is the node's name. Each has its own folder of data, may
 * have its own settings, and longer than the one service to let its calls end: others take the new ones.
 */
export function nodeUnit(unit: string): string {
  return unit
    .replace(/^Description=.*$/m, '$&, node %i')
    .replace(
      /^EnvironmentFile=.*$/m,
      [
        'Environment=VOICE_AGENT_NODE=%i VOICE_AGENT_DATA_DIR=/var/lib/ari-voice-agent/nodes/%i',
        '$&',
        'EnvironmentFile=-/etc/ari-voice-agent/nodes/%i',
      ].join('\n'),
    )
    .replace(/^StateDirectory=.*$/m, '$&/nodes/%i')
    .replace(/^TimeoutStopSec=60$/m, 'TimeoutStopSec=900');
}

/**
 * Copies files of the project, and fetches the packages that it runs with from npm. `processor`: of the machine that it is
 * for; another's Node.js comes from npm, too.
 */
export function stage(root: string, processor: string = process.arch): void {
  const put = (from: string, to: string, mode: number, { keep = false } = {}): void => {
    const place = join(root, to);
    if (keep && existsSync(place)) return;
    mkdirSync(dirname(place), { recursive: true });
    cpSync(join(PROJECT, from), place, { recursive: true });
    chmodSync(place, mode);
  };
  rmSync(join(root, PROGRAM), { recursive: true, force: true });
  for (const name of ['package.json', 'package-lock.json', '.npmrc', 'LICENSE'])
    put(name, `${PROGRAM}/${name}`, 0o644);
  for (const name of ['bin', 'src', 'web']) put(name, `${PROGRAM}/${name}`, 0o755);
  const npm = (...args: string[]): void => {
    const common = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    execFileSync('npm', [...args, ...common], {
      cwd: join(root, PROGRAM),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  };
  const isOurs = processor === process.arch;
  const others = join(PROJECT, `.cache/node-${processor}`);
  const node = isOurs ? process.execPath : join(others, `node_modules/node-linux-${processor}/bin/node`);
  if (!isOurs)
    npm('install', '--force', '--prefix', others, `node-linux-${processor}@${process.versions.node}`);
  cpSync(node, join(root, PROGRAM, 'node'));
  chmodSync(join(root, PROGRAM, 'node'), 0o755);
  npm('ci', '--omit=dev', '--os=linux', '--libc=glibc', `--cpu=${processor}`);
  const slim = join(PROJECT, 'docker/agent/slim-node-modules.ts');
  execFileSync(process.execPath, [slim, join(root, PROGRAM, 'node_modules'), processor]);
  for (const name of ['.npmrc', 'package-lock.json']) rmSync(join(root, PROGRAM, name));

  for (const name of ['agents.yaml', 'providers.yaml'])
    put(`config/${name}`, `${SETTINGS}/${name}`, 0o644, { keep: true });
  put('packaging/environment', `${SETTINGS}/environment`, 0o640, { keep: true });
  put('packaging/voice-agent', 'usr/bin/voice-agent', 0o755);
  for (const name of SERVICES) {
    put(`packaging/${name}.service`, `${UNITS}/${name}.service`, 0o644);
    const place = join(root, UNITS, `${name}@.service`);
    writeFileSync(place, nodeUnit(readFileSync(join(PROJECT, `packaging/${name}.service`), 'utf8')));
    chmodSync(place, 0o644);
  }
  for (const name of ['README.md', 'CHANGELOG.md', 'docs'])
    put(name, `${DOCUMENTS}/${name}`, name === 'docs' ? 0o755 : 0o644);
  put('LICENSE', `${DOCUMENTS}/copyright`, 0o644);
  put(
    'asterisk-conf/extensions_voice_agent.conf',
    `${DOCUMENTS}/examples/extensions_voice_agent.conf`,
    0o644,
  );
}

const [root] = process.argv.slice(2);
if (import.meta.main && root !== undefined) stage(root);
