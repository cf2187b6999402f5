import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config.ts';
import { systemClock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Tell } from './finding.ts';

const MIB = 1024 * 1024;
/** Recordings of a day with 50 lines take some GB; with less than this the next full disk isn't far. */
const LITTLE_DISK = 1024 * MIB;
/** A caller who has left a message waits for as long until it is confirmed. */
const SLOW_DISK_MS = 500;
/** What the RTP port asks the kernel for (rtp-media-gateway.ts). */
const RECEIVE_BUFFER = 4 * MIB;
const CAP_SYS_NICE = 23;
const FEW_FILES = 4096;

/** Node, disk, clock and kernel of this machine, as far as the agent depends on them. */
export function lookAtMachine({ dataDir }: Pick<Config, 'dataDir'>, tell: Tell): void {
  tell({ state: 'ok', text: `Node.js ${process.versions.node} on ${process.platform}-${process.arch}` });
  disk(dataDir, tell);
  clock(tell);
  if (process.platform === 'linux') kernel(tell);
}

function disk(folder: string, tell: Tell): void {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    const writeMs = writeOnce(there);
    const { bavail, bsize } = statfsSync(there);
    const free = bavail * bsize;
    const text = `${folder} can be written to; ${(free / MIB / 1024).toFixed(1)} GB are free`;
    if (free >= LITTLE_DISK) tell({ state: 'ok', text });
    else tell({ state: 'warning', text, remedy: 'free some, or lower records.keepDays in providers.yaml' });
    if (writeMs > SLOW_DISK_MS)
      tell({
        state: 'warning',
        text: `the disk below ${folder} took ${writeMs.toFixed(0)} ms for one small file: callers wait so long until a message is confirmed`,
        remedy: 'does something else keep it busy (iostat -x 1)? Else another disk: VOICE_AGENT_DATA_DIR',
      });
  } catch (error) {
    const isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC';
    tell({
      state: 'bad',
      text: `${folder} can't be written to: ${messageOf(error)}`,
      remedy: isFull
        ? 'free some, and lower records.keepDays in providers.yaml; or another disk: VOICE_AGENT_DATA_DIR'
        : `make it with the agent's user as owner, or set VOICE_AGENT_DATA_DIR; run the doctor as that user`,
    });
  }
}

/** Permissions don't say it all: of a disk that can only be read any more they speak as before. Returns how long it took, ms. */
function writeOnce(folder: string): number {
  const startedAt = systemClock.now();
  const place = mkdtempSync(join(folder, '.doctor-'));
  try {
    writeFileSync(join(place, 'file'), 'x', { flush: true });
  } finally {
    rmSync(place, { recursive: true });
  }
  return systemClock.now() - startedAt;
}

function clock(tell: Tell): void {
  // systemd-timesyncd makes this file; chrony and ntpd tell the kernel, which Debian's chrony leaves here.
  const synchronised = [
    '/run/systemd/timesync/synchronized',
    '/run/chrony/chronyd.pid',
    '/run/ntpd.pid',
  ].find(existsSync);
  if (synchronised !== undefined) tell({ state: 'ok', text: 'the clock is kept by a time service' });
  else
    tell({
      state: 'warning',
      text: 'nothing seems to keep the clock right: times in records and opening hours depend on it',
      remedy: 'apt-get install systemd-timesyncd (in a container, the host does it)',
    });
}

function kernel(tell: Tell): void {
  const rmem = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'));
  if (rmem >= RECEIVE_BUFFER) tell({ state: 'ok', text: `net.core.rmem_max is ${rmem}` });
  else
    tell({
      state: 'warning',
      text: `net.core.rmem_max is ${rmem}: with many calls a short stall loses packets`,
      remedy: `echo net.core.rmem_max=${RECEIVE_BUFFER} > /etc/sysctl.d/60-voice-agent.conf && sysctl --system`,
    });
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const limit = (name: string): number => {
    const [value = '0'] = new RegExp(`^${name} +(\\S+)`, 'm').exec(limits)?.slice(1) ?? [];
    return value === 'unlimited' ? Infinity : Number(value);
  };
  const capabilities = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const mayNice = (BigInt(`0x${capabilities}`) >> BigInt(CAP_SYS_NICE)) & 1n;
  if (mayNice === 1n || limit('Max realtime priority') > 0)
    tell({ state: 'ok', text: 'media may run in real time' });
  else
    tell({
      state: 'warning',
      text: 'this user may not run media in real time: packets leave less evenly while the machine is busy',
      remedy: 'in the unit: AmbientCapabilities=CAP_SYS_NICE, or LimitRTPRIO=5',
    });
  const files = limit('Max open files');
  if (files >= FEW_FILES) return;
  tell({
    state: 'warning',
    text: `only ${files} files may be open at a time`,
    remedy: 'in the unit: LimitNOFILE=65536',
  });
}
