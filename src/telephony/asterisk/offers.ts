import { within } from '../../lib/abort.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { CallInfo } from '../../dialog/contract/call-info.ts';
import type { AriChannel } from './ari-model.ts';
import { callInfoOf, stasisArgsOf } from './caller-info.ts';
import type { FleetPart, StasisParts } from './stasis-options.ts';

/** What is to be done about a call that is offered. */
export type Decision =
  | {
      readonly claim: true;
      /** How long to wait, from the offer on; it may grow meanwhile. */
      afterMs(): Milliseconds;
      /** It was claimed, and will come. */
      won(): void;
      /** To be called once: the call counts where it is, or will never come. */
      over(): void;
    }
  | { readonly claim: false; readonly reason: string };

/** Decides about calls that Asterisk offers to several programs. May take a while, but no more than the offer lasts. */
export type Consider = (info: CallInfo) => Promise<Decision>;

/** How a claim ended: `over`: the offer did first; `no-start`: it was won, and the caller never came. */
type Outcome = 'won' | 'lost' | 'over' | 'failed' | 'no-start';

/** Totals since the start. */
export interface OfferStats {
  readonly offers: number;
  readonly claims: Readonly<Record<Outcome, number>>;
  /** Of those that weren't claimed, by why. */
  readonly declined: Readonly<Record<string, number>>;
}

const DRAINING = { claim: false, reason: 'draining' } as const;

/** Claims calls that Asterisk offers to all programs of a fleet (`StasisBroadcast()` in the dialplan). */
export class Offers {
  readonly #options: StasisParts;
  /** A caller was won and didn't come: maybe an event was lost. */
  readonly #onMissing: () => void;
  readonly #claims: Record<Outcome, number> = { won: 0, lost: 0, over: 0, failed: 0, 'no-start': 0 };
  readonly #declined: Record<string, number> = {};
  /** About whom is being decided: the dialplan offers whom nobody claims in time again. */
  readonly #inHand = new Set<string>();
  /** Who was won, until they are here. */
  readonly #expected = new Map<string, () => void>();
  #offers = 0;
  #draining = false;

  constructor(options: StasisParts, onMissing: () => void) {
    this.#options = options;
    this.#onMissing = onMissing;
  }

  get stats(): OfferStats {
    return { offers: this.#offers, claims: { ...this.#claims }, declined: { ...this.#declined } };
  }

  /** Nothing more is claimed from now on. */
  drain(): void {
    this.#draining = true;
  }

  /** A caller is here and known to the desk, or has left again. */
  received(channel: string): void {
    this.#expected.get(channel)?.();
  }

  /** Never rejects. */
  async offered(channel: AriChannel): Promise<void> {
    if (!this.#options.fleet || this.#inHand.has(channel.id)) return;
    this.#offers += 1;
    this.#inHand.add(channel.id);
    try {
      await this.#decide(channel, this.#options.fleet);
    } finally {
      this.#inHand.delete(channel.id);
    }
  }

  async #decide(channel: AriChannel, fleet: FleetPart): Promise<void> {
    const { server, clock } = this.#options;
    const info = callInfoOf(server.name, channel, stasisArgsOf(channel), {});
    const decision = this.#draining ? DRAINING : await fleet.consider(info);
    if (!decision.claim) {
      this.#decline(decision.reason);
      return;
    }
    try {
      let waited = 0;
      for (let due = decision.afterMs(); due > waited; due = decision.afterMs()) {
        await clock.sleep(due - waited);
        waited = due;
      }
      if (this.#draining) this.#decline(DRAINING.reason);
      else
        await this.#claim(channel, () => {
          decision.won();
        });
    } finally {
      decision.over();
    }
  }

  #decline(reason: string): void {
    this.#declined[reason] = (this.#declined[reason] ?? 0) + 1;
  }

  async #claim({ id: channel }: AriChannel, onWon: () => void): Promise<void> {
    const { rest, server, clock, settings, log } = this.#options;
    const here = Promise.withResolvers<boolean>();
    // Its StasisStart may overtake the answer to the claim.
    this.#expected.set(channel, () => {
      here.resolve(true);
    });
    try {
      const outcome = await rest.claim(channel, server.app);
      this.#claims[outcome] += 1;
      if (outcome !== 'won') return;
      onWon();
      if (await within(here.promise, settings.enterMs, clock, () => false)) return;
      this.#claims['no-start'] += 1;
      log.warn({ server: server.name, channel }, 'a caller who was claimed has not come');
      this.#onMissing();
    } catch (error) {
      this.#claims.failed += 1;
      log.warn({ server: server.name, channel, error: messageOf(error) }, 'a call could not be claimed');
    } finally {
      this.#expected.delete(channel);
    }
  }
}
