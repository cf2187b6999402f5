import type { Config } from '../config.ts';
import type { CallDesk } from '../dialog/contract/ports.ts';
import type { VonageMediaGateway } from '../gateways/vonage-media-gateway.ts';
import { MediaGatewayFactory } from '../gateways/media-gateway-factory.ts';
import { systemClock } from '../lib/clock.ts';
import type { HttpHandler } from '../lib/http-exchange.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import { createSignatureCheck } from '../telephony/vonage/signed-webhook.ts';
import { digitsOf } from '../telephony/vonage/ncco.ts';
import { VONAGE_SERVER, VonageApp, WEBHOOK_PATHS } from '../telephony/vonage/vonage-app.ts';
import { uncallableTargets } from './transfer-targets.ts';
import type { OnAbandoned } from '../threads/supervised-thread.ts';
import { createVonageRest, regionsBeside } from '../telephony/vonage/vonage-rest.ts';

/** The Vonage side of the program: its listener is open, and takes calls once it is started. */
export interface VonageSide {
  readonly gateway: VonageMediaGateway;
  start(desk: CallDesk): VonageApp;
}

/** Undefined: it isn't enabled. Throws MEDIA_PORT_UNAVAILABLE or VONAGE_REQUEST_FAILED (the private key). */
export async function openVonage(
  config: Config,
  log: Logger,
  scope: Scope,
  onAbandoned: OnAbandoned,
): Promise<VonageSide | undefined> {
  const settings = config.gateways.vonage;
  const { publicUrl, applicationId = '', privateKey, signatureSecret, allowUnsigned } = settings;
  if (!settings.enabled || publicUrl === undefined) return undefined;
  const wallClock = systemClock.wallClock.bind(systemClock);
  const rest =
    privateKey === undefined
      ? undefined
      : createVonageRest({
          apiUrl: settings.apiUrl,
          regionOf: regionsBeside(settings.apiUrl),
          applicationId,
          privateKey,
          wallClock,
        });
  const signature =
    signatureSecret === undefined
      ? undefined
      : createSignatureCheck({
          secret: signatureSecret,
          applicationId,
          apiKey: settings.apiKey,
          allowUnsigned,
          wallClock,
        });
  const ownLog = log.child({ server: VONAGE_SERVER });
  if (allowUnsigned) {
    ownLog.warn(
      {},
      'gateways.vonage.allowUnsigned: webhooks are taken WITHOUT A SIGNATURE; whoever knows the address can place calls',
    );
  }
  if (!rest) {
    ownLog.warn({}, 'gateways.vonage.privateKey is missing: callers can not be put through, nor sent keys');
  }

  for (const text of uncallableTargets(config)) ownLog.warn({}, text);

  let app: VonageApp | undefined;
  let handler: HttpHandler = () => Promise.resolve({ status: 503, headers: { 'retry-after': '1' } });
  const gateway = await MediaGatewayFactory.create('vonage', {
    listenAddress: settings.listenAddress,
    port: settings.listenPort,
    publicUrl,
    rateHz: settings.sampleRateHz,
    ticketMs: settings.attachMs,
    paths: WEBHOOK_PATHS,
    onRequest: (request) => handler(request),
    onDropped: (call) => app?.mediaDropped(call),
    limits: { maxConnections: settings.maxConnections, reattachMs: settings.reattachMs },
    supervision: { onAbandoned },
    onWarning: (message) => {
      ownLog.warn({ part: 'media' }, message);
    },
  });
  scope.defer(() => gateway.close(), 'the Vonage gateway');
  const { port, rateHz } = gateway;
  ownLog.info({ address: settings.listenAddress, port, rateHz, publicUrl }, 'listening for Vonage');

  return {
    gateway,
    start(desk) {
      const { busy, trouble, language } = config.announcements;
      const started = new VonageApp({
        desk,
        gateway,
        clock: systemClock,
        log: ownLog,
        publicUrl: gateway.publicUrl,
        signature,
        rest,
        numbers: extensionsOf(config),
        texts: { language, busy, trouble },
        settings: {
          attachMs: settings.attachMs,
          departments: settings.departments,
          ringbackToneUrl: settings.ringbackToneUrl,
        },
      });
      app = started;
      handler = (request) => started.handle(request);
      scope.defer(() => started.close(), "Vonage's calls");
      return started;
    },
  };
}

/** By called number, in digits: the extension of the agent that answers it. */
function extensionsOf(config: Config): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config.gateways.vonage.numbers).map(([number, target]) => {
      const agent = config.agents.find(({ id }) => id === target);
      return [digitsOf(number), agent?.extensions[0] ?? target];
    }),
  );
}
