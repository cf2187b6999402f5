import { within } from '../../lib/abort.ts';
import type { CallInfo } from '../../dialog/contract/call-info.ts';
import type { EndReason } from '../../dialog/contract/end-reason.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import type { AriChannel, AriEvent } from './ari-model.ts';
import type { AriRest } from './ari-rest.ts';
import type { AsteriskCall } from './asterisk-call.ts';
import { CallIndex } from './call-index.ts';
import { isOver, legsOf } from './call-states.ts';
import type { StreamState } from './event-stream.ts';
import type { Heart } from './heartbeat.ts';
import { HangupCauses } from './hangup-causes.ts';
import { LossWatch } from './loss-watch.ts';
import { Neighbours } from './neighbours.ts';
import { objectIds } from './object-ids.ts';
import { Offers, type OfferStats } from './offers.ts';
import { Reception } from './reception.ts';
import { tellUnreached, unansweredReason, type CallOrder } from './placed-call.ts';
import { callerBehind } from './replacing-caller.ts';
import { Reconciler } from './reconciler.ts';
import type { StasisAppOptions, StasisParts, StasisSettings } from './stasis-options.ts';
import { outcomeOfCause } from './target-caller.ts';

const DRAINING = { VOICE_AGENT_RESULT: 'draining' };

/** Passes events to the calls that they are about and new callers to the desk, and sets things right after a gap in the events. */
export class Switchboard {
  readonly #parts: StasisParts;
  readonly #reconciler: Reconciler;
  readonly #reception: Reception;
  readonly #lossWatch: LossWatch;
  readonly #offers: Offers;
  readonly #causes = new HangupCauses();
  /** Of the other programs of the fleet. */
  readonly neighbours: Neighbours;

  constructor(options: StasisAppOptions, settings: StasisSettings, rest: AriRest, heart: Heart) {
    const ids = objectIds(options.server.app, options.server.instance);
    this.#parts = {
      ...options,
      settings,
      rest,
      heart,
      ids,
      index: new CallIndex<AsteriskCall>(),
      orders: new Map(),
    };
    this.#reconciler = new Reconciler(this.#parts, (channel, args) => this.#reception.receive(channel, args));
    this.#reception = new Reception(this.#parts, this.#reconciler);
    this.#lossWatch = new LossWatch(this.#parts);
    this.#offers = new Offers(this.#parts, () => void this.#reconciler.reconcile({ sweep: true }));
    this.neighbours = new Neighbours(this.#parts);
  }

  get offers(): OfferStats {
    return this.#offers.stats;
  }

  /** `calls`: those that still have a caller. `unfinished`: those that still hold anything. */
  stats(): { readonly calls: number; readonly unfinished: number; readonly draining: boolean } {
    const { calls } = this.#parts.index;
    const inProgress = calls.filter(({ state }) => legsOf(state).length > 0);
    return { calls: inProgress.length, unfinished: calls.length, draining: this.#reception.draining };
  }

  onEvent(event: AriEvent): void {
    const index = this.#parts.index;
    switch (event.type) {
      case 'StasisStart':
        this.#onStasisStart(event.channel, event.args, event.replaces);
        return;
      case 'CallBroadcast':
        void this.#offers.offered(event.channel);
        return;
      case 'StasisEnd':
        // If somebody we call doesn't answer, only the hang-up (ChannelDestroyed) says why.
        if (!this.#ringing(event.channel)) this.#onChannelLeft(event.channel);
        return;
      case 'ChannelStateChange':
        if (event.state === 'Up') index.callWith('leg', event.channel)?.pickedUp();
        return;
      case 'ChannelHangupRequest':
        this.#causes.request(event.channel, event.causeCode);
        return;
      case 'ChannelDestroyed':
        this.#onChannelLeft(event.channel, this.#causes.end(event.channel, event.causeCode));
        return;
      case 'BridgeDestroyed': {
        const reason = this.#reasonToLeave() ?? 'bridge-destroyed';
        index.callWith('bridge', event.bridge)?.signal({ type: 'lost', resource: 'bridge', reason });
        return;
      }
      case 'ChannelDtmfReceived':
        index.callWith('leg', event.channel)?.tell({ type: 'dtmf', digit: event.digit });
        index
          .callWith('target', event.channel)
          ?.signal({ type: 'targetPressed', target: event.channel, digit: event.digit });
        return;
      case 'ChannelHold':
        index.callWith('leg', event.channel)?.tell({ type: 'hold' });
        return;
      case 'ChannelUnhold':
        index.callWith('leg', event.channel)?.tell({ type: 'unhold' });
        return;
      case 'ApplicationReplaced':
        return;
    }
  }

  onState(state: StreamState): void {
    if (state === 'waiting' || state === 'replaced') this.#parts.rest.dropIdle();
    this.#reconciler.onStream(state === 'open' ? 'open' : 'lost');
    if (state === 'connecting' || state === 'waiting') {
      this.#lossWatch.begin();
      return;
    }
    this.#lossWatch.end();
    if (state === 'open') void this.#reconciler.reconcile({ sweep: true });
  }

  /**
   * Calls somebody: the channel's id, by which the desk is told of the call. Rejects with ARI_REQUEST_FAILED when Asterisk
   * can't: it doesn't know them, or they aren't registered. The desk is told of that, too.
   */
  async place(order: CallOrder): Promise<string> {
    const { ids, rest, server, orders, desk } = this.#parts;
    const { endpoint, number, agent } = order;
    const channelId = ids.call();
    orders.set(channelId, order);
    try {
      const appArgs = [agent, 'out', number].join(',');
      await rest.createChannel({ channelId, endpoint, app: server.app, appArgs });
      return channelId;
    } catch (error) {
      orders.delete(channelId);
      const key = { server: server.name, channel: channelId };
      const about = {
        key,
        caller: { number },
        dialled: agent,
        direction: 'out',
        variables: order.variables,
      } as const;
      tellUnreached(desk, about, 'unreachable');
      throw error;
    }
  }

  /** Ends the calls whose caller is gone, and touches nothing else. */
  lookAfterCalls(): Promise<void> {
    return this.#reconciler.reconcile({ sweep: false });
  }

  drain(): void {
    this.#offers.drain();
    this.#reception.drain();
  }

  /** Lets every caller go on in the dialplan, and waits for that as long as it may. */
  async letAllGo(withinMs: Milliseconds): Promise<void> {
    this.#reconciler.close();
    this.#lossWatch.end();
    const { calls } = this.#parts.index;
    for (const call of calls) call.signal({ type: 'proceed', reason: 'shutting-down', variables: DRAINING });
    const done = Promise.all([this.#reconciler.settled, ...calls.map((call) => call.done)]);
    await within<unknown>(done, withinMs, this.#parts.clock, () => undefined);
    this.#lossWatch.end();
    for (const call of this.#parts.index.calls) call.abandon();
  }

  /** After the app was unregistered: nobody may be left waiting in it, nothing of ours may stay. */
  async leaveClean(): Promise<void> {
    await this.#reconciler.attempt('leaving nothing behind', async () => {
      const waiting = await this.#reconciler.sweepAll();
      await Promise.all(waiting.map(({ id }) => this.#reception.sendOn(id, DRAINING)));
    });
  }

  #onStasisStart(channel: AriChannel, args: readonly string[], replaces: string | undefined): void {
    const owner = this.#parts.index.ownerOf(channel.id);
    if (owner?.role === 'media') owner.call.signal({ type: 'entered' });
    else if (owner?.role === 'target') owner.call.signal({ type: 'targetAnswered', target: channel.id });
    else if (this.#parts.ids.owns(channel.id)) {
      // It was created after its call had ended.
      void this.#reconciler.attempt('a late external channel', () => this.#parts.rest.hangUp(channel.id));
    } else if (replaces === undefined || !this.#onReplaced(replaces, channel)) {
      void this.#reception.receive(channel, args).then(() => {
        this.#offers.received(channel.id);
      });
    }
  }

  /** A transfer by telephone: `by` takes the place of a caller or a target. False: of neither. */
  #onReplaced(replaced: string, by: AriChannel): boolean {
    const owner = this.#parts.index.ownerOf(replaced);
    if (owner?.role === 'target') {
      owner.call.signal({ type: 'targetReplaced', target: replaced, by: by.id });
      return true;
    }
    if (owner?.role !== 'leg') return false;
    const fields = { server: this.#parts.server.name, channel: by.id, replaces: replaced };
    this.#parts.log.info(fields, 'a transfer put another channel in the place of a caller');
    owner.call.signal({ type: 'legReplaced', leg: replaced, by: by.id });
    const tell = (caller: CallInfo['caller']): void => {
      owner.call.tell({ type: 'caller-changed', caller });
    };
    const caller = callerBehind(by, this.#parts);
    if (caller instanceof Promise) void caller.then(tell);
    else tell(caller);
    return true;
  }

  /** Another program of the fleet may have taken the channel, because this one was thought dead: then nobody has hung up. */
  #reasonToLeave(cause?: number): EndReason | undefined {
    const { fleet, heart } = this.#parts;
    return fleet && cause === undefined && heart.inDoubt ? 'taken-over' : undefined;
  }

  /** Somebody is being called through that channel. */
  #ringing(channel: string): boolean {
    const call = this.#parts.index.callWith('leg', channel);
    return call !== undefined && call.rings && !isOver(call.state);
  }

  /** `cause`: Q.850's, where it is known. */
  #onChannelLeft(channel: string, cause?: number): void {
    this.#reception.channelLeft(channel, cause);
    this.#reconciler.channelLeft(channel);
    const owner = this.#parts.index.ownerOf(channel);
    if (owner?.role === 'leg') {
      const reason = owner.call.rings ? unansweredReason(cause) : this.#reasonToLeave(cause);
      owner.call.signal({ type: 'legLeft', leg: channel, ...(reason && { reason }) });
    } else if (owner?.role === 'target') {
      const outcome = outcomeOfCause(cause);
      owner.call.signal({ type: 'targetLeft', target: channel, outcome });
    } else if (owner?.role === 'media') {
      const reason = this.#reasonToLeave() ?? 'external-channel-left';
      owner.call.signal({ type: 'lost', resource: 'media', reason });
    }
  }
}
