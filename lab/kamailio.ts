/** A real Kamailio in the lab's root file system, with the project's kamailio-conf/ as it is: the SIP entry of a fleet. */
import { execFile, execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { endContained, innerPid, type Place } from './contained.ts';
import { PROJECT } from './paths.ts';
import { ensureRootFs } from './root-fs.ts';
import { spawnTool } from './tool.ts';
import { UserError } from './user-error.ts';

export interface KamailioOptions {
  readonly at: Place;
  /** Addresses of the Asterisks, and SIP addresses of the trunks: as docker/kamailio/site-files.sh takes them. */
  readonly asterisks: readonly string[];
  readonly trunks: readonly string[];
  /** SIP over TLS as well, with a certificate that is made for it. */
  readonly tls?: boolean;
  readonly logFile: string;
  /** For its configuration; it goes with it. */
  readonly folder: string;
}

/** An Asterisk as Kamailio sees it. */
export interface Destination {
  readonly uri: string;
  /** Whether it gets new calls. */
  readonly active: boolean;
  /** Calls at a time. */
  readonly load: number;
}

const READY_MS = 10_000;
const START = ['mkdir /run/kamailio', 'exec kamailio -DD -E -m 128 -M 8 -f /etc/kamailio/kamailio.cfg'].join(
  ' && ',
);

export class Kamailio {
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #rootFs: string;
  readonly #folder: string;
  readonly #log: WriteStream;
  readonly #lines: string[] = [];

  private constructor(child: ChildProcess, rootFs: string, options: KamailioOptions) {
    this.#child = child;
    this.#rootFs = rootFs;
    this.address = options.at.address;
    this.#folder = options.folder;
    this.#log = createWriteStream(options.logFile);
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface(stream).on('line', (line) => {
        this.#log.write(`${line}\n`);
        this.#lines.push(line);
        if (this.#lines.length > 50) this.#lines.shift();
      });
    }
  }

  /** Resolves when it listens. Throws UserError. */
  static async start(options: KamailioOptions): Promise<Kamailio> {
    const { folder, at } = options;
    const rootFs = await ensureRootFs();
    mkdirSync(folder, { recursive: true });
    cpSync(join(PROJECT, 'kamailio-conf'), folder, { recursive: true });
    execFileSync('sh', [join(PROJECT, 'docker/kamailio/site-files.sh'), join(folder, 'site')], {
      env: {
        ...process.env,
        ASTERISKS: options.asterisks.join(' '),
        TRUNKS: options.trunks.join(' '),
        ADDRESS: at.address,
        TLS: options.tls ? 'yes' : 'no',
      },
    });
    if (options.tls) makeCertificate(join(folder, 'tls'), at.address);
    const child = await spawnTool(['sh', '-c', START], { folder, folderAt: 'etc/kamailio', at });
    const kamailio = new Kamailio(child, rootFs, options);
    const deadline = Date.now() + READY_MS;
    for (;;) {
      try {
        await kamailio.command('core.uptime');
        return kamailio;
      } catch {
        if (child.exitCode !== null || Date.now() > deadline) {
          await kamailio.stop();
          throw new UserError(`Kamailio was not ready. It said:\n${kamailio.#lines.slice(-20).join('\n')}`);
        }
      }
    }
  }

  /** What `kamcmd …` prints. */
  async command(...words: string[]): Promise<string> {
    const inner = innerPid(this.#child);
    if (inner === undefined) throw new Error('Kamailio is not running');
    const { stdout } = await promisify(execFile)(
      'nsenter',
      [
        ...['--target', String(inner), '--mount', '--pid', '--'],
        ...['chroot', this.#rootFs, 'kamcmd', '-s', 'unix:/run/kamailio/kamailio_ctl', ...words],
      ],
      { timeout: 5000 },
    );
    return stdout;
  }

  /** The Asterisks, in the order in which they were given. */
  async asterisks(): Promise<Destination[]> {
    const text = await this.command('dispatcher.list');
    const [, first = ''] = /ID: 1\s([\s\S]*?)(?:ID: \d|$)/.exec(text) ?? [];
    return first
      .split('DEST:')
      .slice(1)
      .map((part) => ({
        uri: /URI: (\S+)/.exec(part)?.[1] ?? '',
        active: /FLAGS: A/.test(part),
        load: Number(/DLGLOAD: (\d+)/.exec(part)?.[1] ?? 0),
      }));
  }

  async stop(): Promise<void> {
    await endContained(this.#child);
    this.#log.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Signed by itself; whoever has authorities.pem believes it. */
function makeCertificate(folder: string, address: string): void {
  mkdirSync(folder, { recursive: true });
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=fleet', '-addext', `subjectAltName=IP:${address}`];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', key, '-out', certificate, ...subject],
    ],
    { stdio: 'ignore' },
  );
  cpSync(certificate, join(folder, 'authorities.pem'));
}
