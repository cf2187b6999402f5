import { networkInterfaces } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { Softphone } from '../../lab/softphone.ts';
import { echo } from '../support/echo.ts';
import { RtpMediaGateway } from '../../src/gateways/rtp-media-gateway.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { startStasisApp, type StasisApp } from '../../src/telephony/asterisk/stasis-app.ts';
import { createTestLog } from '../support/ari-desk.ts';
import { labServer } from '../support/lab-server.ts';

/** Call control and the RTP gateway together: a caller's own voice comes back. */

let asterisk: NativeAsterisk;
let phone: Softphone;
let gateway: RtpMediaGateway;
let app: StasisApp;

beforeAll(async () => {
  asterisk = await NativeAsterisk.start();
  phone = await Softphone.start({
    server: asterisk,
    account: 'softphone1',
    password: asterisk.secrets.softphone1,
  });
});

async function serve(listenAddress: string): Promise<void> {
  gateway = await RtpMediaGateway.start({ listenAddress });
  app = await startStasisApp({
    server: labServer(asterisk),
    gateway,
    clock: systemClock,
    log: createTestLog(),
    desk: {
      admit: () => ({
        kind: 'accept',
        codec: 'auto',
        run: async (line, media) => {
          const over = new AbortController();
          line.on((event) => {
            if (event.type === 'ended') over.abort();
          });
          await line.answer();
          await echo(media, over.signal);
        },
      }),
    },
  });
}

afterEach(async () => {
  await app.close();
  await gateway.close();
});

afterAll(async () => {
  await phone.stop();
  await asterisk.stop();
});

/** 127.0.0.1, and ::1 where this machine has IPv6. */
const loopbacks = Object.values(networkInterfaces()).flatMap(
  (addresses) => addresses?.filter(({ internal }) => internal).map(({ address }) => address) ?? [],
);

/** Root mean square of 8 kHz samples. */
function loudness(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length));
}

describe('a caller whose session is an echo', () => {
  it.each(loopbacks)('hears what it says over %s', async (address) => {
    await serve(address);
    const call = await phone.dial('510001');
    const tone = Int16Array.from(
      { length: 8000 },
      (_, n) => 8000 * Math.sin((2 * Math.PI * 1000 * n) / 8000),
    );
    await call.say(tone);
    await systemClock.sleep(300);
    const { heard } = call.recording();
    const windows = Array.from({ length: Math.floor(heard.length / 800) }, (_, n) =>
      loudness(heard.subarray(n * 800, (n + 1) * 800)),
    );
    // A sine of amplitude 8,000 has 5,657; a second of it is ten windows.
    expect(windows.filter((level) => level > 5000 && level < 6300).length).toBeGreaterThanOrEqual(7);
    await call.hangUp();
    const deadline = performance.now() + 5000;
    while (app.stats().unfinished > 0 && performance.now() < deadline) await systemClock.sleep(5);
    expect(app.stats().unfinished).toBe(0);
    // Asterisk destroys a bridge a moment after it has said so.
    while ((await asterisk.bridges()).length > 0 && performance.now() < deadline) await systemClock.sleep(5);
    expect(await asterisk.bridges()).toEqual([]);
  });
});
