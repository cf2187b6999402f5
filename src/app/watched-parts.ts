import type { StaffedAgent } from '../dialog/call/call-desk.ts';
import type { RtpMediaGateway } from '../gateways/rtp-media-gateway.ts';
import type { VonageMediaGateway } from '../gateways/vonage-media-gateway.ts';
import type { StasisApp } from '../telephony/asterisk/stasis-app.ts';
import type { VonageApp } from '../telephony/vonage/vonage-app.ts';
import type { Monitoring } from './monitoring.ts';
import type { ProviderPool } from './providers.ts';

/** Those counts of webhooks that are of refused ones. */
const REFUSED_WEBHOOKS = new Set(['forged', 'replayed', 'malformed']);

/** Lets readiness and metrics see the parts that may fail by themselves. */
export function watchParts(
  monitoring: Monitoring,
  {
    gateway,
    vonage,
    vonageApp,
    providers,
    agents,
    apps,
  }: {
    /** Of Asterisk's calls, if there are any. */
    readonly gateway: RtpMediaGateway | undefined;
    readonly vonage?: VonageMediaGateway | undefined;
    readonly vonageApp?: VonageApp | undefined;
    readonly providers: ProviderPool;
    readonly agents: readonly StaffedAgent[];
    readonly apps: readonly StasisApp[];
  },
): void {
  if (gateway) monitoring.check('media', () => mediaTrouble(gateway));
  if (vonage) monitoring.check('vonage', () => vonage.trouble && `the listener: ${vonage.trouble}`);
  for (const { part, provider } of providers.statuses()) {
    const status = () => providers.statuses().find((one) => one.part === part && one.provider === provider);
    monitoring.check(`${part}:${provider}`, () => status()?.trouble);
  }
  const tools = new Set(agents.flatMap((agent) => [...agent.tools.keys()]));
  monitoring.watch({
    tools: () => tools,
    providers: () => providers.statuses(),
    breakers: () =>
      providers.states.map(({ part, provider, state }) => ({ part, provider, open: state === 'open' })),
    mediaThreads: () => [
      ...(gateway
        ? gateway.report.threads.map(({ name, trouble, restarts, sessions, unknownPeers }) => ({
            name,
            alive: trouble === undefined,
            restarts,
            sessions,
            unknownPeers,
          }))
        : []),
      ...(vonage
        ? [
            {
              name: 'vonage-edge',
              alive: vonage.trouble === undefined,
              restarts: vonage.restarts,
              sessions: vonage.sessionCount,
            },
          ]
        : []),
    ],
    refusals: () => [
      ...Object.entries(vonage?.counts ?? {}),
      ...Object.entries(vonageApp?.counts ?? {}).filter(([what]) => REFUSED_WEBHOOKS.has(what)),
    ],
    asterisk: () =>
      apps.map((app) => {
        const { stream, offers } = app.stats();
        const { state, opened, events, malformed } = stream;
        const { name } = app.server;
        return { server: name, connected: state === 'open', connections: opened, events, malformed, offers };
      }),
  });
}

export function watchAsterisk(monitoring: Monitoring, app: StasisApp): void {
  monitoring.check(`asterisk:${app.server.name}`, () => asteriskTrouble(app));
}

/** Why calls would have no sound. */
function mediaTrouble(gateway: RtpMediaGateway): string | undefined {
  const dead = gateway.report.threads.find(({ trouble }) => trouble !== undefined);
  return dead && `media thread ${dead.name}: ${dead.trouble ?? ''}`;
}

/** Why Asterisk wouldn't bring us any calls. */
function asteriskTrouble(app: StasisApp): string | undefined {
  const { stream, trouble } = app.stats();
  const { state } = stream;
  if (state === 'open') return trouble;
  return state === 'replaced'
    ? `another program has taken the Stasis app "${app.server.app}" (ARI_APP_TAKEN)`
    : `no ARI connection (${state})`;
}
