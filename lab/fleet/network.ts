/**
 * Machines of a network of their own, on this one: each is a network namespace with one address, on one bridge. To be used
 * by a process that is in network and mount namespaces of its own (spawnFleet in ./world.ts): with it everything here vanishes,
 * however it ends, and no other run can meet it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../contained.ts';

const PREFIX = '10.9.0';
/** The address of the process itself on the bridge. */
export const HERE = `${PREFIX}.1`;
export const NETWORK = `${PREFIX}.0/24`;

/** One machine: what runs `at` it sees its network alone. */
export class Host implements Place {
  readonly name: string;
  readonly address: string;
  readonly enter: readonly string[];
  readonly #link: string;
  readonly #file: string;

  constructor(name: string, address: string, file: string, link: string) {
    this.name = name;
    this.address = address;
    this.enter = ['nsenter', `--net=${file}`];
    this.#link = link;
    this.#file = file;
  }

  /** The processes that run there. */
  get #processes(): string[] {
    const namespace = `net:[${statSync(this.#file).ino}]`;
    return readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/net`) === namespace;
      } catch {
        return false; // It has ended meanwhile.
      }
    });
  }

  /** What its processes have taken of a processor so far, in milliseconds; of those that have ended nothing. */
  cpuMs(): number {
    return this.#processes.reduce((total, pid) => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // proc(5): the name may hold anything; after its bracket, fields 14 and 15 in ticks of 10 ms.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return total + 10 * (Number(fields[14 - 3]) + Number(fields[15 - 3]));
    }, 0);
  }

  /** TCP connections to `port` of other machines that are open. */
  connectionsTo(port: number): number {
    const [pid] = this.#processes;
    if (pid === undefined) return 0;
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const open = new RegExp(`^\\s*\\d+: \\S+ \\S+:${hex} 01 `, 'gm');
    return [...readFileSync(`/proc/${pid}/net/tcp`, 'utf8').matchAll(open)].length;
  }

  /** Bytes that have come to it and left it. */
  get bytes(): number {
    const text = execFileSync('ip', ['-s', '-j', 'link', 'show', this.#link], { encoding: 'utf8' });
    const [link] = JSON.parse(text) as { stats64: Record<'rx' | 'tx', { bytes: number }> }[];
    return link ? link.stats64.rx.bytes + link.stats64.tx.bytes : 0;
  }

  /** As a cable that is pulled: nothing comes or goes any more, and nobody is told. */
  cutOff(): void {
    run('ip', 'link', 'set', this.#link, 'down');
  }

  reconnect(): void {
    run('ip', 'link', 'set', this.#link, 'up');
  }
}

export class FleetNetwork {
  readonly #folder: string;
  #hosts = 0;

  /** `folder`: for the namespaces' files. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    run('mount', '-t', 'tmpfs', 'tmpfs', folder);
    run('ip', 'link', 'set', 'lo', 'up');
    run('ip', 'link', 'add', 'fleet', 'type', 'bridge');
    run('ip', 'addr', 'add', `${HERE}/24`, 'dev', 'fleet');
    run('ip', 'link', 'set', 'fleet', 'up');
  }

  host(name: string): Host {
    this.#hosts += 1;
    const address = `${PREFIX}.${10 + this.#hosts}`;
    const file = join(this.#folder, name);
    const link = `to${this.#hosts}`;
    writeFileSync(file, '');
    run('unshare', `--net=${file}`, 'true');
    run('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', file);
    run('ip', 'link', 'set', link, 'master', 'fleet', 'up');
    const host = new Host(name, address, file, link);
    for (const command of ['link set lo up', `addr add ${address}/24 dev eth0`, 'link set eth0 up'])
      run(...(host.enter as [string]), 'ip', ...command.split(' '));
    return host;
  }
}

function run(file: string, ...args: string[]): void {
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
