import type { RtpGatewayOptions } from '../../../src/gateways/rtp-media-gateway.ts';

/** How packets go in the tests of this file: the RTP gateway's run once each way. */
export const tried: { io: NonNullable<RtpGatewayOptions['io']> } = { io: 'auto' };
