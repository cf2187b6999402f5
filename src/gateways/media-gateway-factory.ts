import type { MediaGateway } from '../dialog/ports.ts';
import { VoiceAgentError } from '../lib/errors.ts';

/**
 * The options of each kind of gateway. Each gateway's file adds its own line by declaration merging
 * and registers itself; whoever wants a kind imports its file (app.ts does), and nothing else changes.
 *
 *     declare module './media-gateway-factory.ts' {
 *       interface GatewayOptions { rtp: RtpGatewayOptions }
 *     }
 *     MediaGatewayFactory.register('rtp', (options) => RtpMediaGateway.start(options));
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- filled by declaration merging
export interface GatewayOptions {}

export type GatewayKind = keyof GatewayOptions;

type Opener = (options: unknown) => Promise<MediaGateway>;

const openers = new Map<string, Opener>();

export const MediaGatewayFactory = {
  /** Makes a kind known. The last one to register a name has it. */
  register<Kind extends GatewayKind>(
    kind: Kind,
    open: (options: GatewayOptions[Kind]) => Promise<MediaGateway>,
  ): void {
    openers.set(kind, open as Opener);
  },

  /** The known kinds, sorted. */
  list(): readonly string[] {
    return [...openers.keys()].sort();
  },

  /** Opens a gateway. Throws GATEWAY_UNKNOWN naming the known kinds, or what the gateway's start throws. */
  async create<Kind extends GatewayKind>(kind: Kind, options: GatewayOptions[Kind]): Promise<MediaGateway> {
    const open = openers.get(kind);
    if (open) return open(options);
    const known = MediaGatewayFactory.list().join(', ') || 'none';
    throw new VoiceAgentError('GATEWAY_UNKNOWN', `unknown media gateway "${kind}"; known are: ${known}`);
  },
};
