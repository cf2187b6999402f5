import { VoiceAgentError } from '../lib/errors.ts';
import { RtpMediaGateway, type RtpGatewayOptions } from './rtp-media-gateway.ts';
import { VonageMediaGateway, type VonageGatewayOptions } from './vonage-media-gateway.ts';

/** Every kind of gateway and how one is started: a new one is its file, and a line here. */
const STARTERS = {
  rtp: (options: RtpGatewayOptions) => RtpMediaGateway.start(options),
  vonage: (options: VonageGatewayOptions) => VonageMediaGateway.start(options),
};

export type GatewayKind = keyof typeof STARTERS;
type Options = { [Kind in GatewayKind]: Parameters<(typeof STARTERS)[Kind]>[0] };
type Gateways = { [Kind in GatewayKind]: Awaited<ReturnType<(typeof STARTERS)[Kind]>> };
/** The same table, in the form in which the compiler sees that a kind's options and its gateway belong together. */
const starters: { readonly [Kind in GatewayKind]: (options: Options[Kind]) => Promise<Gateways[Kind]> } =
  STARTERS;

export const MediaGatewayFactory = {
  /** The known kinds, sorted. */
  list(): readonly string[] {
    return Object.keys(starters).sort();
  },

  /** Starts a gateway. Rejects with GATEWAY_UNKNOWN naming the known kinds, or with what its start throws. */
  async create<Kind extends GatewayKind>(kind: Kind, options: Options[Kind]): Promise<Gateways[Kind]> {
    if (Object.hasOwn(starters, kind)) return starters[kind](options);
    const known = MediaGatewayFactory.list().join(', ');
    throw new VoiceAgentError('GATEWAY_UNKNOWN', `unknown media gateway "${kind}"; known are: ${known}`);
  },
};
