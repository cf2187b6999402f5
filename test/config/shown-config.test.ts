import { describe, expect, it } from 'vitest';
import { shownConfig } from '../../src/config/shown-config.ts';

describe('A configuration that is shown', () => {
  it('has no secret in it, wherever it stands, and all the rest', () => {
    const config = {
      databaseUrl: 'postgres://agent:password-1@127.0.0.1/calls',
      asterisk: [{ url: 'http://127.0.0.1:8088', password: 'password-2' }],
      console: { enabled: true, operateToken: 'token-3' },
      httpTools: [
        {
          name: 'order',
          url: 'https://shop.example/orders?key=key-"4"-of-the-shop',
          headers: { Authorization: 'Bearer 5', 'X-Client': 'six' },
        },
      ],
    };
    expect(shownConfig(config, { SHOP_KEY: 'key-"4"-of-the-shop' })).toEqual({
      asterisk: [{ url: 'http://127.0.0.1:8088', password: '•••' }],
      console: { enabled: true, operateToken: '•••' },
      httpTools: [
        {
          name: 'order',
          url: 'https://shop.example/orders?key=(a secret, not shown)',
          headers: { Authorization: '•••', 'X-Client': '•••' },
        },
      ],
    });
  });
});
