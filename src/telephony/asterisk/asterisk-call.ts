import type { Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import type { CallInfo, LineEvent, TransferOutcome } from '../../dialog/contract/call-info.ts';
import type { EndReason } from '../../dialog/contract/end-reason.ts';
import { tryInTurn, type Acceptance } from '../call-domain.ts';
import { SessionLine } from '../session-line.ts';
import { isGone, isOutOfPlace } from './ari-error.ts';
import type { AriChannel } from './ari-model.ts';
import { beginCall, leaveAgain, nextCallState, troubleFarewell } from './call-machine.ts';
import { bringIn, codecOfCaller, isOnHold, letGo, placeAfter, placeOfResult } from './call-requests.ts';
import {
  ASTERISK_LOST,
  isOver,
  legsOf,
  type CallAction,
  type CallSignal,
  type CallState,
  type Create,
  type Created,
  type Farewell,
  type Peer,
  type Release,
  type Session,
  type Transition,
} from './call-states.ts';
import { externalMediaOf, peerOf } from './external-media.ts';
import { dialOrdered, isDialled, type CallOrder } from './placed-call.ts';
import type { StasisParts } from './stasis-options.ts';
import { TargetCaller, type Sweeper } from './target-caller.ts';

export interface AsteriskCallOptions extends StasisParts {
  readonly info: CallInfo;
  readonly channel: AriChannel;
  readonly acceptance: Acceptance;
  /** We call them. */
  readonly order?: CallOrder | undefined;
  /** What fails in it ends the call; closed when that has ended. */
  readonly domain: FailureDomain;
  /** Told when something could not be deleted and may be left in Asterisk. */
  readonly sweeper: Sweeper;
}

/** One call in Asterisk: carries out what call-machine.ts decides. */
export class AsteriskCall {
  /** The call as it came in; it isn't changed when a transfer puts somebody else in the caller's place. */
  readonly info: CallInfo;
  readonly mediaId: string;
  readonly bridgeId: string;
  /** Resolves when the call is finished and its session has returned. */
  readonly done: Promise<void>;

  readonly #options: AsteriskCallOptions;
  readonly #line: SessionLine;
  readonly #targets: TargetCaller;
  readonly #began: Milliseconds;
  /** How long after the beginning each step of the set-up was done. */
  readonly #marks: Record<string, Milliseconds> = {};
  readonly #timers = new Set<() => void>();
  readonly #finished = Promise.withResolvers<undefined>();
  /** Resolves when the person we call has answered; undefined: they have, or have called us. */
  #pickUp: PromiseWithResolvers<undefined> | undefined;
  #state: CallState;
  /** Its session, if it has one, has returned. */
  #returned: Promise<void> = Promise.resolve();
  /** Counts the events about hold. */
  #holdNews = 0;

  constructor(options: AsteriskCallOptions) {
    const { info, channel, clock, settings, ids, index, rest } = options;
    this.#options = options;
    this.info = info;
    this.mediaId = ids.media();
    this.bridgeId = ids.bridge();
    this.done = this.#finished.promise.then(() => this.#returned);
    this.#began = clock.now();
    this.#pickUp = isDialled(channel) ? Promise.withResolvers<undefined>() : undefined;
    this.#line = this.#openLine();
    this.#targets = new TargetCaller(this, options);
    tryInTurn(options.domain, [
      () => {
        if (isOver(this.#state)) this.#perform(leaveAgain(this.#state));
        else this.#leaveInTrouble('internal-error');
      },
      () => {
        for (const leg of legsOf(this.#state)) rest.hangUp(leg).catch(() => undefined);
      },
      () => {
        this.#forget();
      },
    ]);
    const begin = beginCall(channel.id);
    this.#state = begin.state;
    this.#follow(begin);
    this.#after(settings.setUpMs, () => {
      this.signal({ type: 'timeOut', reason: 'set-up-took-too-long' });
    });
    // All of this is in place before any answer can come.
    index.begin(this);
    index.add(this, 'leg', channel.id);
    index.add(this, 'media', this.mediaId);
    index.add(this, 'bridge', this.bridgeId);
  }

  get state(): CallState {
    return this.#state;
  }

  /** The caller's channel: after transfers, the one that came last. */
  get leg(): string {
    return legsOf(this.#state).at(-1) ?? this.#options.channel.id;
  }

  /** Somebody is being called, and hasn't answered. */
  get rings(): boolean {
    return this.#pickUp !== undefined;
  }

  /** The person we call has answered. Idempotent. */
  pickedUp(): void {
    this.#pickUp?.resolve(undefined);
    this.#pickUp = undefined;
  }

  /** Packets that its media session has received so far. */
  get packetsReceived(): number {
    return this.#session?.stats().packetsReceived ?? 0;
  }

  /** May be called from outside the call's failure domain: by Asterisk's events, and by what is done with all calls at once. */
  signal(signal: CallSignal): void {
    const { domain, index } = this.#options;
    domain.run(() => {
      if (signal.type === 'entered') this.#mark('entered');
      if (signal.type === 'legLeft') index.remove(this, signal.leg);
      if (signal.type === 'legReplaced') {
        index.remove(this, signal.leg);
        index.add(this, 'leg', signal.by);
        // The old leg's phone had the call on hold, and it won't tell us any more that it hasn't.
        this.tell({ type: 'unhold' });
      }
      if (signal.type === 'targetReplaced') {
        index.remove(this, signal.target);
        index.add(this, 'target', signal.by);
      }
      this.#follow(nextCallState(this.#state, signal));
    });
  }

  /** What the line tells its session; may be called from outside, too. */
  tell(event: LineEvent): void {
    if (event.type === 'hold' || event.type === 'unhold') this.#holdNews += 1;
    this.#options.domain.run(() => {
      this.#line.tell(event);
    });
  }

  /** Asks Asterisk whether the caller is on hold: after a gap in the events. Never rejects. */
  async checkHold(): Promise<void> {
    if (isOver(this.#state)) return;
    const newsBefore = this.#holdNews;
    const onHold = await isOnHold(this.#options.rest, this.leg);
    // An event that came meanwhile is newer.
    if (this.#holdNews === newsBefore) this.tell({ type: onHold ? 'hold' : 'unhold' });
  }

  /** Gives the call up with its server: nothing more is tried, and the session is told that the call has ended. */
  abandon(): void {
    this.#options.domain.run(() => {
      for (const cancel of this.#timers) cancel();
      this.#timers.clear();
      this.#settleTransfer(this.#state, 'caller-gone');
      this.#line.end('given-up');
    });
  }

  /** An id for a target's channel, whose events will come here. */
  newTarget(): string {
    const id = this.#options.ids.target();
    this.#options.index.add(this, 'target', id);
    return id;
  }

  warn(message: string, error: unknown, fields: object = {}): void {
    this.#options.log.warn({ ...this.info.key, ...fields, error: messageOf(error) }, message);
  }

  get #session(): Session | undefined {
    if (this.#state.name === 'ended') return undefined;
    const { session } = this.#state;
    return session.is === 'held' || session.is === 'releasing' ? session.thing : undefined;
  }

  #openLine(): SessionLine {
    const { info, rest, clock } = this.#options;
    return new SessionLine(info, {
      answer: async () => {
        const { order } = this.#options;
        if (order) await dialOrdered(rest, this.leg, order);
        if (this.#pickUp) await this.#pickUp.promise;
        else await rest.answer(this.leg);
        return clock.now();
      },
      hangUp: () => {
        this.signal({ type: 'hangUp', reason: 'agent-hung-up' });
      },
      proceed: (variables) => {
        this.signal({ type: 'proceed', reason: 'agent-let-go', variables });
      },
      transfer: (request, cancel) => this.#targets.transfer(request, cancel),
      sendDtmf: (digits) => rest.sendDtmf(this.leg, digits),
    });
  }

  #mark(name: string): void {
    this.#marks[name] = Math.round((this.#options.clock.now() - this.#began) * 10) / 10;
  }

  #after(duration: Milliseconds, action: () => void): void {
    const { clock } = this.#options;
    const cancel = clock.at(clock.now() + duration, () => {
      this.#timers.delete(cancel);
      action();
    });
    this.#timers.add(cancel);
  }

  #follow({ state, actions }: Transition): void {
    const before = this.#state;
    this.#state = state;
    if (before.name === 'briefing' && state.name !== 'briefing') this.#targets.endBriefing();
    if (!isOver(before) && isOver(state)) {
      // Whatever fails in it, the rest is done.
      FailureDomain.attempt(() => {
        this.#onLeaving(before, state.farewell);
      });
    }
    this.#perform(actions);
  }

  #onLeaving(before: CallState, farewell: Farewell): void {
    const { reason, kind } = farewell;
    // The desk must hear the end of each call that it took, even if the caller can't be let go yet.
    this.#abandonAcceptance(before, reason);
    this.#settleTransfer(before, withoutCaller(farewell));
    this.#options.log.info({ ...this.info.key, reason, kind }, 'the call is leaving');
  }

  #abandonAcceptance(state: CallState, reason: EndReason): void {
    if (state.name === 'settingUp' || state.name === 'joining') this.#options.acceptance.abandoned?.(reason);
  }

  #settleTransfer(state: CallState, outcome: TransferOutcome): void {
    if ('transfer' in state) state.transfer.settle(outcome);
  }

  #perform(actions: readonly CallAction[]): void {
    for (const action of actions) {
      FailureDomain.attempt(() => {
        this.#do(action);
      });
    }
  }

  #do(action: CallAction): void {
    switch (action.type) {
      case 'create':
        void this.#create(action);
        return;
      case 'attach':
        void this.#attach(action.session, action.peer);
        return;
      case 'join':
        void this.#join(action.attempt);
        return;
      case 'run':
        this.#run(action.session);
        return;
      case 'ring':
        this.#targets.ring(action.transfer);
        return;
      case 'stopRinging':
        this.#targets.stopRinging(action.transfer);
        return;
      case 'brief':
        void this.#targets.brief(action.target, action.transfer);
        return;
      case 'connect':
        void this.#targets.connect(action.target);
        return;
      case 'rejoin':
        this.#targets.rejoin();
        return;
      case 'transferOver':
        // Reported as soon as the caller can hear the agent again, unless the call leaves first.
        void this.#targets.quiet.then(() => {
          const state = this.#state;
          action.transfer.settle(isOver(state) ? withoutCaller(state.farewell) : action.outcome);
        });
        return;
      case 'targetGone':
        this.tell({ type: 'target-left' });
        return;
      case 'bringIn':
        void this.#bringIn(action.leg);
        return;
      case 'letGo': {
        const { leg, farewell } = action;
        if (action.again)
          this.#after(this.#options.settings.letGoCheckMs, () => void this.#letGo(leg, farewell));
        else void this.#letGo(leg, farewell);
        return;
      }
      case 'release':
        void this.#release(action);
        return;
      case 'callerLeft':
        this.#line.end(action.farewell.reason);
        return;
      case 'finish':
        this.#finish();
    }
  }

  async #create(action: Create): Promise<void> {
    const { resource } = action;
    try {
      const created = await this.#make(action);
      this.#mark(resource);
      this.signal(created);
    } catch (error) {
      this.warn('a part of the call could not be made', error, { resource });
      const reason = resource === 'target' ? 'failed' : (`${resource}-failed` as const);
      this.signal({ type: 'failed', resource, reason });
    }
  }

  async #make(action: Create): Promise<Created> {
    const { server, rest, settings } = this.#options;
    switch (action.resource) {
      case 'session':
        return { type: 'created', resource: 'session', session: await this.#reserve() };
      case 'bridge':
        await rest.createBridge(this.bridgeId);
        return { type: 'created', resource: 'bridge' };
      case 'media': {
        const media = externalMediaOf(action.session.endpoint);
        const made = await rest.createExternalMedia(this.mediaId, server.app, media);
        const peer = peerOf(made, settings.mediaAddress);
        if (!peer) throw new Error('the answer to externalMedia names no address to send RTP to');
        this.#after(settings.enterMs, () => {
          if (this.#state.name === 'settingUp' && !this.#state.entered)
            this.signal({ type: 'timeOut', reason: 'media-never-entered' });
        });
        return { type: 'created', resource: 'media', peer };
      }
      case 'target':
        await this.#targets.create(action.target, action.request);
        return { type: 'created', resource: 'target' };
    }
  }

  async #reserve(): Promise<Session> {
    const { acceptance, rest, gateway, channel, settings, log } = this.#options;
    const codec =
      acceptance.codec === 'auto'
        ? await codecOfCaller(rest, channel, settings.fallbackCodec)
        : acceptance.codec;
    const session = await gateway.reserve({ id: channel.id, codec });
    // When the caller leaves first, nobody waits for this any more.
    session.attached.catch(() => undefined);
    session.on((event) => {
      if (event.type !== 'lost') return;
      log.error({ ...this.info.key, reason: event.reason }, 'the media of the call is lost');
      this.signal({ type: 'lost', resource: 'session', reason: 'media-lost' });
    });
    return session;
  }

  async #attach(session: Session, peer: Peer): Promise<void> {
    try {
      session.endpoint.attach(peer);
      await session.attached;
    } catch (error) {
      if (!isOver(this.#state)) this.warn('media could not be attached', error, peer);
      this.signal({ type: 'lost', resource: 'session', reason: 'media-not-attached' });
      return;
    }
    this.#mark('attached');
    this.signal({ type: 'attached' });
  }

  async #join(attempt: number): Promise<void> {
    const { clock, rest, settings } = this.#options;
    if (attempt > 1 && !(await clock.sleep(settings.joinPauseMs))) return;
    if (this.#state.name !== 'joining') return;
    try {
      await rest.addToBridge(this.bridgeId, [...this.#state.legs, this.mediaId]);
      this.#mark('joined');
      this.signal({ type: 'joined' });
    } catch (error) {
      this.warn('the call could not be bridged', error, { attempt });
      this.signal({ type: 'notJoined', reason: 'not-bridged', again: isOutOfPlace(error) });
    }
  }

  #run(session: Session): void {
    const { acceptance, log } = this.#options;
    log.info({ ...this.info.key, dialled: this.info.dialled, ...this.#marks }, 'the call is bridged');
    // If `run` throws at once, that counts as a rejection.
    const run = (async () => acceptance.run(this.#line, session))();
    this.#returned = run.then(
      () => {
        this.signal({ type: 'hangUp', reason: 'session-ended' });
      },
      (error: unknown) => {
        log.error({ ...this.info.key, error: messageOf(error), err: error }, 'the session failed');
        this.#leaveInTrouble('session-failed');
      },
    );
  }

  #leaveInTrouble(reason: EndReason): void {
    const { variables } = troubleFarewell(reason);
    this.signal({ type: 'proceed', reason, variables });
  }

  async #bringIn(leg: string): Promise<void> {
    try {
      await bringIn(this.#options.rest, this.bridgeId, leg);
    } catch (error) {
      if (!isGone(error)) this.warn('a leg could not be brought in', error, { leg });
    }
  }

  async #letGo(leg: string, farewell: Farewell): Promise<void> {
    const { rest, channel, order, log, info } = this.#options;
    if (!isOver(this.#state) || !legsOf(this.#state).includes(leg)) return;
    try {
      await this.#targets.quiet;
      if (!(await this.#isOurs(leg))) {
        log.warn({ ...info.key, leg }, 'another program has this caller: they are not touched');
        this.signal({ type: 'legLeft', leg, reason: 'taken-over' });
        return;
      }
      const goesOn = order ? placeOfResult(order, farewell) : placeAfter(channel, leg);
      if (!(await letGo(rest, leg, farewell, goesOn))) {
        this.signal({ type: 'legLeft', leg });
        return;
      }
    } catch (error) {
      this.warn('the caller could not be let go yet', error, { leg });
    } finally {
      this.#line.settleFarewell();
    }
    // Its StasisEnd should come now. If that gets lost, the next try finds the leg gone.
    this.signal({ type: 'legStayed', leg });
  }

  /** If others of the fleet may have taken this program for dead, only Asterisk knows. Rejects with an AriError. */
  async #isOurs(leg: string): Promise<boolean> {
    const { fleet, heart, rest, server } = this.#options;
    if (!fleet || !heart.inDoubt) return true;
    return (await rest.application(server.app))?.channels.includes(leg) === true;
  }

  async #release(action: Release): Promise<void> {
    const { rest, log, sweeper } = this.#options;
    const { resource } = action;
    try {
      if (resource === 'session') await action.session.close();
      else if (resource === 'target') await rest.hangUp(action.target);
      else if (resource === 'media') await rest.hangUp(this.mediaId);
      else await rest.destroyBridge(this.bridgeId);
    } catch (error) {
      // What died with Asterisk needn't be given back; what survived is swept when the connection is back.
      const level = isOver(this.#state) && this.#state.farewell.reason === ASTERISK_LOST ? 'debug' : 'warn';
      const fields = { ...this.info.key, resource, error: messageOf(error) };
      log[level](fields, 'a part of the call could not be given back');
      sweeper.sweepSoon();
    }
    this.signal({ type: 'released', resource });
  }

  /** The last remedy for a bug: what is left of the call in Asterisk is swept. */
  #forget(): void {
    this.#options.sweeper.sweepSoon();
    this.#abandonAcceptance(this.#state, 'internal-error');
    this.#session?.close().catch(() => undefined);
    this.#finish();
  }

  #finish(): void {
    const { index, domain } = this.#options;
    this.abandon();
    index.finish(this);
    domain.close();
    this.#finished.resolve(undefined);
  }
}

/** What becomes of a transfer when its call leaves. */
function withoutCaller({ kind }: Farewell): TransferOutcome {
  return kind === 'none' ? 'caller-gone' : 'cancelled';
}
