/** Processes of this machine as the kernel lists them: where they come from, and which sockets they have. */
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** All processes that come from `pid`, by their parents; those that are gone already have none. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const child = Number(name);
    if (!Number.isInteger(child)) continue;
    try {
      const stat = readFileSync(`/proc/${child}/stat`, 'utf8');
      parents.set(child, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found.slice(1);
}

export interface Socket {
  /** The name of the process that has it. */
  readonly program: string;
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
}

/** The UDP sockets and the listening TCP sockets of a process, in the order of their ports. */
export function socketsOf(pid: number): Socket[] {
  if (!existsSync(`/proc/${pid}/fd`)) return [];
  const program = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  const inodes = new Set<string>();
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // It has been closed meanwhile.
    }
  }
  return (['udp', 'udp6', 'tcp', 'tcp6'] as const)
    .flatMap((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , state, , , , , , inode]) => {
          const LISTEN = '0A';
          return inodes.has(inode ?? '') && (table.startsWith('udp') || state === LISTEN);
        })
        .map(([, local = '']): Socket => {
          const [address = '', port = ''] = local.split(':');
          return {
            program,
            protocol: table.startsWith('udp') ? 'udp' : 'tcp',
            address: readable(address),
            port: parseInt(port, 16),
          };
        }),
    )
    .sort((a, b) => a.port - b.port);
}

/** User and system time of a process's threads, the ended ones included. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  // proc(5): utime and stime are fields 14 and 15, in ticks of 1/100 s.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** IPv4 in dots; of IPv6 the loopback by its name, everything else as the kernel has it. */
function readable(hex: string): string {
  if (hex.length === 8) return [...Buffer.from(hex, 'hex').reverse()].join('.');
  return hex === `${'0'.repeat(24)}01000000` ? '::1' : hex;
}
