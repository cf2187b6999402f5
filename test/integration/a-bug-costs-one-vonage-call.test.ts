/** The same as a-bug-costs-one-call, where a call comes by webhooks, and goes by REST. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { VonageMediaGateway } from '../../src/gateways/vonage-media-gateway.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { HttpHandler } from '../../src/lib/http-exchange.ts';
import { VonageApp, WEBHOOK_PATHS } from '../../src/telephony/vonage/vonage-app.ts';
import { createVonageRest, type VonageRest } from '../../src/telephony/vonage/vonage-rest.ts';
import { createTestLog, eventually } from '../support/ari-desk.ts';
import { like, openFaultyDesk, type DeskCall, type Faults } from '../support/faulty-desk.ts';
import { programCatchesUncaught } from '../support/uncaught.ts';
import { startVonageCloud } from '../support/vonage/cloud.ts';

vi.setConfig({ testTimeout: 60_000 });

const BUG = 'a bug of this test';
const bug = (): never => {
  throw new Error(BUG);
};
const FAULTY = '442079460000';
const SOUND = '442079460001';
const FROM = '447700900000';

let withdraw: () => void;
const orphans: unknown[] = [];
beforeAll(() => {
  withdraw = programCatchesUncaught((error) => orphans.push(error));
});
afterAll(() => {
  withdraw();
  expect(orphans).toEqual([]);
});

type Log = ReturnType<typeof createTestLog>;

async function twoCalls(options: {
  readonly faults?: Faults;
  readonly log?: (log: Log) => Log;
  readonly rest?: (rest: VonageRest) => VonageRest;
  readonly act: (victim: DeskCall, webhook: (event: object) => Promise<unknown>, uuid: string) => unknown;
}) {
  const cloud = await startVonageCloud();
  const office = await openFaultyDesk(options.faults ?? {});
  const log = createTestLog();
  let handler: HttpHandler = () => Promise.resolve({ status: 503 });
  const gateway = await VonageMediaGateway.start({
    paths: WEBHOOK_PATHS,
    onRequest: (request) => handler(request),
    onWarning: () => undefined,
  });
  const url = gateway.publicUrl;
  const rest = createVonageRest({
    apiUrl: cloud.url,
    regionOf: (regionUrl) => regionUrl || undefined,
    applicationId: cloud.account.applicationId,
    privateKey: cloud.account.privateKey,
    wallClock: () => Date.now(),
  });
  const at: VonageRest['at'] = (region) => options.rest?.(rest.at(region)) ?? rest.at(region);
  const app = new VonageApp({
    desk: office.desk,
    gateway,
    clock: systemClock,
    log: options.log?.(log) ?? log,
    publicUrl: url,
    signature: undefined,
    rest: like(rest, { at }),
    numbers: { [FAULTY]: '510001', [SOUND]: '510002' },
    texts: { language: 'en', busy: 'All lines are busy.', trouble: 'Sorry.' },
    settings: { attachMs: 5000, departments: { default: 'sip:desk@example.com' } },
  });
  handler = (request) => app.handle(request);
  cloud.link({ answerUrl: `${url}/answer`, eventUrl: `${url}/event`, fallbackUrl: `${url}/fallback` });
  try {
    const other = cloud.call({ to: SOUND, from: FROM });
    const bystander = await office.call(`vonage/${other.uuid}`);
    const call = cloud.call({ to: FAULTY, from: FROM });
    const victim = await office.call(`vonage/${call.uuid}`);
    await victim.has('agent-said');
    await options.act(
      victim,
      (event) => fetch(`${url}/event`, { method: 'POST', body: JSON.stringify(event) }),
      call.uuid,
    );
    await victim.has('ended');
    await bystander.has('agent-said');
    bystander.says('are you still there');
    await bystander.has('agent-said', 2);
    await other.hangUp();
    await bystander.has('ended');
    expect(bystander.reason()).toBe('caller-hung-up');
    await call.hangUp();
    await eventually('all calls are over', () => app.callCount === 0);
    await eventually('all slots are free', () => office.size() === 0);
    const bugs = log.lines.filter(({ level }) => level === 'error');
    expect(bugs.map(({ fields }) => fields['call'])).toEqual([`vonage/${call.uuid}`]);
    expect((bugs[0]?.fields['err'] as Error).stack).toMatch(/vonage-call\.test\.ts:\d+/);
    return { reason: victim.reason(), said: victim.said(), requests: cloud.requests };
  } finally {
    await cloud.close();
    await app.close();
    await gateway.close();
  }
}

const onward = {
  body: {
    action: 'transfer',
    destination: { type: 'ncco', ncco: [{ endpoint: [{ uri: 'sip:desk@example.com' }] }] },
  },
};

describe("a bug in a cloud's call", () => {
  it('in the handler of a webhook ends the call with an apology, and the caller goes on', async () => {
    let broken = false;
    const { reason, said, requests } = await twoCalls({
      log: (log) =>
        like(log, {
          debug(fields, message) {
            log.debug(fields, message);
            if (broken && message === 'Vonage tells') {
              broken = false;
              bug();
            }
          },
        }),
      act: async (_victim, webhook, uuid) => {
        broken = true;
        await webhook({ uuid, status: 'answered', direction: 'inbound' });
      },
    });
    expect({ reason, last: said.at(-1) }).toEqual({ reason: 'internal-error', last: 'Sorry.' });
    expect(requests[0]).toMatchObject(onward);
  });

  it('behind a REST request to Vonage ends the call, and the caller goes on', async () => {
    const { reason, requests } = await twoCalls({
      faults: {
        tool: async (_args, { line }) => {
          await line.sendDtmf('5');
          return { result: 'done' };
        },
      },
      rest: (rest) =>
        like(rest, {
          async sendDtmf(uuid, digits) {
            void rest.sendDtmf(uuid, digits).then(bug);
            await Promise.resolve();
          },
        }),
      act: (victim) => {
        victim.says('press five');
      },
    });
    expect(reason).toBe('internal-error');
    expect(requests.at(-1)).toMatchObject(onward);
  });
});
