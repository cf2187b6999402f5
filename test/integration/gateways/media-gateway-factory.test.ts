import { afterEach, describe, expect, it } from 'vitest';
import type { MediaGateway } from '../../../src/dialog/contract/ports.ts';
import { MediaGatewayFactory } from '../../../src/gateways/media-gateway-factory.ts';

describe('media gateway factory', () => {
  const open: MediaGateway[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((gateway) => gateway.close()));
  });

  it('lists the gateways that there are', () => {
    expect(MediaGatewayFactory.list()).toEqual(['rtp', 'vonage']);
  });

  it.each([
    ['rtp', { encoding: 'alaw', rateHz: 8000 }],
    ['vonage', { encoding: 'pcm_s16', rateHz: 16_000 }],
  ] as const)('creates a %s gateway that carries calls', async (kind, format) => {
    const gateway = await MediaGatewayFactory.create(kind, {});
    open.push(gateway);
    expect(gateway.kind).toBe(kind);
    const session = await gateway.reserve({ id: 'call', codec: 'alaw' });
    expect(session.format).toEqual(format);
  });

  it('refuses an unknown kind and names the known ones', async () => {
    await expect(MediaGatewayFactory.create('carrier-pigeon' as 'rtp', {})).rejects.toMatchObject({
      code: 'GATEWAY_UNKNOWN',
      message: 'unknown media gateway "carrier-pigeon"; known are: rtp, vonage',
    });
  });
});
