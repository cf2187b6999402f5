import type { Milliseconds } from '../../lib/clock.ts';

/** The session that a connection belongs to, or why it is refused. */
export type Redemption = { readonly session: number } | { readonly refused: 'unknown' | 'used' | 'late' };

/** This many void tickets are remembered, so that a client with one is told why it is refused. */
const REMEMBERED = 1000;

/**
 * One-time tickets, the unguessable part of a session's URL. A ticket lets one connection in, once, before
 * its time is up, and before its session is given another one. Pure: the time is an argument.
 */
export class MediaTickets {
  readonly #valid = new Map<string, { readonly session: number; readonly until: Milliseconds }>();
  readonly #bySession = new Map<number, string>();
  readonly #spent = new Map<string, 'used' | 'late'>();

  get size(): number {
    return this.#valid.size;
  }

  issue(ticket: string, session: number, until: Milliseconds): void {
    this.withdraw(session);
    this.#valid.set(ticket, { session, until });
    this.#bySession.set(session, ticket);
  }

  redeem(ticket: string, now: Milliseconds): Redemption {
    const known = this.#valid.get(ticket);
    if (known === undefined) return { refused: this.#spent.get(ticket) ?? 'unknown' };
    const late = now > known.until;
    this.#spend(known.session, late ? 'late' : 'used');
    return late ? { refused: 'late' } : { session: known.session };
  }

  /** The session is over: its ticket becomes void. */
  withdraw(session: number): void {
    this.#spend(session, 'late');
  }

  #spend(session: number, how: 'used' | 'late'): void {
    const ticket = this.#bySession.get(session);
    if (ticket === undefined) return;
    this.#bySession.delete(session);
    this.#valid.delete(ticket);
    this.#spent.set(ticket, how);
    if (this.#spent.size <= REMEMBERED) return;
    const [oldest] = this.#spent.keys();
    if (oldest !== undefined) this.#spent.delete(oldest);
  }
}
