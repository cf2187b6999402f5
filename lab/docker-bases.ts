/**
 * The base images that the Dockerfiles name: a registry's where one answers; else stand-ins of Debian packages and
 * Node.js out of npm, under names of their own.
 */
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianMirror } from './debian-mirror.ts';
import { docker, needDocker } from './docker.ts';
import type { Variables } from './docker.ts';
import { CACHE } from './paths.ts';
import { UserError } from './user-error.ts';

const FOLDER = join(CACHE, 'docker/bases');
const STAND_IN = 'ari-voice-agent/stand-in';
const PULL_MS = 300_000;
const run = promisify(execFile);

/** What docker/compose.yaml must be told of the bases: nothing, if they can be had by their own names. */
export async function baseImages(
  say: (line: string) => void,
): Promise<{ standIns: boolean; variables: Variables }> {
  const names = [...new Set(['agent', 'asterisk', 'softphone'].flatMap(defaultBases))];
  const had = await Promise.all(
    names.map(async (name) => (await docker(['image', 'inspect', name])).status === 0),
  );
  if (had.every(Boolean)) return { standIns: false, variables: {} };
  const pulls = await Promise.all(
    names.map((name) => docker(['pull', '--quiet', name], { timeoutMs: PULL_MS })),
  );
  if (pulls.every(({ status }) => status === 0)) return { standIns: false, variables: {} };
  say('No registry answers: the base images are made of Debian packages and npm’s Node.js');
  const bookworm = await debianBase('bookworm', say);
  const sid = await debianBase('sid', say);
  const node = await nodeBase(bookworm, say);
  return {
    standIns: true,
    variables: {
      ...{ NODE_IMAGE: node, AGENT_DEBIAN_IMAGE: bookworm, ASTERISK_DEBIAN_IMAGE: sid },
      POSTGRES_IMAGE: await postgresBase(bookworm, say),
    },
  };
}

/** The bases that a Dockerfile names by default. */
function defaultBases(image: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../docker', image, 'Dockerfile'), 'utf8');
  return [...text.matchAll(/^ARG \w+_IMAGE=(\S+)/gm)].map(([, name]) => name ?? '');
}

async function debianBase(suite: 'bookworm' | 'sid', say: (line: string) => void): Promise<string> {
  const tag = `${STAND_IN}-debian:${suite}`;
  const archive = join(FOLDER, `${suite}.tar`);
  mkdirSync(FOLDER, { recursive: true });
  if (!existsSync(archive)) {
    say(`  Debian ${suite} (once; about a minute)`);
    const { mirror, settings } = debianMirror();
    const unfinished = `${archive}.${process.pid}.tar`;
    const unwanted = ['doc', 'man', 'locale', 'info', 'lintian'].map(
      (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
    );
    try {
      await run(
        'mmdebstrap',
        [
          ...['--mode=root', '--variant=minbase', '--components=main', '--skip=check/empty'],
          // Without it, Debian 12's essential packages bring all of Perl.
          '--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr',
          ...settings.map((line) => `--aptopt=${line}`),
          ...['--aptopt=Acquire::Languages "none"', '--dpkgopt=force-unsafe-io', ...unwanted],
          ...[suite, unfinished, mirror],
        ],
        { env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 64 * 1024 * 1024 },
      );
      renameSync(unfinished, archive);
    } catch (error) {
      rmSync(unfinished, { force: true });
      throw new UserError(`A base system of Debian ${suite} could not be made: ${lastLines(error)}`);
    }
  }
  await needDocker(['import', '--change', 'CMD ["bash"]', archive, tag]);
  return tag;
}

async function nodeBase(debian: string, say: (line: string) => void): Promise<string> {
  const tag = `${STAND_IN}-node:24`;
  const root = join(FOLDER, 'node-root');
  const prefix = join(root, 'usr/local/lib');
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
  const binary = join(prefix, `node_modules/node-linux-${architecture}/bin/node`);
  if (!existsSync(binary)) {
    say('  Node.js 24 and npm');
    rmSync(root, { recursive: true, force: true });
    mkdirSync(prefix, { recursive: true });
    writeFileSync(join(prefix, 'package.json'), '{"private":true}\n');
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefix', prefix];
    await run('npm', ['install', ...options, `node-linux-${architecture}@24`, 'npm@11']);
  }
  // How npm gets through on this machine holds inside as well; the images that are built get nothing of it.
  const setting = async (name: string): Promise<string> =>
    (await run('npm', ['config', 'get', name])).stdout.trim();
  const ca = process.env['NODE_EXTRA_CA_CERTS'];
  mkdirSync(join(root, 'etc/ssl/certs'), { recursive: true });
  mkdirSync(join(root, 'usr/local/etc'), { recursive: true });
  if (ca !== undefined && existsSync(ca)) copyFileSync(ca, join(root, 'etc/ssl/certs/ca-certificates.crt'));
  const trusted = ca !== undefined && existsSync(ca) ? 'cafile=/etc/ssl/certs/ca-certificates.crt\n' : '';
  writeFileSync(join(root, 'usr/local/etc/npmrc'), `registry=${await setting('registry')}\n${trusted}`);
  const recipe = join(FOLDER, 'node.Dockerfile');
  const modules = '/usr/local/lib/node_modules';
  writeFileSync(
    recipe,
    [
      `FROM ${debian}`,
      'COPY . /',
      `RUN mkdir -p /usr/local/bin && mv ${modules}/node-linux-${architecture}/bin/node /usr/local/bin/node && ln -s ${modules}/npm/bin/npm-cli.js /usr/local/bin/npm`,
      ...(trusted === '' ? [] : ['ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt']),
      'CMD ["node"]',
      '',
    ].join('\n'),
  );
  await needDocker(['build', '--quiet', '--tag', tag, '--file', recipe, root]);
  return tag;
}

/** Debian's PostgreSQL behind as much of the official image's contract as docker/compose.fleet.yaml uses. */
async function postgresBase(debian: string, say: (line: string) => void): Promise<string> {
  const tag = `${STAND_IN}-postgres`;
  say('  PostgreSQL');
  const folder = join(FOLDER, 'postgres');
  mkdirSync(folder, { recursive: true });
  const user = 'setpriv --reuid postgres --regid postgres --clear-groups';
  writeFileSync(
    join(folder, 'start.sh'),
    [
      '#!/bin/sh',
      'set -eu',
      'chown -R postgres:postgres "$PGDATA" /run/postgresql',
      'if [ ! -s "$PGDATA/PG_VERSION" ]; then',
      `  ${user} initdb --pgdata "$PGDATA" --username "$POSTGRES_USER" --auth "$POSTGRES_HOST_AUTH_METHOD"`,
      `  echo "CREATE DATABASE $POSTGRES_USER" | ${user} postgres --single -D "$PGDATA" postgres`,
      '  echo "host all all all $POSTGRES_HOST_AUTH_METHOD" >>"$PGDATA/pg_hba.conf"',
      'fi',
      `exec ${user} postgres -D "$PGDATA" -c 'listen_addresses=*' -c unix_socket_directories=/run/postgresql`,
      '',
    ].join('\n'),
  );
  writeFileSync(
    join(folder, 'Dockerfile'),
    [
      `FROM ${debian}`,
      'RUN apt-get update && apt-get install -y --no-install-recommends postgresql && ln -s /usr/lib/postgresql/* /usr/lib/postgresql/current',
      'ENV PATH=/usr/lib/postgresql/current/bin:$PATH PGDATA=/var/lib/postgresql/data',
      'RUN mkdir -p $PGDATA',
      'COPY start.sh /start.sh',
      'ENTRYPOINT ["sh", "/start.sh"]',
      '',
    ].join('\n'),
  );
  await needDocker(['build', '--quiet', '--tag', tag, folder]);
  return tag;
}

function lastLines(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr ?? message).trim().split('\n').slice(-4).join(' ');
}
