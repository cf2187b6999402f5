import type { CallInfo } from '../../dialog/contract/call-info.ts';
import { within } from '../../lib/abort.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import { callDomain } from '../call-domain.ts';
import { AriError, isGone } from './ari-error.ts';
import type { AriBridge, AriChannel, AriEvent } from './ari-model.ts';
import type { AriRest } from './ari-rest.ts';
import { startAsteriskCall, type Acceptance, type AsteriskCall } from './asterisk-call.ts';
import { ASTERISK_LOST } from './call-states.ts';
import { callInfoOf, stasisArgsOf } from './caller-info.ts';
import type { StreamState } from './event-stream.ts';
import { createLossWatch } from './loss-watch.ts';
import { objectIds } from './object-ids.ts';
import { findDifferences, keeps, viewOf } from './reconcile.ts';
import { outcomeOfCause } from './target-caller.ts';
import type { StasisAppOptions, StasisSettings } from './stasis-options.ts';

/** While somebody else rings or talks with the caller none come here: that silence says nothing. */
function bringsPackets(call: AsteriskCall): boolean {
  const state = call.state();
  return !('farewell' in state) && !['ringing', 'connecting', 'connected'].includes(state.name);
}

/** Brings events to the calls that they are about, callers to the desk, and order after a gap. */
export interface Switchboard {
  onEvent(event: AriEvent): void;
  onState(state: StreamState): void;
  /** Ends the calls whose caller is gone, and touches nothing else. */
  lookAfterCalls(): Promise<void>;
  stats(): { readonly calls: number; readonly unfinished: number; readonly draining: boolean };
  drain(): void;
  /** Lets every caller go on in the dialplan, and waits for that as long as it may. */
  letAllGo(withinMs: Milliseconds): Promise<void>;
  /** After the app was unregistered: nobody may be left waiting in it, nothing of ours may stay. */
  leaveClean(): Promise<void>;
}

export function createSwitchboard(
  options: StasisAppOptions,
  settings: StasisSettings,
  rest: AriRest,
): Switchboard {
  const { server, desk, gateway, clock, log, channelVariables = [] } = options;
  const ids = objectIds(server.app, server.instance);
  const about = { server: server.name };
  const callOfLeg = new Map<string, AsteriskCall>();
  const callOfMedia = new Map<string, AsteriskCall>();
  const callOfBridge = new Map<string, AsteriskCall>();
  /** By those who are or were called for a caller. */
  const callOfTarget = new Map<string, AsteriskCall>();
  /** Whose caller, or who came in the caller's place, is there. */
  const inProgress = new Set<AsteriskCall>();
  const unfinished = new Set<AsteriskCall>();
  /** Callers of whom the desk doesn't know yet, or who are being sent on. */
  const arriving = new Set<string>();
  /** Channels that left while their list was on its way: it may still name them. */
  let leftMeanwhile: Set<string> | undefined;
  const lossWatch = createLossWatch({
    clock,
    lookMs: settings.lookMs,
    calls: () => [...unfinished].filter(bringsPackets),
    answers: () =>
      rest.version().then(
        () => true,
        () => false,
      ),
    onLost: giveUp,
  });
  let startedAt: string | undefined;
  let streamOpen = false;
  let draining = false;
  let closed = false;
  let cancelLost: (() => void) | undefined;
  let cancelSweep: (() => void) | undefined;
  let reconciling: Promise<void> | undefined;

  function onEvent(event: AriEvent): void {
    switch (event.type) {
      case 'StasisStart':
        onStasisStart(event.channel, event.args, event.replaces);
        return;
      case 'StasisEnd':
        onChannelLeft(event.channel);
        return;
      case 'ChannelDestroyed':
        onChannelLeft(event.channel, event.causeCode);
        return;
      case 'BridgeDestroyed':
        callOfBridge
          .get(event.bridge)
          ?.signal({ type: 'lost', resource: 'bridge', reason: 'bridge-destroyed' });
        return;
      case 'ChannelDtmfReceived':
        callOfLeg.get(event.channel)?.tell({ type: 'dtmf', digit: event.digit });
        return;
      case 'ChannelHold':
        callOfLeg.get(event.channel)?.tell({ type: 'hold' });
        return;
      case 'ChannelUnhold':
        callOfLeg.get(event.channel)?.tell({ type: 'unhold' });
        return;
      case 'ApplicationReplaced':
        return;
    }
  }

  function onStasisStart(channel: AriChannel, args: readonly string[], replaces: string | undefined): void {
    const media = callOfMedia.get(channel.id);
    if (media) {
      media.signal({ type: 'entered' });
      return;
    }
    const calling = callOfTarget.get(channel.id);
    if (calling) {
      calling.signal({ type: 'targetAnswered', target: channel.id });
      return;
    }
    if (ids.owns(channel.id)) {
      // Its creation came to an end after its call.
      void attempt('a late external channel', () => rest.hangUp(channel.id));
      return;
    }
    const replaced = replaces === undefined ? undefined : callOfLeg.get(replaces);
    if (replaced && replaces !== undefined) {
      log.info(
        { ...about, channel: channel.id, replaces },
        'a transfer put another channel in the place of a caller',
      );
      replaced.signal({ type: 'legReplaced', leg: replaces, by: channel.id });
      // A channel that was called has no number of its own, but the one that was dialled for it.
      const { name, number } = channel.caller;
      replaced.tell({ type: 'caller-changed', caller: { name, number: number || channel.dialplan.exten } });
      return;
    }
    const target = replaces === undefined ? undefined : callOfTarget.get(replaces);
    if (target && replaces !== undefined) {
      callOfTarget.delete(replaces);
      callOfTarget.set(channel.id, target);
      target.signal({ type: 'targetReplaced', target: replaces, by: channel.id });
      return;
    }
    void receive(channel, args);
  }

  /** `cause`: Q.850's; 0 if it isn't known (yet). */
  function onChannelLeft(channel: string, cause = 0): void {
    arriving.delete(channel);
    leftMeanwhile?.add(channel);
    const call = callOfLeg.get(channel);
    if (call) {
      call.signal({ type: 'legLeft', leg: channel });
      return;
    }
    const target = callOfTarget.get(channel);
    if (target) {
      target.signal({ type: 'targetLeft', target: channel, outcome: outcomeOfCause(cause) });
      return;
    }
    callOfMedia.get(channel)?.signal({ type: 'lost', resource: 'media', reason: 'external-channel-left' });
  }

  /** A caller has come into the app: asks the desk, and does what it says. */
  async function receive(channel: AriChannel, args: readonly string[]): Promise<void> {
    if (callOfLeg.has(channel.id) || callOfTarget.has(channel.id) || arriving.has(channel.id)) return;
    if (ids.ownedByApp(channel.id)) return;
    arriving.add(channel.id);
    const domain = callDomain({ clock, log, server: server.name, channel: channel.id });
    await domain.run(() => welcome(channel, args, domain));
  }

  async function welcome(channel: AriChannel, args: readonly string[], domain: FailureDomain): Promise<void> {
    let begun = false;
    const internalError = { VOICE_AGENT_RESULT: 'error', VOICE_AGENT_REASON: 'internal-error' };
    try {
      // Nothing to be read: the desk is asked within this tick.
      const variables = channelVariables.length === 0 ? {} : await readVariables(channel);
      if (!arriving.has(channel.id)) return; // hung up meanwhile
      const info = callInfoOf(server.name, channel, args, variables);
      // Even when the answer is known: the desk tells of every call.
      const admission = desk.admit(info);
      if (admission.kind === 'proceed') await sendOn(channel.id, admission.variables);
      else if (draining) {
        admission.abandoned?.('draining');
        await sendOn(channel.id, { VOICE_AGENT_RESULT: 'draining' });
      } else if (domain.failed) {
        admission.abandoned?.('internal-error');
        await sendOn(channel.id, internalError);
      } else {
        begin(channel, info, admission, () => {
          domain.close();
        });
        begun = true;
      }
    } catch (error) {
      log.error(
        { ...about, channel: channel.id, error: messageOf(error), err: error },
        'a caller could not be received',
      );
      await sendOn(channel.id, { VOICE_AGENT_RESULT: 'error', VOICE_AGENT_REASON: 'not-received' });
    } finally {
      arriving.delete(channel.id);
      if (!begun) domain.close();
    }
  }

  async function readVariables(channel: AriChannel): Promise<Record<string, string>> {
    const read = channelVariables.map(async (name): Promise<[string, string] | undefined> => {
      const value = channel.variables[name] ?? (await rest.variable(channel.id, name).catch(() => undefined));
      return value === undefined ? undefined : [name, value];
    });
    return Object.fromEntries((await Promise.all(read)).filter((entry) => entry !== undefined));
  }

  async function sendOn(channel: string, variables: Readonly<Record<string, string>>): Promise<void> {
    log.info({ ...about, channel, ...variables }, 'a caller is sent on in the dialplan');
    await attempt('sending a caller on', async () => {
      await Promise.all(
        Object.entries(variables).map(([name, value]) => rest.setVariable(channel, name, value)),
      );
      await rest.proceed(channel);
    });
  }

  function begin(channel: AriChannel, info: CallInfo, acceptance: Acceptance, onOver: () => void): void {
    const mediaId = ids.media();
    const bridgeId = ids.bridge();
    const call = startAsteriskCall({
      app: server.app,
      info,
      channel,
      acceptance,
      rest,
      gateway,
      clock,
      log,
      settings,
      mediaId,
      bridgeId,
      newTargetId: () => {
        const id = ids.target();
        callOfTarget.set(id, call);
        return id;
      },
      onLegReplaced: (leg, by) => {
        callOfLeg.delete(leg);
        callOfLeg.set(by, call);
      },
      onLegLeft: (leg) => {
        if (callOfLeg.get(leg) === call) callOfLeg.delete(leg);
      },
      onCallerLeft: () => {
        inProgress.delete(call);
      },
      onLeftover: sweepSoon,
      onFinished: () => {
        callOfMedia.delete(mediaId);
        callOfBridge.delete(bridgeId);
        for (const [id, owner] of callOfTarget) if (owner === call) callOfTarget.delete(id);
        unfinished.delete(call);
        onOver();
      },
    });
    // All of this is in place before any answer can come.
    callOfLeg.set(channel.id, call);
    callOfMedia.set(mediaId, call);
    callOfBridge.set(bridgeId, call);
    unfinished.add(call);
    inProgress.add(call);
  }

  function onState(state: StreamState): void {
    if (state === 'waiting' || state === 'replaced') rest.dropIdle();
    streamOpen = state === 'open';
    if (state === 'connecting' || state === 'waiting') {
      lossWatch.begin();
      cancelLost ??= clock.at(clock.now() + settings.lostMs, () => {
        giveUp([...unfinished]);
      });
      return;
    }
    lossWatch.end();
    cancelLost?.();
    cancelLost = undefined;
    if (streamOpen) void reconcile({ sweep: true });
  }

  /** Calls that went with their Asterisk. Should something of them be there still, it is swept when that is back. */
  function giveUp(calls: readonly AsteriskCall[]): void {
    const lost = calls.flatMap((call) => {
      const state = call.state();
      return 'legs' in state && state.legs.length > 0 ? [{ call, legs: state.legs }] : [];
    });
    if (lost.length === 0) return;
    log.error({ ...about, calls: lost.length }, 'Asterisk is gone, and its calls with it');
    for (const { call, legs } of lost)
      for (const leg of legs) call.signal({ type: 'legLeft', leg, reason: ASTERISK_LOST });
  }

  function sweepSoon(): void {
    cancelSweep?.();
    // As soon as the event stream is back, it is swept anyhow.
    cancelSweep =
      closed || !streamOpen
        ? undefined
        : FailureDomain.outside(() =>
            clock.at(clock.now() + settings.sweepPauseMs, () => void reconcile({ sweep: true })),
          );
  }

  /** One at a time; whoever asks meanwhile gets another one after it. */
  function reconcile(how: { readonly sweep: boolean }): Promise<void> {
    const next = (reconciling ?? Promise.resolve()).then(() => reconcileNow(how));
    reconciling = next;
    return next;
  }

  /**
   * Compares what Asterisk has with what we think it has: events of a gap are lost for ever. Calls whose
   * channel is gone end, the others go on, on hold or not as Asterisk says; our leftovers are deleted;
   * waiting callers are received.
   */
  async function reconcileNow({ sweep }: { readonly sweep: boolean }): Promise<void> {
    const known = viewOf(unfinished);
    leftMeanwhile = new Set();
    try {
      const [channels, bridges, life] = await Promise.all([
        rest.channels(),
        rest.bridges(),
        rest.startedAt(),
      ]);
      const restarted = startedAt !== undefined && life !== startedAt;
      startedAt = life;
      const reason = restarted ? ASTERISK_LOST : undefined;
      const differences = findDifferences(known, channels, bridges, server.app, reason);
      for (const { call, signal } of differences) call.signal(signal);
      if (!sweep || closed) return;
      await sweepOwn(channels, bridges);
      const left = leftMeanwhile;
      const waiting = channels.map(async (channel) => {
        const args = stasisArgsOf(channel, server.app);
        if (args && !left.has(channel.id)) await receive(channel, args);
      });
      await Promise.all(waiting);
      await Promise.all([...unfinished].map((call) => call.checkHold()));
    } catch (error) {
      log.warn({ ...about, error: messageOf(error) }, 'Asterisk could not be looked through');
      sweepSoon();
    } finally {
      leftMeanwhile = undefined;
    }
  }

  /** Deletes what has an id of this instance and belongs to no call. */
  async function sweepOwn(channels: readonly AriChannel[], bridges: readonly AriBridge[]): Promise<void> {
    const kept = (id: string): boolean => keeps(callOfMedia.get(id) ?? callOfTarget.get(id), id);
    const lostChannels = channels.filter(({ id }) => ids.owns(id) && !kept(id));
    const lostBridges = bridges.filter(({ id }) => ids.owns(id) && !callOfBridge.has(id));
    if (lostChannels.length + lostBridges.length === 0) return;
    const counts = { channels: lostChannels.length, bridges: lostBridges.length };
    log.warn({ ...about, ...counts }, 'sweeping what an earlier run or a lost connection left behind');
    await Promise.all([
      ...lostChannels.map(({ id }) => attempt('sweeping a channel', () => rest.hangUp(id))),
      ...lostBridges.map(({ id }) => attempt('sweeping a bridge', () => rest.destroyBridge(id))),
    ]);
  }

  async function attempt(what: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (isGone(error)) return;
      log.warn({ ...about, what, error: messageOf(error) }, 'something could not be done at Asterisk');
      if (!(error instanceof AriError && error.status !== undefined && error.status < 500)) sweepSoon();
    }
  }

  return {
    onEvent,
    onState,
    lookAfterCalls: () => reconcile({ sweep: false }),
    stats: () => ({ calls: inProgress.size, unfinished: unfinished.size, draining }),
    drain(): void {
      draining = true;
    },
    async letAllGo(withinMs: Milliseconds): Promise<void> {
      closed = true;
      cancelSweep?.();
      lossWatch.end();
      const calls = [...unfinished];
      const variables = { VOICE_AGENT_RESULT: 'draining' };
      for (const call of calls) call.signal({ type: 'proceed', reason: 'shutting-down', variables });
      const done = Promise.all([reconciling, ...calls.map((call) => call.done)]);
      await within<unknown>(done, withinMs, clock, () => undefined);
      cancelLost?.();
      cancelLost = undefined;
      for (const call of unfinished) call.abandon();
    },
    async leaveClean(): Promise<void> {
      await attempt('leaving nothing behind', async () => {
        const [channels, bridges] = await Promise.all([rest.channels(), rest.bridges()]);
        for (const forgotten of [callOfMedia, callOfBridge, callOfTarget]) forgotten.clear();
        await sweepOwn(channels, bridges);
        const waiting = channels.filter(
          (channel) => stasisArgsOf(channel, server.app) && !ids.ownedByApp(channel.id),
        );
        await Promise.all(waiting.map(({ id }) => sendOn(id, { VOICE_AGENT_RESULT: 'draining' })));
      });
    },
  };
}
