/** A real PostgreSQL server of Debian's package, in a folder of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Place } from '../../lab/contained.ts';
import { freePorts } from '../../lab/ports.ts';

const VERSIONS = '/usr/lib/postgresql';

export class PostgresServer {
  readonly #folder: string;
  readonly #port: number;
  readonly #user: { readonly uid: number; readonly gid: number } | undefined;
  readonly #at: Place | undefined;
  #process: ChildProcess | undefined;
  #databases = 0;

  private constructor(
    folder: string,
    port: number,
    user: { uid: number; gid: number } | undefined,
    at: Place | undefined,
  ) {
    this.#folder = folder;
    this.#port = port;
    this.#user = user;
    this.#at = at;
  }

  /** Made anew, and running, on loopback or `at` another network, for all of `clients`. Throws if the package isn't there. */
  static async start(at?: Place & { readonly clients: string }): Promise<PostgresServer> {
    // It refuses to run as root.
    const user = process.getuid?.() === 0 ? userOf('postgres') : undefined;
    const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
    if (user) chownSync(folder, user.uid, user.gid);
    const server = new PostgresServer(folder, at ? 5432 : await freePorts('tcp'), user, at);
    const made = spawnSync(
      program('initdb'),
      [
        '--pgdata',
        join(folder, 'data'),
        '--username',
        'voice',
        '--auth',
        'trust',
        '--encoding',
        'UTF8',
        '--no-sync',
      ],
      { ...user, cwd: folder, encoding: 'utf8' },
    );
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
    if (at) appendFileSync(join(folder, 'data/pg_hba.conf'), `host all all ${at.clients} trust\n`);
    await server.resume();
    return server;
  }

  /** Runs it (again). Resolves when it answers. */
  async resume(): Promise<void> {
    const options = [
      '-k',
      this.#folder,
      '-p',
      String(this.#port),
      '-c',
      `listen_addresses=${this.#address}`,
      '-c',
      'fsync=off',
    ];
    // Only root goes to another network; setpriv does what `uid` and `gid` do.
    const [file, ...before] = this.#at
      ? [
          ...this.#at.enter,
          'setpriv',
          `--reuid=${this.#user?.uid}`,
          `--regid=${this.#user?.gid}`,
          '--clear-groups',
        ]
      : [];
    const command = [...before, program('postgres'), '-D', join(this.#folder, 'data'), ...options];
    const child = spawn(file ?? command.shift() ?? '', command, {
      ...(!this.#at && this.#user),
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (text: Buffer) => {
        log += text.toString();
        if (log.includes('ready to accept connections')) resolve();
      });
      child.once('exit', () => {
        reject(new Error(`postgres: ${log}`));
      });
    });
  }

  /** As a machine that is restarted: connections are cut. */
  async pause(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child) return;
    const gone = once(child, 'exit');
    child.kill('SIGINT'); // "fast shutdown"
    await gone;
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** The address of a new, empty database. */
  async database(): Promise<string> {
    const name = `test_${(this.#databases += 1)}`;
    await this.query('postgres', `create database ${name}`);
    return this.urlOf(name);
  }

  get #address(): string {
    return this.#at?.address ?? '127.0.0.1';
  }

  urlOf(database: string): string {
    return `postgresql://voice@${this.#address}:${this.#port}/${database}`;
  }

  async query(database: string, sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.urlOf(database) });
    await client.connect();
    await client.query(sql);
    await client.end();
  }

  async stop(): Promise<void> {
    await this.pause();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Debian has each version in a folder of its own. */
function program(name: string): string {
  const version = readdirSync(VERSIONS).at(-1) ?? '';
  return join(VERSIONS, version, 'bin', name);
}

function userOf(name: string): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`there is no user ${name}`);
  return { uid: Number(uid), gid: Number(gid) };
}
