/**
 * What a flood of foreign RTP at the media port costs a call: `node test/bench/flood.bench.ts [PACKETS_PER_SECOND]`.
 * Prints how late the call's packets left, and what of the peer's was heard, without and with the flood.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { MediaStatsBlock, STAT } from '../../src/gateways/media-stats-block.ts';
import { RtpMediaGateway } from '../../src/gateways/rtp-media-gateway.ts';
import type { RtpMediaSession } from '../../src/gateways/rtp/rtp-media-session.ts';
import { RtpPeer } from '../support/rtp-peer.ts';

const PER_SECOND = Number(process.argv[2] ?? 50_000);
/** One process of Node.js sends no more than some 35,000 a second. */
const FLOODERS = 2;
const QUIET_MS = 10_000;
const FLOOD_MS = 20_000;
const FLOODER = fileURLToPath(new URL('../support/udp-flood.ts', import.meta.url));

const print = (line: string): void => void process.stdout.write(`${line}\n`);

for (const realtime of ['auto', 'off'] as const) {
  const gateway = await RtpMediaGateway.start({ realtime, onWarning: () => undefined });
  const session = await gateway.reserve({ id: 'call' });
  const peer = await RtpPeer.open();
  peer.aim(session.endpoint);
  session.endpoint.attach(peer);
  await session.attached;
  const thread = (): (typeof gateway.report.threads)[number] => gateway.report.threads[0]!;
  print(`\n${thread().scheduling.reason}; packets by ${thread().io.by}`);
  print(`quiet: ${await measure(session, peer, QUIET_MS)}`);
  const port = String(session.endpoint.port);
  const flooders = Array.from({ length: FLOODERS }, () =>
    spawn(process.execPath, [FLOODER, port, String(PER_SECOND / FLOODERS)], { stdio: 'ignore' }),
  );
  await sleep(1500);
  const before = thread().unknownPeers;
  print(`flood: ${await measure(session, peer, FLOOD_MS)}`);
  const came = ((thread().unknownPeers - before) * 1000) / FLOOD_MS;
  for (const flooder of flooders) {
    flooder.kill('SIGTERM');
    await once(flooder, 'exit');
  }
  print(`       ${came.toFixed(0)} foreign packets a second were received and dropped`);
  await session.close();
  await gateway.close();
  await peer.close();
}

/** The peer talks; each 20 ms of it is looked at by itself. */
async function measure(session: RtpMediaSession, peer: RtpPeer, ms: number): Promise<string> {
  const { cells } = new MediaStatsBlock(session.setup.stats);
  const [received, lost] = [session.stats().packetsReceived, session.stats().packetsLost];
  const sent = session.stats().packetsSent;
  const lateness: number[] = [];
  cells[STAT.sendLatenessMaxMs] = 0;
  const talking = peer.say(new Int16Array((8000 * ms) / 1000));
  const until = performance.now() + ms;
  while (performance.now() < until) {
    const before = session.stats().packetsSent;
    while (session.stats().packetsSent === before) await sleep(2);
    lateness.push(cells[STAT.sendLatenessMaxMs] as number);
    cells[STAT.sendLatenessMaxMs] = 0;
  }
  await talking;
  await sleep(200);
  lateness.sort((a, b) => a - b);
  const at = (share: number): string => (lateness[Math.floor(lateness.length * share)] ?? NaN).toFixed(2);
  const { packetsReceived, packetsLost, packetsSent } = session.stats();
  return (
    `send lateness p50 ${at(0.5)}, p99 ${at(0.99)}, worst ${at(0.999999)} ms of ${packetsSent - sent} packets; ` +
    `heard ${packetsReceived - received} of ${ms / 20}, lost ${packetsLost - lost}`
  );
}
