/** Whatever ends the lab, nothing of it stays. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LabPlace } from '../support/lab-process.ts';

const PROGRAM = `
const { LabAgent } = await import('./lab/agent.ts');
const { NativeAsterisk } = await import('./lab/asterisk.ts');
const { Softphone } = await import('./lab/softphone.ts');
const folder = process.env.VOICE_AGENT_DATA_DIR;
const asterisk = await NativeAsterisk.start();
const agent = await LabAgent.start({ asterisk, dataFolder: folder, logFile: folder + '/agent.log' });
const { softphone1 } = asterisk.secrets;
const phone = await Softphone.start({ server: asterisk, account: 'softphone1', password: softphone1 });
const call = await phone.dial('510001');
if (await call.heard.speech({ timeoutMs: 20000, after: call.answeredAt })) console.log('in the middle of a call');
`;
const NEXT = `
const { NativeAsterisk } = await import('./lab/asterisk.ts');
await (await NativeAsterisk.start()).stop();
`;

let place: LabPlace;

beforeEach(() => {
  place = new LabPlace();
});
afterEach(async () => {
  await place.close();
});

it('leaves no process and no port when it is killed with -9 in the middle of a call', async () => {
  const lab = place.run(['--input-type=module', '-e', PROGRAM]);
  await lab.printed(/in the middle of a call/);
  const had = lab.belongings();
  expect(had.processes.length).toBeGreaterThan(6);
  expect(had.sockets.length).toBeGreaterThan(6);
  await lab.kill();
  await place.expectNoneLeft(had);
  // Its folders go when the next one starts.
  expect(await place.run(['--input-type=module', '-e', NEXT]).ended).toBe(0);
  place.expectSwept();
});

it('leaves nothing at all when Ctrl-C comes in the middle of the calls of make demo', async () => {
  const demo = place.run(['lab/demo.ts']);
  await demo.printed(/510001 {2}caller/);
  await demo.printed(/510002 {2}(?:caller|not answered)/);
  const had = demo.belongings();
  expect(had.processes.length).toBeGreaterThan(6);
  demo.interrupt();
  expect(await demo.ended).toBe(130);
  await place.expectNoneLeft(had);
  place.expectSwept();
  expect(readdirSync(place.temporaryFolder)).toEqual([]);
  const demos = join(place.dataFolder, 'demo');
  expect(existsSync(demos) ? readdirSync(demos) : []).toEqual([]);
});
