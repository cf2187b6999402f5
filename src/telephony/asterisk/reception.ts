import { messageOf } from '../../lib/errors.ts';
import type { FailureDomain } from '../../lib/failure-domain.ts';
import { Throttle } from '../../lib/throttle.ts';
import { callDomain } from '../call-domain.ts';
import { isChannelGone } from './ari-error.ts';
import type { AriChannel } from './ari-model.ts';
import { AsteriskCall } from './asterisk-call.ts';
import { troubleFarewell } from './call-machine.ts';
import { callInfoOf } from './caller-info.ts';
import { isDialled, tellUnreached, unansweredReason } from './placed-call.ts';
import type { Reconciler } from './reconciler.ts';
import type { StasisParts } from './stasis-options.ts';
import { Turnstile } from './turnstile.ts';

/** New callers about whom Asterisk is asked at a time: few, so that the requests of running calls don't wait behind theirs. */
const AT_ONCE = 8;
/** When more wait, the oldest are found some seconds later, when Asterisk is looked through. */
const MOST_WAITING = 1000;
/** Between two lines about the same. */
const TELL_MS = 60_000;

type Variables = Readonly<Record<string, string>>;

/** A caller on the way in. */
interface Arriving {
  readonly channel: AriChannel;
  /** They have hung up meanwhile; `cause`: Q.850's, where it is known. */
  left?: { readonly cause: number | undefined };
}

/** Takes callers in: asks the desk, and begins their call or sends them on in the dialplan. */
export class Reception {
  readonly #options: StasisParts;
  readonly #reconciler: Reconciler;
  /** Callers who haven't been announced to the desk yet, or who are being sent on. */
  readonly #arriving = new Map<string, Arriving>();
  readonly #door = new Turnstile(AT_ONCE, MOST_WAITING);
  readonly #overflows: Throttle;
  readonly #absences: Throttle;
  #draining = false;

  constructor(options: StasisParts, reconciler: Reconciler) {
    this.#options = options;
    this.#reconciler = reconciler;
    this.#overflows = new Throttle(options.clock, TELL_MS);
    this.#absences = new Throttle(options.clock, TELL_MS);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** New callers are sent on from now on. */
  drain(): void {
    this.#draining = true;
  }

  channelLeft(channel: string, cause?: number): void {
    const arriving = this.#arriving.get(channel);
    // Of somebody who is called, only the hang-up says why they didn't answer.
    if (!arriving || (cause === undefined && isDialled(arriving.channel))) return;
    arriving.left = { cause };
    this.#forget(arriving);
  }

  /** A caller may have left and come back meanwhile. */
  #forget(arriving: Arriving): void {
    const { id } = arriving.channel;
    if (this.#arriving.get(id) === arriving) this.#arriving.delete(id);
  }

  /** A caller has come into the app. Nothing if they are known already. Never rejects. */
  async receive(channel: AriChannel, args: readonly string[]): Promise<void> {
    const { index, ids, clock, log, server } = this.#options;
    if (index.ownerOf(channel.id) || this.#arriving.has(channel.id) || ids.ownedByApp(channel.id)) return;
    const arriving: Arriving = { channel };
    this.#arriving.set(channel.id, arriving);
    const turn = this.#door.enter();
    if (turn && !(await turn)) {
      this.#forget(arriving);
      const times = this.#overflows.due();
      if (times !== undefined) {
        log.warn({ server: server.name, times }, 'more callers at once than can be taken in');
      }
      this.#reconciler.sweepSoon();
      return;
    }
    try {
      if (arriving.left && !isDialled(channel)) return;
      const domain = callDomain({ clock, log, server: server.name, channel: channel.id });
      await domain.run(() => this.#welcome(arriving, args, domain));
    } finally {
      this.#forget(arriving);
      this.#door.leave();
    }
  }

  /** Never rejects. */
  async sendOn(channel: string, variables: Variables): Promise<void> {
    const { server, log, rest } = this.#options;
    log.info({ server: server.name, channel, ...variables }, 'a caller is sent on in the dialplan');
    await this.#reconciler.attempt('sending a caller on', async () => {
      await Promise.all(
        Object.entries(variables).map(([name, value]) => rest.setVariable(channel, name, value)),
      );
      await rest.proceed(channel);
    });
  }

  async #welcome(arriving: Arriving, args: readonly string[], domain: FailureDomain): Promise<void> {
    const { server, log, channelVariables = [] } = this.#options;
    const { channel } = arriving;
    try {
      // Nothing to be read: the desk is asked within this tick.
      const variables = channelVariables.length === 0 ? {} : await this.#read(channel, channelVariables);
      if (arriving.left && !isDialled(channel)) return;
      const onward = this.#admit(arriving, args, variables, domain);
      // Somebody we are calling has no place in the dialplan.
      if (arriving.left) return;
      if (onward && isDialled(channel)) await this.#options.rest.hangUp(channel.id);
      else if (onward) await this.sendOn(channel.id, onward);
    } catch (error) {
      if (isChannelGone(error)) {
        const times = this.#absences.due();
        if (times !== undefined)
          log.info({ server: server.name, times }, 'a caller was told of who is not there');
        return;
      }
      const fields = { server: server.name, channel: channel.id, error: messageOf(error), err: error };
      log.error(fields, 'a caller could not be received');
      await this.sendOn(channel.id, { VOICE_AGENT_RESULT: 'error', VOICE_AGENT_REASON: 'not-received' });
    } finally {
      if (!this.#options.index.ownerOf(channel.id)) domain.close();
    }
  }

  /** Begins the call, or says with which variables the caller is to go on. */
  #admit(
    { channel, left }: Arriving,
    args: readonly string[],
    variables: Variables,
    domain: FailureDomain,
  ): Variables | undefined {
    const { server, desk, orders } = this.#options;
    const order = orders.get(channel.id);
    orders.delete(channel.id);
    const info = callInfoOf(server.name, channel, args, { ...variables, ...order?.variables });
    if (left) {
      tellUnreached(desk, info, unansweredReason(left.cause));
      return undefined;
    }
    // The desk is asked even if the answer is known, because it reports every call.
    const admission = desk.admit(info);
    if (admission.kind === 'proceed') return admission.variables;
    if (this.#draining) {
      admission.abandoned?.('draining');
      return { VOICE_AGENT_RESULT: 'draining' };
    }
    if (domain.failed) {
      admission.abandoned?.('internal-error');
      return troubleFarewell('internal-error').variables;
    }
    new AsteriskCall({
      ...this.#options,
      info,
      channel,
      acceptance: admission,
      order,
      domain,
      sweeper: this.#reconciler,
    });
    return undefined;
  }

  async #read(channel: AriChannel, names: readonly string[]): Promise<Variables> {
    const { rest } = this.#options;
    const whenMissing = isDialled(channel) ? () => undefined : unlessGone;
    const read = async (name: string): Promise<[string, string] | undefined> => {
      const value = channel.variables[name] ?? (await rest.variable(channel.id, name).catch(whenMissing));
      return value === undefined ? undefined : [name, value];
    };
    const [first = '', ...others] = names;
    const known = read(first);
    // When many come at once, some may be gone already: one request finds that out.
    if (this.#door.crowded) await known;
    const reads = [known, ...others.map(read)];
    return Object.fromEntries((await Promise.all(reads)).filter((entry) => entry !== undefined));
  }
}

/** A variable that can't be read counts as not set; but a caller who is gone needn't be received, unless we have called them. */
function unlessGone(error: unknown): undefined {
  if (isChannelGone(error)) throw error;
}
