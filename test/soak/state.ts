/** What the agent, and Asterisk for it, hold at one moment. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';
import { cpus } from 'node:os';
import type { NativeAsterisk } from '../../lab/asterisk.ts';
import type { AgentState } from './insight.ts';

/** How many of each kind (timers and listeners: the main thread's, where a call's state is; sockets and descriptors: the agent's process's); what is compared between two times at which there are no calls. */
export type Held = Readonly<Record<HeldKind, number>>;
export const HELD_KINDS = [
  'channels',
  'bridges',
  'sockets',
  'descriptors',
  'timers',
  'listeners',
  'threads',
] as const;
export type HeldKind = (typeof HELD_KINDS)[number];

export interface HeldState {
  /** Wall clock. */
  readonly at: number;
  readonly held: Held;
  /** Timers, listeners and memory of each thread that answered in time. */
  readonly threads: AgentState;
  /** Of the agent's descriptors: how many there are of what (`anon_inode:[eventpoll]`, a file, `tcp to :8088`). */
  readonly descriptors: Readonly<Record<string, number>>;
}

/** Costs the agent a garbage collection, half a second of a processor, and waits for a second. */
export async function holds(asterisk: NativeAsterisk, pid: number, insight: string): Promise<HeldState> {
  const threads = JSON.parse((await ask(insight, 'GET', '/')).text) as AgentState;
  const [channels, bridges] = await Promise.all([asterisk.channels(), asterisk.bridges()]);
  const descriptors = descriptorsOf(pid);
  const main = threads.find(({ thread }) => thread === 'main');
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
  return {
    at: Date.now(),
    held: {
      channels: channels.length,
      bridges: bridges.length,
      sockets: total(
        Object.entries(descriptors).map(([kind, count]) => (/^(socket|tcp|udp)\b/.test(kind) ? count : 0)),
      ),
      descriptors: total(Object.values(descriptors)),
      timers: main?.timers ?? NaN,
      listeners: main?.listeners ?? NaN,
      threads: readdirSync(`/proc/${pid}/task`).length,
    },
    threads,
    descriptors,
  };
}

export async function endThread(insight: string, name: string): Promise<void> {
  const { status } = await ask(insight, 'POST', `/die/${name}`);
  if (status !== 200) throw new Error(`no thread ${name} has died`);
}

/** Resident memory of a process, bytes. */
export function residentOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Processor time that a process has used, ms. */
export function processorMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10; // in ticks of 10 ms
}

/** What all processors of this machine have done since it was started, ms: all of it, and that for nobody. */
export function machineMs(): { readonly all: number; readonly idle: number } {
  const times = cpus().map((one) => one.times);
  const idle = times.reduce((sum, one) => sum + one.idle, 0);
  return { all: times.reduce((sum, one) => sum + one.user + one.nice + one.sys + one.irq, idle), idle };
}

function descriptorsOf(pid: number): Record<string, number> {
  const counts: Record<string, number> = {};
  const sockets = internetSockets(pid);
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    let target: string;
    try {
      target = readlinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      continue; // it has been closed meanwhile
    }
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '';
    const kind = sockets.get(inode) ?? target.replace(/:\[\d+\]$/, '');
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** What they are, by their inode: `tcp to :443`, `tcp at :9464` (it listens), `udp at :40000`. */
function internetSockets(pid: number): Map<string, string> {
  const found = new Map<string, string>();
  for (const protocol of ['tcp', 'tcp6', 'udp', 'udp6']) {
    for (const line of readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8').split('\n').slice(1)) {
      const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/);
      if (inode === '') continue;
      const port = (address: string): number => parseInt(address.split(':')[1] ?? '0', 16);
      const where = port(remote) === 0 ? `at :${port(local)}` : `to :${port(remote)}`;
      found.set(inode, `${protocol} ${where}`);
    }
  }
  return found;
}

function ask(socketPath: string, method: string, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
    })
      .on('error', reject)
      .end();
  });
}
