import { describe, expect, it } from 'vitest';
import { MediaTickets } from '../../../src/gateways/vonage/media-tickets.ts';

describe('media tickets', () => {
  it('let one connection in, once, and in time', () => {
    const tickets = new MediaTickets();
    tickets.issue('a', 1, 100);
    tickets.issue('b', 2, 100);
    expect(tickets.redeem('a', 100)).toEqual({ session: 1 });
    expect(tickets.redeem('a', 100)).toEqual({ refused: 'used' });
    expect(tickets.redeem('b', 101)).toEqual({ refused: 'late' });
    expect(tickets.redeem('c', 0)).toEqual({ refused: 'unknown' });
    expect(tickets.size).toBe(0);
  });

  it('are void when their session has been given another one', () => {
    const tickets = new MediaTickets();
    tickets.issue('a', 1, 100);
    tickets.issue('b', 1, 100);
    expect(tickets.redeem('a', 0)).toEqual({ refused: 'late' });
    expect(tickets.redeem('b', 0)).toEqual({ session: 1 });
  });

  it('are void when their session is over', () => {
    const tickets = new MediaTickets();
    tickets.issue('a', 1, 100);
    tickets.withdraw(1);
    tickets.withdraw(1);
    expect(tickets.redeem('a', 0)).toEqual({ refused: 'late' });
  });

  it('are remembered for a while after they are void, up to a limit', () => {
    const tickets = new MediaTickets();
    for (let n = 0; n <= 1000; n += 1) {
      tickets.issue(String(n), n, 100);
      tickets.redeem(String(n), 0);
    }
    expect(tickets.redeem('0', 0)).toEqual({ refused: 'unknown' });
    expect(tickets.redeem('1', 0)).toEqual({ refused: 'used' });
  });
});
