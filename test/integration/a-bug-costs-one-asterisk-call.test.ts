/** The same as a-bug-costs-one-call, with a real Asterisk and two real telephones. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { Softphone } from '../../lab/softphone.ts';
import { RtpMediaGateway } from '../../src/gateways/rtp-media-gateway.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { startStasisApp, type StasisApp } from '../../src/telephony/asterisk/stasis-app.ts';
import { createTestLog, eventually } from '../support/ari-desk.ts';
import { openFaultyDesk } from '../support/faulty-desk.ts';
import { programCatchesUncaught } from '../support/uncaught.ts';
import { labServer } from '../support/lab-server.ts';

vi.setConfig({ testTimeout: 60_000 });

const orphans: unknown[] = [];
const log = createTestLog();
let asterisk: NativeAsterisk;
let phones: Softphone[];
let gateway: RtpMediaGateway;
let app: StasisApp;
let office: Awaited<ReturnType<typeof openFaultyDesk>>;
let withdraw: () => void;

beforeAll(async () => {
  asterisk = await NativeAsterisk.start();
  const { softphone1, softphone2 } = asterisk.secrets;
  phones = [
    await Softphone.start({ server: asterisk, account: 'softphone1', password: softphone1 }),
    await Softphone.start({ server: asterisk, account: 'softphone2', password: softphone2 }),
  ];
  gateway = await RtpMediaGateway.start({ listenAddress: '127.0.0.1' });
  withdraw = programCatchesUncaught((error) => orphans.push(error));
  office = await openFaultyDesk({
    tool: () => {
      setTimeout(() => {
        throw new Error('a bug of this test');
      }, 50);
      return Promise.resolve({ result: 'done' });
    },
  });
  app = await startStasisApp({
    server: labServer(asterisk),
    gateway,
    clock: systemClock,
    log,
    desk: office.desk,
  });
});
afterAll(async () => {
  await app.close();
  await gateway.close();
  withdraw();
  await Promise.all(phones.map((phone) => phone.stop()));
  await asterisk.stop();
});

it('a tool that throws later in a timer ends its call, while another goes on', async () => {
  const [one, two] = phones;
  const other = await two!.dial('510002');
  const call = await one!.dial('510001');
  const [victim, bystander] = [await office.callTo('510001'), await office.callTo('510002')];
  await victim.has('agent-said');
  victim.says('break');
  await victim.has('ended');
  expect(victim.reason()).toBe('internal-error');
  expect(victim.said().at(-1)).toBe('Sorry.');
  bystander.says('are you still there');
  await bystander.has('agent-said', 2);
  expect(bystander.said()).toEqual(['Hello.', 'Of course.']);
  await other.hangUp();
  await bystander.has('ended');
  expect(bystander.reason()).toBe('caller-hung-up');
  await call.hangUp().catch(() => undefined); // the dialplan may have done it
  await eventually('nothing is held any more', () => app.stats().unfinished === 0);
  expect(office.size()).toBe(0);
  expect(orphans).toEqual([]);
  const bugs = log.lines.filter(({ level }) => level === 'error');
  expect(bugs.map(({ fields }) => (fields['err'] as Error).message)).toEqual(['a bug of this test']);
  expect(bugs[0]?.fields['call']).toMatch(/^lab\//);
});
