import { describe, expect, it } from 'vitest';
import { ownAddressTowards } from '../../../src/app/own-address.ts';

describe('Our own address, as a far side sees it,', () => {
  it('is loopback for somebody on this machine', async () => {
    expect(await ownAddressTowards('127.0.0.1')).toBe('127.0.0.1');
    expect(await ownAddressTowards('localhost')).toBe('127.0.0.1');
  });

  it('is told with a sentence when it cannot be found', async () => {
    await expect(ownAddressTowards('no-such-host.invalid')).rejects.toMatchObject({
      code: 'ARI_UNREACHABLE',
      message: expect.stringContaining('no-such-host.invalid') as string,
    });
  });
});
