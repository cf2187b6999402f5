/**
 * Our RTP gateway with all that it does for a call, and speech queued without end. `dgram` as an argument: without
 * batches. JSON: beside the store, which keeps the calls' turns in a database that is searched all the time.
 */
import type { MediaSession } from '../../../src/dialog/contract/ports.ts';
import { RtpMediaGateway } from '../../../src/gateways/rtp-media-gateway.ts';
import { keepCalls, type Beside } from '../kept-calls.ts';
import { callers, contend, keepBusy } from './contender.ts';
import { threadsCpuMs } from '../threads-cpu.ts';

/** Writes a second of sound whenever there is room for it, as a synthesiser does. */
async function talk(session: MediaSession): Promise<void> {
  const playback = session.play();
  const second = new Uint8Array(8000).map((_, index) => (index * 7) & 0xff);
  while (await playback.write({ encoding: 'ulaw', rateHz: 8000, bytes: second }));
}

const store = process.argv.find((one) => one.startsWith('{'));
const beside = store === undefined ? undefined : await keepCalls(callers.length, JSON.parse(store) as Beside);
const gateway = await RtpMediaGateway.start({ io: process.argv.includes('dgram') ? 'dgram' : 'auto' });
for (const port of callers) {
  const session = await gateway.reserve({ id: `call-${port}` });
  session.endpoint.attach({ address: '127.0.0.1', port });
  void talk(session);
}
keepBusy();
contend(
  gateway.report.threads.map(({ port }) => port),
  () => threadsCpuMs('media-'),
  beside,
);
