import { messageOf } from '../../lib/errors.ts';
import { isGone, isOutOfPlace } from './ari-error.ts';
import { callersIn, stasisArgsOf } from './caller-info.ts';
import { heartbeatVariable } from './heartbeat.ts';
import { isTarget, objectIds, type ObjectIds } from './object-ids.ts';
import type { StasisParts } from './stasis-options.ts';

/** As res_pjsip counts them (its CHANNEL function, "rtcp"). */
const PACKETS_SENT = 'CHANNEL(rtcp,txcount)';

/** A caller of another program of the fleet. */
export interface StrandedCaller {
  readonly channel: string;
  /** Talks with a person to whom the program had put them through. */
  readonly withPerson: boolean;
  /** How many packets of sound they have been sent so far; undefined: their kind of channel doesn't tell. Rejects with an AriError. */
  packets(): Promise<string | undefined>;
  /** Makes them ours: they come into our app. False: they are gone. Rejects with an AriError. */
  take(): Promise<boolean>;
}

/** What other programs of the fleet have at one Asterisk, and how to take it over when one has died. */
export class Neighbours {
  readonly #options: StasisParts;

  constructor(options: StasisParts) {
    this.#options = options;
  }

  /** Changes as long as that node lives and reaches this Asterisk; undefined: it never did. Rejects with an AriError. */
  lifeSign(node: string): Promise<string | undefined> {
    return this.#options.rest.globalVariable(heartbeatVariable(this.#appOf(node)));
  }

  /** Who is in a node's hands. Rejects with an AriError. */
  async callersOf(node: string): Promise<readonly StrandedCaller[]> {
    const { rest, server } = this.#options;
    const application = await rest.application(this.#appOf(node));
    // Mostly there is nobody.
    if (!application || application.channels.length === 0) return [];
    const [channels, bridges] = await Promise.all([rest.channels(), rest.bridges()]);
    return callersIn(channels, application, this.#idsOf(node)).map((caller) => {
      const around = bridges.filter((bridge) => bridge.channels.includes(caller.id));
      return {
        channel: caller.id,
        packets: () => rest.variable(caller.id, PACKETS_SENT),
        withPerson: around.some((bridge) => bridge.channels.some(isTarget)),
        // What else there was of the call is swept later: its node, should it live, mustn't miss that before its caller.
        take: () => rest.move(caller.id, server.app, stasisArgsOf(caller)),
      };
    });
  }

  /**
   * Deletes what a node that has died made here for its calls, beside what callers have who talk with a person through it.
   * `isDead` is asked between the list and the deed: what a node that came back makes is in no list of before. False: nothing
   * was done. Never rejects.
   */
  async sweep(node: string, isDead: () => Promise<boolean>): Promise<boolean> {
    const { rest, server, log } = this.#options;
    const ids = this.#idsOf(node);
    try {
      const [channels, bridges] = await Promise.all([rest.channels(), rest.bridges()]);
      if (!(await isDead())) return false;
      const used = bridges.filter(
        (bridge) =>
          bridge.channels.some(isTarget) && bridge.channels.some((channel) => !ids.ownedByApp(channel)),
      );
      const kept = new Set(used.flatMap((bridge) => [bridge.id, ...bridge.channels]));
      const isLost = ({ id }: { readonly id: string }): boolean => ids.ownedByApp(id) && !kept.has(id);
      const lost = channels.filter(isLost);
      const lostBridges = bridges.filter(isLost);
      if (lost.length + lostBridges.length === 0) return true;
      const fields = { server: server.name, node, channels: lost.length, bridges: lostBridges.length };
      log.warn(fields, 'sweeping what a node that has died left behind');
      await Promise.all(lost.map(({ id }) => this.#attempt(() => rest.hangUp(id))));
      await Promise.all(lostBridges.map(({ id }) => this.#attempt(() => rest.destroyBridge(id))));
      return true;
    } catch (error) {
      log.warn({ server: server.name, node, error: messageOf(error) }, 'what a node left could not be swept');
      return false;
    }
  }

  #appOf(node: string): string {
    return `${this.#options.fleet?.family ?? ''}.${node}`;
  }

  /** Whatever its instances are called. */
  #idsOf(node: string): ObjectIds {
    return objectIds(this.#appOf(node), '');
  }

  /** What is gone needn't be deleted, and what can't be is swept later. */
  async #attempt(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (isGone(error) || isOutOfPlace(error)) return;
      const { server, log } = this.#options;
      log.warn(
        { server: server.name, error: messageOf(error) },
        'a part of a lost call could not be deleted',
      );
    }
  }
}
