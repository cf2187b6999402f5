/** Vonage's port: its media connections, and its webhooks, through call control. */
import { VonageMediaGateway } from '../../../src/gateways/vonage-media-gateway.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createSignatureCheck } from '../../../src/telephony/vonage/signed-webhook.ts';
import { VonageApp, WEBHOOK_PATHS } from '../../../src/telephony/vonage/vonage-app.ts';
import { createVonageRest } from '../../../src/telephony/vonage/vonage-rest.ts';
import { createTestDesk, createTestLog, eventually } from '../../support/ari-desk.ts';
import { createVonageAccount, signWebhook } from '../../support/vonage/account.ts';
import { bytesOf, must, readCorpus, type FuzzTarget, type Session } from '../target.ts';
import { exchange, handshake, onTheWire, serves } from './raw-socket.ts';

export async function openVonageMedia(): Promise<FuzzTarget> {
  const gateway = await VonageMediaGateway.start({ onWarning: () => undefined });
  return {
    corpus: readCorpus('vonage-media'),
    async run(session) {
      const media = await gateway.reserve({ id: 'call' });
      await exchange(gateway.port, [
        handshake(new URL(media.endpoint.url).pathname),
        ...session.map(onTheWire),
      ]);
      media.attached.catch(() => undefined);
      await media.close();
      must(gateway.restarts === 0 && gateway.trouble === undefined, 'the thread lives');
      await serves(gateway.port, '/nothing', 404);
    },
    close: () => gateway.close(),
  };
}

export async function openVonageHttp(): Promise<FuzzTarget> {
  const account = createVonageAccount();
  const [desk, log] = [createTestDesk(), createTestLog()];
  const gateway = await VonageMediaGateway.start({
    paths: WEBHOOK_PATHS,
    onRequest: (request) => app.handle(request),
    onWarning: () => undefined,
  });
  const app = new VonageApp({
    desk,
    gateway,
    clock: systemClock,
    log,
    publicUrl: gateway.publicUrl,
    signature: createSignatureCheck({
      secret: account.signatureSecret,
      applicationId: account.applicationId,
      wallClock: () => Date.now(),
    }),
    rest: createVonageRest({
      // Nobody is there.
      apiUrl: 'http://127.0.0.1:9',
      applicationId: account.applicationId,
      privateKey: account.privateKey,
      wallClock: () => Date.now(),
    }),
    numbers: { '15550100001': '510001' },
    texts: { language: 'en', busy: 'Busy.', trouble: 'Trouble.' },
    settings: { attachMs: 50, departments: {} },
  });
  const post = (path: string, body: object): string => {
    const text = JSON.stringify(body);
    const signature = signWebhook(account, text) ?? '';
    return [
      `POST ${path} HTTP/1.1`,
      'host: localhost',
      'content-type: application/json',
      `authorization: ${signature}`,
      `content-length: ${Buffer.byteLength(text)}`,
      '',
      text,
    ].join('\r\n');
  };
  const call = {
    from: '447700900123',
    to: '15550100001',
    uuid: 'aaaaaaaa-bbbb-cccc-dddd-0123456789ab',
    conversation_uuid: 'CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab',
  };
  const event = { ...call, status: 'completed', direction: 'inbound', timestamp: '2026-01-01T00:00:00.000Z' };
  const corpus: readonly Session[] = [
    [post('/answer', call), post('/event', { ...event, status: 'started' }), post('/event', event)],
    [`GET /answer?from=447700900123&to=15550100001&uuid=${call.uuid} HTTP/1.1\r\nhost: localhost\r\n\r\n`],
    [Buffer.from(handshake('/media/0123456789abcdef')).toString()],
  ];
  return {
    corpus,
    async run(session) {
      await exchange(gateway.port, session.map(bytesOf));
      await serves(gateway.port, '/nothing', 404);
      must(gateway.restarts === 0 && gateway.trouble === undefined, 'the thread lives');
      await eventually('no call is left that nobody has', () => app.callCount < 100);
      must(!log.lines.some(({ level }) => level === 'error'), `nothing breaks: ${log.text()}`);
      for (const kept of [desk.calls, desk.asked, desk.abandoned, log.lines]) kept.length = 0;
    },
    async close() {
      await app.close();
      await gateway.close();
    },
  };
}
