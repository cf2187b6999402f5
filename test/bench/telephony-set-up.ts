/**
 * How long a caller waits for call control: from StasisStart to the bridged call, and for the answer, at
 * a real Asterisk. `node test/bench/telephony-set-up.ts [calls]`
 */
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { Softphone } from '../../lab/softphone.ts';
import type { CallInfo } from '../../src/dialog/contract/call-info.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { startStasisApp } from '../../src/telephony/asterisk/stasis-app.ts';
import { createTestLog } from '../support/ari-desk.ts';
import { createTestGateway } from '../support/ari-media-gateway.ts';
import { labServer } from '../support/lab-server.ts';

const calls = Number(process.argv[2] ?? 20);
const clock = systemClock;
const asterisk = await NativeAsterisk.start();
const gateway = createTestGateway();
const log = createTestLog();
const phone = await Softphone.start({
  server: asterisk,
  account: 'softphone1',
  password: asterisk.secrets.softphone1,
});

interface Times {
  readonly bridged: number;
  readonly answered: number;
}
let times: Times[] = [];
let over = Promise.withResolvers<undefined>();
let codec: 'auto' | 'ulaw' = 'ulaw';

const app = await startStasisApp({
  server: labServer(asterisk),
  gateway,
  clock,
  log,
  desk: {
    admit: (_info: CallInfo) => {
      const arrived = clock.now();
      return {
        kind: 'accept',
        codec,
        run: async (line) => {
          const bridged = clock.now() - arrived;
          const answered = (await line.answer()) - arrived - bridged;
          times.push({ bridged, answered });
          await line.hangUp();
          over.resolve(undefined);
        },
      };
    },
  },
});

const at = (values: readonly number[], share: number): string =>
  ([...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? 0).toFixed(1).padStart(6);

function report(what: string): void {
  const row = (name: string, values: readonly number[]): string =>
    `  ${name.padEnd(26)} p50 ${at(values, 0.5)} ms   p95 ${at(values, 0.95)} ms   max ${at(values, 1)} ms\n`;
  process.stdout.write(
    `${what}, ${times.length} calls\n` +
      row(
        'StasisStart → bridged',
        times.map(({ bridged }) => bridged),
      ) +
      row(
        'answer → Asterisk knew',
        times.map(({ answered }) => answered),
      ),
  );
  times = [];
}

async function series(what: string, dial: () => Promise<unknown>): Promise<void> {
  // The first call warms the connections and the code up, and is not counted.
  for (let n = 0; n <= calls; n++) {
    over = Promise.withResolvers();
    await dial();
    await over.promise;
    while ((await asterisk.channels()).length > 0) await clock.sleep(20);
    if (n === 0) times = [];
  }
  report(what);
}

const phoneCall = (): Promise<unknown> => phone.dial('510001').then((call) => call.ended);
await series('A phone, fixed codec', phoneCall);
codec = 'auto';
await series('A phone, codec auto', phoneCall);
await series('A Local channel, codec auto', () =>
  asterisk.ari('POST', '/channels?endpoint=Local/510001@phones&extension=600&context=phones&priority=1'),
);

await app.close();
await phone.stop();
await gateway.close();
await asterisk.stop();
