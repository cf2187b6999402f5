import { afterEach, describe, expect, it } from 'vitest';
import type { Admission, CallLine, MediaSession } from '../../../../src/dialog/contract/ports.ts';
import type { CallInfo, LineEvent } from '../../../../src/dialog/contract/call-info.ts';
import {
  VonageMediaGateway,
  type VonageGatewayOptions,
} from '../../../../src/gateways/vonage-media-gateway.ts';
import { systemClock, type Clock } from '../../../../src/lib/clock.ts';
import type { HttpHandler } from '../../../../src/lib/http-exchange.ts';
import { createSignatureCheck } from '../../../../src/telephony/vonage/signed-webhook.ts';
import { MortalThreads } from '../../../support/mortal-threads.ts';
import {
  VonageApp,
  WEBHOOK_PATHS,
  type VonageAppOptions,
} from '../../../../src/telephony/vonage/vonage-app.ts';
import { createVonageRest } from '../../../../src/telephony/vonage/vonage-rest.ts';
import { signWebhook } from '../../../support/vonage/account.ts';
import { startVonageCloud, type CloudOptions, type VonageCloud } from '../../../support/vonage/cloud.ts';

/** What an agent does in a call of these tests. */
type Run = (line: CallLine, media: MediaSession) => Promise<void>;

interface Stage {
  readonly cloud: VonageCloud;
  readonly app: VonageApp;
  readonly gateway: VonageMediaGateway;
  readonly admitted: CallInfo[];
  readonly abandoned: string[];
  readonly warnings: string[];
  readonly url: string;
}

/** A loaded machine takes its time. */
const eventual = <T>(value: () => T) => expect.poll(value, { timeout: 8000, interval: 5 });
const TO = '442079460000';
const FROM = '447700900000';
/** Everything that is waited for comes so many times sooner. */
const hasty = (times: number): Clock => ({
  ...systemClock,
  at: (at, action) => systemClock.at(systemClock.now() + (at - systemClock.now()) / times, action),
});
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function stage(
  run: Run,
  options: {
    readonly app?: Partial<VonageAppOptions>;
    readonly gateway?: VonageGatewayOptions;
    readonly cloud?: CloudOptions;
    readonly answerMethod?: 'GET' | 'POST';
    readonly refuse?: () => Extract<Admission, { kind: 'proceed' }> | undefined;
  } = {},
): Promise<Stage> {
  const cloud = await startVonageCloud(options.cloud);
  const { account } = cloud;
  let handler: HttpHandler = () => Promise.resolve({ status: 503 });
  const gateway = await VonageMediaGateway.start({
    paths: WEBHOOK_PATHS,
    onRequest: (request) => handler(request),
    onDropped: (call) => {
      app.mediaDropped(call);
    },
    onWarning: () => undefined,
    ...options.gateway,
  });
  closers.push(() => gateway.close());
  const admitted: CallInfo[] = [];
  const abandoned: string[] = [];
  const warnings: string[] = [];
  const nothing = (): void => undefined;
  const app = new VonageApp({
    desk: {
      admit(info) {
        admitted.push(info);
        return (
          options.refuse?.() ?? {
            kind: 'accept',
            codec: 'auto',
            run,
            abandoned: (reason) => abandoned.push(reason),
          }
        );
      },
    },
    gateway,
    clock: systemClock,
    log: { debug: nothing, info: nothing, warn: (_, message) => warnings.push(message), error: nothing },
    publicUrl: gateway.publicUrl,
    signature: createSignatureCheck({
      secret: account.signatureSecret,
      applicationId: account.applicationId,
      wallClock: () => Date.now(),
    }),
    rest: createVonageRest({
      apiUrl: cloud.url,
      regionOf: (regionUrl) => regionUrl || undefined,
      applicationId: account.applicationId,
      privateKey: account.privateKey,
      wallClock: () => Date.now(),
    }),
    numbers: { [TO]: '510001' },
    texts: { language: 'en', busy: 'All lines are busy.', trouble: 'Sorry.' },
    settings: { attachMs: 2000, departments: { billing: '+442079460001', default: 'sip:desk@example.com' } },
    ...options.app,
  });
  closers.push(() => app.close());
  // Its calls end first, so that ours do.
  closers.push(() => cloud.close());
  handler = (request) => app.handle(request);
  const url = gateway.publicUrl;
  cloud.link({
    answerUrl: `${url}/answer`,
    answerMethod: options.answerMethod ?? 'GET',
    eventUrl: `${url}/event`,
    fallbackUrl: `${url}/fallback`,
  });
  return { cloud, app, gateway, admitted, abandoned, warnings, url };
}

/** Talks until the line ends. */
const untilEnded: Run = async (line) => {
  await line.answer();
  await ended(line);
};

function ended(line: CallLine): Promise<string> {
  return new Promise((resolve) => {
    line.on((event) => {
      if (event.type === 'ended') resolve(event.reason);
    });
  });
}

describe('a call from the Vonage cloud', () => {
  it.each(['GET', 'POST'] as const)(
    'is answered by %s with its media, and ends with the caller',
    async (answerMethod) => {
      let reason = '';
      const { cloud, app, admitted } = await stage(
        async (line) => {
          await line.answer();
          reason = await ended(line);
        },
        { answerMethod },
      );
      const call = cloud.call({ to: TO, from: FROM, more: { 'SipHeader_X-Ref': '77' } });
      const leg = await call.answered;
      expect(leg.rateHz).toBe(16000);
      const headers = { call_uuid: call.uuid, called: TO, caller: FROM, extension: '510001' };
      expect(call.nccos[0]).toMatchObject([{ synchronous: true, from: TO, endpoint: { headers } }]);
      expect(admitted).toEqual([
        {
          key: { server: 'vonage', channel: call.uuid },
          direction: 'in',
          dialled: '510001',
          caller: { number: FROM },
          variables: {
            VONAGE_NUMBER: TO,
            VONAGE_CONVERSATION: call.conversationUuid,
            'SipHeader_X-Ref': '77',
          },
        },
      ]);
      await eventual(() => app.callCount).toBe(1);
      await call.hangUp();
      await eventual(() => app.callCount).toBe(0);
      expect(reason).toBe('caller-hung-up');
      expect(call.complaints).toEqual([]);
    },
  );

  it('is hung up through the REST API when the agent has done', async () => {
    const { cloud, app } = await stage(async (line) => {
      await line.answer();
      await line.hangUp();
    });
    const call = cloud.call({ to: TO, from: FROM });
    expect(await call.ended).toContain('REST');
    await eventual(() => app.callCount).toBe(0);
    expect(cloud.requests).toMatchObject([{ path: `/v1/calls/${call.uuid}`, body: { action: 'hangup' } }]);
  });

  it('is steered in the region that carries it', async () => {
    const { cloud } = await stage(
      async (line) => {
        await line.answer();
        await line.sendDtmf('5');
        await line.hangUp();
      },
      { cloud: { region: '/eu-3' } },
    );
    const call = cloud.call({ to: TO, from: FROM });
    expect(await call.ended).toContain('REST');
    expect(call.digitsHeard).toEqual(['5']);
    expect(cloud.requests.map(({ path }) => path)).toEqual([
      `/eu-3/v1/calls/${call.uuid}/dtmf`,
      `/eu-3/v1/calls/${call.uuid}`,
    ]);
  });

  it('ends with its media where it can’t be hung up', async () => {
    const { cloud, app } = await stage((line) => line.hangUp(), { app: { rest: undefined } });
    const call = cloud.call({ to: TO, from: FROM });
    expect(await call.ended).toBe('the NCCO was done');
    await eventual(() => app.callCount).toBe(0);
  });

  it('tells the caller to call again when there is no room', async () => {
    const { cloud, app } = await stage(untilEnded, {
      refuse: () => ({ kind: 'proceed', variables: { VOICE_AGENT_RESULT: 'busy' } }),
    });
    const call = cloud.call({ to: TO, from: FROM });
    await call.ended;
    expect(call.spoken).toEqual(['All lines are busy.']);
    expect(app.callCount).toBe(0);
  });

  it('is answered by the fallback when the answer webhook failed', async () => {
    let refuse = false;
    const { cloud, app, url } = await stage(untilEnded, {
      refuse: () => (refuse ? { kind: 'proceed', variables: { VOICE_AGENT_RESULT: 'draining' } } : undefined),
    });
    cloud.link({ answerUrl: `${url}/nowhere`, eventUrl: `${url}/event`, fallbackUrl: `${url}/fallback` });
    const call = cloud.call({ to: TO, from: FROM });
    await call.answered;
    await eventual(() => app.callCount).toBe(1);
    await call.hangUp();
    refuse = true;
    const late = cloud.call({ to: TO, from: FROM });
    await late.ended;
    expect(late.spoken).toEqual(['All lines are busy.']);
    expect(app.counts).toMatchObject({ fallbacks: 2, answers: 2, malformed: 0 });
  });

  it('is told by the fallback that something is wrong when that can’t be answered either', async () => {
    const { app, url } = await stage(untilEnded, { app: { signature: undefined } });
    const ask = async (original: unknown): Promise<string> => {
      const body = JSON.stringify({ reason: 'HTTP status 500', original_request: original });
      return (await fetch(`${url}/fallback`, { method: 'POST', body })).text();
    };
    expect(await ask({ type: 'answer' })).toContain('Sorry.');
    app.drain();
    expect(await ask('{"type":"answer"}')).toContain('All lines are busy.');
  });

  it('gets its media back by the fallback, too', async () => {
    const { cloud, app, url } = await stage(untilEnded, { app: { signature: undefined } });
    const call = cloud.call({ to: TO, from: FROM });
    await call.answered;
    await eventual(() => app.callCount).toBe(1);
    const [connected] = call.nccos[0] ?? [];
    const to = connected?.action === 'connect' && 'uri' in connected.endpoint ? connected.endpoint.uri : '';
    const original = { type: 'event', url: `${url}/event` };
    const body = JSON.stringify({
      ...{ uuid: 'media-leg', to, status: 'disconnected', conversation_uuid: call.conversationUuid },
      ...{ reason: 'Connection closed.', original_request: original },
    });
    const response = await fetch(`${url}/fallback`, { method: 'POST', body });
    expect(await response.text()).toContain('"action":"connect"');
  });

  it('is given up when its media never comes', async () => {
    const { cloud, app, abandoned } = await stage(untilEnded, {
      app: { settings: { attachMs: 50, departments: {} } },
    });
    const call = cloud.call({ to: TO, from: FROM, faults: { connectAfterMs: 2000 } });
    expect(await call.ended).toContain('REST');
    await eventual(() => app.callCount).toBe(0);
    expect(abandoned).toEqual(['media-never-attached']);
  });

  it('goes on when the listener dies: Vonage connects to the next one', async () => {
    const threads = new MortalThreads('gateways/vonage/edge-worker.ts');
    closers.push(() => {
      threads.close();
      return Promise.resolve();
    });
    const { cloud, app, abandoned } = await stage(untilEnded, {
      gateway: { supervision: threads.supervision },
    });
    const call = cloud.call({ to: TO, from: FROM });
    await call.answered;
    await eventual(() => app.callCount).toBe(1);
    threads.end('throw');
    await eventual(() => call.legs.length).toBe(2);
    expect(call.leg.open).toBe(true);
    expect(app.callCount).toBe(1);
    expect(abandoned).toEqual([]);
    await call.hangUp();
    await eventual(() => app.callCount).toBe(0);
  });

  it('is given up when the listener dies for good before its media has come', async () => {
    const threads = new MortalThreads('gateways/vonage/edge-worker.ts');
    closers.push(() => {
      threads.close();
      return Promise.resolve();
    });
    const supervision = { ...threads.supervision, threadPolicy: { failuresAMinute: 0 } };
    const { cloud, app, abandoned } = await stage(untilEnded, { gateway: { supervision } });
    const call = cloud.call({ to: TO, from: FROM, faults: { connectAfterMs: 60_000 } });
    await eventual(() => app.callCount).toBe(1);
    threads.end('throw');
    await eventual(() => abandoned).toEqual(['media-failed']);
    await eventual(() => app.callCount).toBe(0);
    expect(await call.ended).toContain('REST');
  });

  it('is given up when the caller leaves before its media has come', async () => {
    const { cloud, app, abandoned } = await stage(untilEnded);
    const call = cloud.call({ to: TO, from: FROM, faults: { connectAfterMs: 2000 } });
    await eventual(() => app.callCount).toBe(1);
    await call.hangUp();
    await eventual(() => app.callCount).toBe(0);
    expect(abandoned).toEqual(['caller-hung-up']);
  });

  it('gets its media back when the connection drops', async () => {
    const { cloud, app } = await stage(untilEnded);
    const call = cloud.call({ to: TO, from: FROM });
    const first = await call.answered;
    await eventual(() => app.callCount).toBe(1);
    first.drop();
    await eventual(() => call.legs.length).toBe(2);
    expect(call.leg.open).toBe(true);
    expect(app.callCount).toBe(1);
    await call.hangUp();
    await eventual(() => app.callCount).toBe(0);
  });

  it('goes on to the telephone of a department', async () => {
    const { cloud, app } = await stage((line) =>
      line.proceed({ VOICE_AGENT_RESULT: 'transfer', VOICE_AGENT_DEPARTMENT: 'billing' }),
    );
    const call = cloud.call({ to: TO, from: FROM });
    await eventual(() => call.connectedTo).toEqual(['442079460001']);
    await eventual(() => app.callCount).toBe(0);
    expect(call.endReason).toBeUndefined();
  });

  it('goes on to the default where the department has no telephone, and ends where there is none', async () => {
    const goOn: Run = (line) => line.proceed({ VOICE_AGENT_DEPARTMENT: 'parts' });
    const first = await stage(goOn);
    const call = first.cloud.call({ to: TO, from: FROM });
    await eventual(() => call.connectedTo).toEqual(['sip:desk@example.com']);
    const second = await stage(goOn, { app: { settings: { attachMs: 2000, departments: {} } } });
    const other = second.cloud.call({ to: TO, from: FROM });
    expect(await other.ended).toContain('REST');
    expect(second.warnings).toContainEqual(expect.stringContaining('nowhere to go on'));
  });

  const request = {
    endpoint: '+442079460009',
    callerId: { number: FROM },
    ringMs: 2000,
    whileRinging: 'ringing',
  } as const;

  it('is put through to a telephone that answers', async () => {
    const events: LineEvent[] = [];
    let outcome = '';
    const { cloud, app, gateway } = await stage(async (line) => {
      await line.answer();
      line.on((event) => events.push(event));
      outcome = await line.transfer(request, new AbortController().signal);
      await ended(line);
    });
    const call = cloud.call({ to: TO, from: FROM });
    await eventual(() => outcome).toBe('answered');
    expect(call.connectedTo).toEqual(['442079460009']);
    await eventual(() => gateway.sessionCount).toBe(0);
    await call.hangUp();
    await eventual(() => app.callCount).toBe(0);
    expect(events.at(-1)).toEqual({ type: 'ended', reason: 'caller-hung-up' });
  });

  it.each([
    ['busy', 'busy'],
    ['timeout', 'no-answer'],
    ['rejected', 'refused'],
    ['failed', 'failed'],
    ['silent', 'no-answer'],
  ] as const)('comes back to us from a telephone that is %s', async (telephone, expected) => {
    let outcome = '';
    const { cloud, app } = await stage(
      async (line, media) => {
        await line.answer();
        outcome = await line.transfer(request, new AbortController().signal);
        const playback = media.play();
        await playback.write({ encoding: 'pcm_s16', rateHz: 16000, samples: new Int16Array(3200).fill(900) });
        playback.end();
        await ended(line);
      },
      {
        cloud: { telephone: () => telephone },
        // Only our own net is waited for; it must not be quicker than Vonage's word.
        app: telephone === 'silent' ? { clock: hasty(10) } : {},
      },
    );
    const call = cloud.call({ to: TO, from: FROM });
    await eventual(() => outcome).toBe(expected);
    // One connect alone: the next one is the answer to its event, or, if that never comes, goes over REST.
    await eventual(() => call.nccos.map((actions) => actions.length)).toEqual([1, 1, 1]);
    expect(cloud.requests).toHaveLength(telephone === 'silent' ? 2 : 1);
    await eventual(() => call.legs.length).toBe(2);
    await eventual(() => call.leg.messages).toBe(10);
    await call.hangUp();
    await eventual(() => app.callCount).toBe(0);
    expect(call.complaints).toEqual([]);
  });

  it('comes back when the transfer is called off, and it is told if that fails', async () => {
    const outcomes: string[] = [];
    const cancel = [new AbortController(), new AbortController()] as const;
    const again = Promise.withResolvers<undefined>();
    const { cloud, warnings } = await stage(
      async (line) => {
        await line.answer();
        outcomes.push(await line.transfer(request, cancel[0].signal));
        await again.promise;
        outcomes.push(await line.transfer(request, cancel[1].signal));
        await ended(line);
      },
      { cloud: { telephone: () => 'silent' } },
    );
    const call = cloud.call({ to: TO, from: FROM });
    const ringing = () => cloud.webhooks.filter(({ payload }) => payload['to'] === '442079460009').length;
    await eventual(ringing).toBe(2);
    cancel[0].abort();
    await eventual(() => outcomes).toEqual(['cancelled']);
    await eventual(() => call.legs.length).toBe(2);
    again.resolve(undefined);
    await eventual(ringing).toBeGreaterThanOrEqual(5);
    cloud.failNext(500);
    cancel[1].abort();
    await eventual(() => outcomes).toEqual(['cancelled', 'cancelled']);
    expect(warnings).toContain('the caller could not be taken back');
    expect(call.complaints).toEqual([]);
  });

  it('is told that the target of the transfer has left', async () => {
    const events: string[] = [];
    const { cloud, app } = await stage(async (line) => {
      await line.answer();
      line.on(({ type }) => events.push(type));
      await line.transfer(request, new AbortController().signal);
      await ended(line);
    });
    const call = cloud.call({ to: TO, from: FROM });
    await eventual(() => call.connectedTo).toEqual(['442079460009']);
    await eventual(() =>
      cloud.webhooks.some(
        ({ payload }) => payload['status'] === 'answered' && payload['to'] === '442079460009',
      ),
    ).toBe(true);
    call.targetHangsUp();
    await eventual(() => app.callCount).toBe(0);
    expect(events).toEqual(['target-left', 'ended']);
  });

  it('ends when the two who talk have hung up, though Vonage’s word of it got lost', async () => {
    const { cloud, app } = await stage(
      async (line) => {
        await line.answer();
        await line.transfer({ ...request, ringMs: 115_000 }, new AbortController().signal);
        await ended(line);
      },
      { app: { clock: hasty(300), settings: { attachMs: 1_000_000, departments: {} } } },
    );
    const unsent = ({ status }: Readonly<Record<string, unknown>>): boolean => status === 'completed';
    const call = cloud.call({ to: TO, from: FROM, faults: { unsent } });
    const looks = () => cloud.requests.filter(({ method }) => method === 'GET').map(({ status }) => status);
    await eventual(() => looks().length).toBeGreaterThanOrEqual(2);
    cloud.failNext(500);
    await eventual(looks).toContain(500);
    expect(app.callCount).toBe(1);
    await call.hangUp();
    await eventual(() => app.callCount).toBe(0);
  });

  it('shows whom it calls a number of ours, and a ringing tone where there is none', async () => {
    const other = '442079460002';
    const { cloud } = await stage(
      async (line) => {
        const callerId = { name: 'Sales', number: `+${other}` };
        await line.transfer({ ...request, callerId }, new AbortController().signal);
        await line.transfer({ ...request, endpoint: 'sip:bob@example.com' }, new AbortController().signal);
        await ended(line);
      },
      {
        cloud: { telephone: () => 'busy' },
        app: {
          numbers: { [TO]: '510001', [other]: '510002' },
          settings: { attachMs: 2000, departments: {}, ringbackToneUrl: 'https://a.example/tone.mp3' },
        },
      },
    );
    const call = cloud.call({ to: TO, from: FROM });
    await eventual(() => call.nccos.length).toBe(5);
    expect(call.nccos[1]).toMatchObject([{ from: other }]);
    expect(call.nccos[3]).toMatchObject([{ from: TO }]);
    const asked = cloud.requests.map(({ body }) => JSON.stringify(body).includes('ringbackTone'));
    expect(asked).toEqual([false, true]);
  });

  it('isn’t moved by what Vonage tells of an earlier connection', async () => {
    const { cloud, app, url } = await stage(untilEnded, { app: { signature: undefined } });
    const call = cloud.call({ to: TO, from: FROM });
    const first = await call.answered;
    const tell = async (to: string, uuid: string): Promise<number> => {
      const body = JSON.stringify({
        uuid,
        to,
        status: 'disconnected',
        conversation_uuid: call.conversationUuid,
      });
      return (await fetch(`${url}/event`, { method: 'POST', body })).status;
    };
    const uriOf = (n: number) => {
      const [action] = call.nccos[n] ?? [];
      return action?.action === 'connect' && action.endpoint.type === 'websocket' ? action.endpoint.uri : '';
    };
    first.drop();
    await eventual(() => call.legs.length).toBe(2);
    expect(await tell(uriOf(0), 'another-leg')).toBe(204);
    // The same event once more is answered the same: our answer may have been lost.
    expect([await tell(uriOf(1), 'this-leg'), await tell(uriOf(1), 'this-leg')]).toEqual([200, 200]);
    expect(app.callCount).toBe(1);
  });

  it('isn’t put through to what Vonage can’t call, nor when Vonage refuses', async () => {
    const outcomes: string[] = [];
    const { cloud } = await stage(async (line) => {
      await line.answer();
      const { signal } = new AbortController();
      outcomes.push(await line.transfer({ ...request, endpoint: 'PJSIP/alice' }, signal));
      cloud.failNext(500);
      outcomes.push(await line.transfer(request, signal));
      await ended(line);
    });
    cloud.call({ to: TO, from: FROM });
    await eventual(() => outcomes).toEqual(['failed', 'failed']);
  });

  it('is sent keys', async () => {
    let refused = '';
    const { cloud } = await stage(async (line) => {
      await line.sendDtmf('12w#');
      await line.sendDtmf('A').catch((error: unknown) => (refused = String(error)));
      await ended(line);
    });
    const call = cloud.call({ to: TO, from: FROM });
    await eventual(() => call.digitsHeard.join('')).toBe('12p#');
    await eventual(() => refused).toContain('keys "A"');
  });
});

describe('webhooks', () => {
  it('are refused that Vonage didn’t sign', async () => {
    const { cloud, app, admitted, warnings } = await stage(untilEnded);
    const call = cloud.call({ to: TO, from: FROM, faults: { signature: { kind: 'wrong-secret' } } });
    await call.ended;
    await eventual(() => app.counts.forged).toBeGreaterThanOrEqual(2);
    expect(cloud.webhooks.every(({ status }) => status === 401)).toBe(true);
    expect(admitted).toEqual([]);
    expect(warnings[0]).toContain('a webhook is refused');
  });

  it('are answered the same when Vonage asks again, whatever has become of the call', async () => {
    const { cloud, app, admitted, url } = await stage(untilEnded);
    const fields = { to: TO, from: FROM, uuid: 'call-00000001', conversation_uuid: 'CON-1' };
    const body = JSON.stringify(fields);
    const authorization = signWebhook(cloud.account, body) ?? '';
    const ask = async (path = '/answer'): Promise<[number, string]> => {
      const headers = { authorization, 'content-type': 'application/json' };
      const response = await fetch(`${url}${path}`, { method: 'POST', headers, body });
      return [response.status, await response.text()];
    };
    const first = await ask();
    expect(first[0]).toBe(200);
    expect(await ask()).toEqual(first);
    expect(admitted).toHaveLength(1);
    const gone = JSON.stringify({ ...fields, status: 'completed' });
    await fetch(`${url}/event`, {
      method: 'POST',
      headers: { authorization: signWebhook(cloud.account, gone) ?? '' },
      body: gone,
    });
    await eventual(() => app.callCount).toBe(0);
    expect(await ask()).toEqual(first);
    expect(app.counts).toMatchObject({ answers: 1, replayed: 0 });
    expect(await ask('/fallback')).toEqual([401, '']);
    expect(app.counts).toMatchObject({ fallbacks: 0, replayed: 1 });
  });

  it.each([true, false])(
    'are answered again when the answer got lost (with the same token: %s)',
    async (sameToken) => {
      let busy = true;
      const { cloud, app } = await stage(untilEnded, {
        refuse: () => (busy ? { kind: 'proceed', variables: { VOICE_AGENT_RESULT: 'busy' } } : undefined),
      });
      const refused = cloud.call({ to: TO, from: FROM, faults: { sameToken, lost: () => true } });
      await refused.ended;
      expect(refused.spoken).toEqual(['All lines are busy.']);
      busy = false;
      const lost = ({ status }: Readonly<Record<string, unknown>>): boolean => status === 'disconnected';
      const call = cloud.call({ to: TO, from: FROM, faults: { sameToken, lost } });
      (await call.answered).drop();
      await eventual(() => call.legs.length).toBe(2);
      expect(call.leg.open).toBe(true);
      expect(app.counts).toMatchObject({ replayed: 0, forged: 0 });
      await call.hangUp();
      await eventual(() => app.callCount).toBe(0);
    },
  );

  it('are counted when they say nothing of a call', async () => {
    const { app, url } = await stage(untilEnded, { app: { signature: undefined } });
    const post = async (path: string, body: string): Promise<number> =>
      (await fetch(`${url}${path}`, { method: 'POST', body })).status;
    expect(await post('/answer', '{}')).toBe(400);
    expect(await post('/answer', 'no json')).toBe(400);
    expect(await post('/answer', '[]')).toBe(400);
    expect(await post('/event', '{"status":"completed","uuid":"unknown-call"}')).toBe(204);
    expect(await post('/event', '{"status":{"a":1},"headers":"x"}')).toBe(204);
    expect((await fetch(`${url}/answer`, { method: 'DELETE' })).status).toBe(405);
    expect(app.counts).toMatchObject({ malformed: 4, events: 2, answers: 0 });
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'take %s for a number like any other',
    async (to) => {
      const outcomes: string[] = [];
      const { cloud, admitted, warnings } = await stage(async (line) => {
        outcomes.push('running');
        await line.proceed({ VOICE_AGENT_DEPARTMENT: to });
      });
      const call = cloud.call({ to, from: FROM });
      await eventual(() => outcomes).toEqual(['running']);
      expect(admitted[0]?.dialled).toBe(to);
      await eventual(() => call.connectedTo).toEqual(['sip:desk@example.com']);
      expect(warnings).toEqual([]);
    },
  );

  it('leave no session behind when a call can’t be set up', async () => {
    const settings = {
      get attachMs(): number {
        throw new Error('broken on purpose');
      },
      departments: {},
    };
    const { cloud, app, gateway, abandoned } = await stage(untilEnded, { app: { settings } });
    const call = cloud.call({ to: TO, from: FROM });
    await call.ended;
    expect(call.spoken).toEqual(['Sorry.']);
    expect(abandoned).toEqual(['session-failed']);
    expect([gateway.sessionCount, app.callCount]).toEqual([0, 0]);
  });

  it('name the user of an app who has no number', async () => {
    const { admitted, url } = await stage(untilEnded, { app: { signature: undefined } });
    const body = JSON.stringify({ uuid: 'call-00000002', to: TO, from_user: 'alice' });
    expect((await fetch(`${url}/answer`, { method: 'POST', body })).status).toBe(200);
    expect(admitted[0]?.caller).toEqual({ number: 'alice' });
  });

  it('take an unmapped number for an extension', async () => {
    const { cloud, admitted } = await stage(untilEnded);
    const call = cloud.call({ to: '442079461111', from: FROM });
    await call.answered;
    expect(admitted[0]?.dialled).toBe('442079461111');
  });
});
