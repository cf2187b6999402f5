/**
 * How evenly the RTP gateway sends while the main thread is as busy as in real life (5 ms of work
 * twenty times a second, one stall of 50 ms a second), and what a frame costs.
 *
 *     node test/bench/rtp-gateway.bench.ts [--calls 50,500] [--seconds 10] [--realtime auto|off] [--idle] [--stored 100000]
 *
 * Every call sends and receives 50 packets a second; the other side is a process of its own, which
 * stamps what it receives. A frame is one packet in and one out. `--stored`: beside it, the calls' turns are kept in a
 * database that has so many calls already, and is searched all the time.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { RtpMediaGateway } from '../../src/gateways/rtp-media-gateway.ts';
import type { MediaSession } from '../../src/dialog/contract/ports.ts';
import { keepCalls } from './kept-calls.ts';
import type { BenchPeerReport } from './rtp-gateway-peer.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '50,500' },
    seconds: { type: 'string', default: '10' },
    realtime: { type: 'string', default: 'auto' },
    idle: { type: 'boolean', default: false },
    stored: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const WARM_UP_MS = 2000;

/** CPU that the media threads have used, ms (schedstat: nanoseconds on a CPU come first). */
function mediaCpuMs(): number {
  let nanoseconds = 0;
  for (const task of readdirSync('/proc/self/task')) {
    const read = (name: string): string => readFileSync(`/proc/self/task/${task}/${name}`, 'utf8');
    if (read('comm').startsWith('media-')) nanoseconds += Number(read('schedstat').split(' ')[0]);
  }
  return nanoseconds / 1e6;
}

function work(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end);
}

/** Writes a second of sound whenever there is room for it, as a synthesiser does. */
async function talk(session: MediaSession): Promise<void> {
  const playback = session.play();
  const second = new Uint8Array(8000).map((_, index) => (index * 7) & 0xff);
  while (await playback.write({ encoding: 'ulaw', rateHz: 8000, bytes: second }));
}

function at(sorted: Float64Array, share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2);
}

async function measure(calls: number): Promise<void> {
  const kept = values.stored === undefined ? undefined : await keepCalls(calls, Number(values.stored));
  const gateway = await RtpMediaGateway.start({ realtime: values.realtime === 'off' ? 'off' : 'auto' });
  const peer = fork(new URL('./rtp-gateway-peer.ts', import.meta.url), {
    serialization: 'advanced',
    // Its own collections must not look like lateness of what it receives.
    execArgv: ['--no-parallel-scavenge', '--no-concurrent-array-buffer-sweeping'],
  });
  peer.once('exit', (code) => process.exit(code ?? 1));
  peer.send({ type: 'open', calls });
  const [opened] = (await once(peer, 'message')) as [{ ports: number[] }];
  const sessions = await Promise.all(
    opened.ports.map((_, index) => gateway.reserve({ id: `call-${index}` })),
  );
  for (const [index, session] of sessions.entries()) {
    session.endpoint.attach({ address: '127.0.0.1', port: opened.ports[index] as number });
    void talk(session);
  }
  await Promise.all(sessions.map((session) => session.attached));
  peer.send({ type: 'start', port: sessions[0]?.endpoint.port ?? 0 });
  const timers = values.idle ? [] : [setInterval(work, 50, 5), setInterval(work, 1000, 50)];
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));

  peer.send({ type: 'measure' });
  const cpuBefore = mediaCpuMs();
  const receivedBefore = sessions.reduce((sum, session) => sum + session.stats().packetsReceived, 0);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const cpuMs = mediaCpuMs() - cpuBefore;
  const received =
    sessions.reduce((sum, session) => sum + session.stats().packetsReceived, 0) - receivedBefore;
  peer.send({ type: 'stop' });
  const [report] = (await once(peer, 'message')) as [BenchPeerReport];
  for (const timer of timers) clearInterval(timer);
  const beside = await kept?.();

  const stats = sessions.map((session) => session.stats());
  const total = (name: 'packetsLost' | 'ticksSkipped' | 'sendErrors'): number =>
    stats.reduce((sum, session) => sum + session[name], 0);
  const { scheduling } = gateway.report.threads[0] as { scheduling: { policy: string } };
  const deviations = report.deviations.sort();
  process.stdout.write(
    `${calls} calls, ${scheduling.policy}: gap deviation p50 ${at(deviations, 0.5)} p99 ${at(deviations, 0.99)} ` +
      `p99.9 ${at(deviations, 0.999)} max ${at(deviations, 1)} ms; ${((cpuMs * 1000) / received).toFixed(1)} μs CPU a frame ` +
      `(${(cpuMs / seconds / 10).toFixed(1)} % of a core); sent late at most ` +
      `${Math.max(...stats.map((session) => session.sendLatenessMaxMs)).toFixed(2)} ms; peer got ${deviations.length}, ` +
      `missed ${report.missing}; gateway lost ${total('packetsLost')}, skipped ${total('ticksSkipped')}, errors ${total('sendErrors')}\n`,
  );
  if (beside !== undefined) process.stdout.write(`  ${beside}\n`);
  peer.removeAllListeners('exit');
  peer.disconnect();
  await gateway.close();
}

for (const calls of values.calls.split(',')) await measure(Number(calls));
