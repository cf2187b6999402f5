/**
 * A real Asterisk 22 without a container engine: in the lab's root file system, with the project's
 * asterisk-conf/ as it is. Any number of them run side by side, each with its own ports and data.
 */
import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { endContained, innerPid, spawnContained, type Place } from './contained.ts';
import { PROJECT, labFolder } from './paths.ts';
import { freePorts, isPortFree } from './ports.ts';
import type { Protocol } from './ports.ts';
import { ensureRootFs } from './root-fs.ts';
import { runFolder, sweepRunFolders } from './run-folders.ts';
import { labSecrets } from './secrets.ts';
import type { Secrets } from './secrets.ts';
import { UserError } from './user-error.ts';

export interface AsteriskOptions {
  /** The address at which phones find it (default 127.0.0.1: this machine only). ARI stays on loopback. */
  readonly host?: string;
  /** Another network, where all of it is at that address, ARI too, at the usual ports. */
  readonly at?: Place;
  /** Default: a free one. */
  readonly sipPort?: number;
  readonly httpPort?: number;
  /** Default 10,000 and 19,999; several Asterisks may share a range. */
  readonly rtpPorts?: readonly [number, number];
  /** The address of a SIP proxy that brings calls, such as that of a fleet. */
  readonly sipProxy?: string;
  /** A folder for its log, kept until the next start (default: a folder of its own that goes with it). */
  readonly logFolder?: string;
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface AriChannel {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly dialplan: { readonly context: string; readonly exten: string };
}

export interface AriBridge {
  readonly id: string;
  readonly technology: string;
  readonly channels: readonly string[];
}

/** A line of Asterisk's log, as logger.conf has it written. */
export interface AsteriskLogLine {
  readonly at: string;
  readonly level: 'NOTICE' | 'WARNING' | 'ERROR' | 'VERBOSE' | 'DEBUG';
  readonly text: string;
}

/** How long it may take to get ready; 1 s is usual (measured on 2 busy cores). */
const READY_MS = 30_000;
/** As logger.conf names it. */
const LOG = 'messages.log';

export class NativeAsterisk {
  readonly host: string;
  readonly sipPort: number;
  readonly httpPort: number;
  readonly secrets: Secrets;
  readonly logFolder: string;
  /** Settles when it is gone, wanted or not. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #rootFs: string;
  readonly #ownLog: boolean;
  readonly #httpAddress: string;
  #stopping: Promise<void> | undefined;

  private constructor(
    child: ChildProcess,
    rootFs: string,
    options: {
      host: string;
      sipPort: number;
      httpAddress: string;
      httpPort: number;
      logFolder: string;
      ownLog: boolean;
    },
    secrets: Secrets,
  ) {
    this.host = options.host;
    this.sipPort = options.sipPort;
    this.httpPort = options.httpPort;
    this.#httpAddress = options.httpAddress;
    this.logFolder = options.logFolder;
    this.secrets = secrets;
    this.#child = child;
    this.#rootFs = rootFs;
    this.#ownLog = options.ownLog;
    this.exited = new Promise((resolve) =>
      child.once('exit', () => {
        resolve();
      }),
    );
  }

  /** Resolves when ARI answers and SIP listens. Throws UserError. */
  static async start(options: AsteriskOptions = {}): Promise<NativeAsterisk> {
    const rootFs = await ensureRootFs(options.say, options.signal);
    sweepRunFolders(labFolder());
    const { at } = options;
    const host = at?.address ?? options.host ?? '127.0.0.1';
    const httpAddress = at?.address ?? '127.0.0.1';
    if (!at) checkHost(host);
    const sipPort = at ? 5060 : await port('SIP_PORT', 'udp', host, options.sipPort);
    const httpPort = at ? 8088 : await port('HTTP_PORT', 'tcp', '127.0.0.1', options.httpPort);
    const logFolder = options.logFolder ?? runFolder(labFolder(), 'asterisk');
    mkdirSync(logFolder, { recursive: true });
    // An earlier run's.
    rmSync(join(logFolder, LOG), { force: true });
    const secrets = labSecrets();
    if (options.signal?.aborted) throw new UserError('Interrupted before Asterisk was started.');
    const [rtpStart, rtpEnd] = options.rtpPorts ?? [10_000, 19_999];

    const child = spawnContained(['sh', join(PROJECT, 'docker/asterisk/native.sh')], {
      ...(at && { before: at.enter }),
      env: {
        ROOT: rootFs,
        LOG_DIR: logFolder,
        SIP_ADDRESS: host,
        SIP_PORT: String(sipPort),
        HTTP_ADDRESS: httpAddress,
        HTTP_PORT: String(httpPort),
        SIP_PROXY: options.sipProxy ?? '',
        RTP_START: String(rtpStart),
        RTP_END: String(rtpEnd),
        ARI_PASSWORD: secrets.ari,
        SOFTPHONE1_PASSWORD: secrets.softphone1,
        SOFTPHONE2_PASSWORD: secrets.softphone2,
        WEBPHONE_PASSWORD: secrets.webphone,
      },
    });
    const asterisk = new NativeAsterisk(
      child,
      rootFs,
      { host, sipPort, httpAddress, httpPort, logFolder, ownLog: options.logFolder === undefined },
      secrets,
    );
    try {
      await ready(child, options.signal);
      await asterisk.ari('GET', '/asterisk/info');
    } catch (error) {
      await asterisk.stop();
      throw error;
    }
    return asterisk;
  }

  /** Where the agent finds ARI. */
  get ariUrl(): string {
    return `http://${this.#httpAddress}:${this.httpPort}`;
  }

  get ariUser(): string {
    return 'voice-agent';
  }

  /** The process that all of it hangs on: killing it with -9 ends everything. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** One ARI request. Throws when the answer isn't 2xx. */
  async ari(method: 'GET' | 'POST' | 'DELETE', path: string): Promise<unknown> {
    const response = await fetch(`${this.ariUrl}/ari${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${this.ariUser}:${this.secrets.ari}`).toString('base64')}`,
      },
      signal: AbortSignal.timeout(5000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`ARI ${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async channels(): Promise<AriChannel[]> {
    return (await this.ari('GET', '/channels')) as AriChannel[];
  }

  async bridges(): Promise<AriBridge[]> {
    return (await this.ari('GET', '/bridges')) as AriBridge[];
  }

  /** What `asterisk -rx "command"` prints. */
  async cli(command: string): Promise<string> {
    const inner = innerPid(this.#child);
    if (inner === undefined) throw new Error('Asterisk is not running');
    const { stdout } = await promisify(execFile)(
      'nsenter',
      [
        ...['--target', String(inner), '--mount', '--pid', '--'],
        ...['chroot', this.#rootFs, 'asterisk', '-rx', command],
      ],
      { timeout: 10_000 },
    );
    return stdout;
  }

  /** A file inside Asterisk's own file system, such as a recording under /var/spool/asterisk. */
  path(inside: string): string {
    const inner = innerPid(this.#child);
    if (inner === undefined) throw new Error('Asterisk is not running');
    // Its first process stands in the root file system, with all that is mounted there.
    return `/proc/${inner}/cwd${inside}`;
  }

  get logFile(): string {
    return join(this.logFolder, LOG);
  }

  log(): AsteriskLogLine[] {
    return existsSync(this.logFile) ? parseAsteriskLog(readFileSync(this.logFile, 'utf8')) : [];
  }

  /** What a newcomer would have to wonder about. */
  complaints(): AsteriskLogLine[] {
    return this.log().filter((line) => line.level === 'ERROR' || line.level === 'WARNING');
  }

  /** Ends it and everything that it started. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= endContained(this.#child).then(() => {
      if (this.#ownLog) rmSync(this.logFolder, { recursive: true, force: true });
    });
    return this.#stopping;
  }
}

export function parseAsteriskLog(text: string): AsteriskLogLine[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\[([^\]]+)\] (NOTICE|WARNING|ERROR|VERBOSE|DEBUG)\[\d+\](?:\[[^\]]*\])? (.*)$/.exec(line);
    return match ? [{ at: match[1], level: match[2], text: match[3] } as AsteriskLogLine] : [];
  });
}

/** Reads what it prints until it is ready, and goes on reading so that its pipe never fills. */
async function ready(child: ChildProcess, signal?: AbortSignal): Promise<void> {
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const fail = (message: string): void => {
      clearTimeout(timer);
      reject(new UserError(message));
    };
    const timer = setTimeout(() => {
      fail(`Asterisk was not ready within ${READY_MS / 1000} s. It said:\n${lines.join('\n')}`);
    }, READY_MS);
    signal?.addEventListener(
      'abort',
      () => {
        fail('Interrupted while Asterisk was starting.');
      },
      { once: true },
    );
    const onLine = (coloured: string): void => {
      const line = coloured.replace(/\x1b\[[0-9;]*m/g, '');
      lines.push(line);
      if (lines.length > 30) lines.shift();
      const taken = /(Unable to bind http server to|could not be started:).*in use/.exec(line);
      if (taken) fail(`A port that Asterisk needs is in use by another program: ${line}`);
      if (line.includes('Asterisk Ready.')) {
        clearTimeout(timer);
        resolve();
      }
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface(stream).on('line', onLine);
    }
    child.once('error', (error) => {
      fail(`Asterisk could not be started: ${error.message}`);
    });
    child.once('exit', () => {
      const all = lines.join('\n');
      fail(
        /unshare.*(failed|not permitted)|mount:.*(permission denied|not permitted)/i.test(all)
          ? 'This machine does not allow namespaces and mounts (a container without SYS_ADMIN?): the lab needs both.'
          : `Asterisk ended while it was starting. It said:\n${all}`,
      );
    });
  });
}

async function port(
  variable: string,
  protocol: Protocol,
  address: string,
  wanted: number | undefined,
): Promise<number> {
  if (wanted === undefined) return freePorts(protocol, 1, address);
  if (await isPortFree(protocol, address, wanted)) return wanted;
  throw new UserError(
    `Port ${wanted}/${protocol} on ${address} is in use by another program: stop that, or choose another with ${variable}=….`,
  );
}

function checkHost(host: string): void {
  const own = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map((entry) => entry.address),
  );
  if (host === '127.0.0.1' || own.includes(host)) return;
  throw new UserError(`HOST=${host} is no address of this machine; it has ${own.join(', ')}.`);
}
