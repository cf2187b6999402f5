import { describe, expect, it } from 'vitest';
import { AnsweredWebhooks } from '../../../src/telephony/vonage/answered-webhooks.ts';

describe('answered webhooks', () => {
  const made: string[] = [];
  const make = (body: string) => () => {
    made.push(body);
    return Promise.resolve({ status: 200, body });
  };

  it('are answered the same once more, before the first answer is there, too', async () => {
    const answered = new AnsweredWebhooks(1000);
    const token = { id: 'a', content: '/event x' };
    const first = answered.once(token, 0, make('first'));
    const again = answered.once(token, 999, make('second'));
    expect([await first, await again]).toEqual([
      { status: 200, body: 'first' },
      { status: 200, body: 'first' },
    ]);
    expect(answered.once({ id: 'a', content: '/event y' }, 999, make('third'))).toBeUndefined();
    expect(made).toEqual(['first']);
  });

  it('are forgotten when their token isn’t good any more, and the oldest when there are too many', () => {
    const answered = new AnsweredWebhooks(1000);
    for (let n = 0; n < 25_000; n += 1) void answered.once({ id: String(n), content: '' }, 0, make(''));
    expect(answered.size).toBe(20_000);
    void answered.once({ id: 'later', content: '' }, 1001, make(''));
    expect(answered.size).toBe(1);
  });
});
