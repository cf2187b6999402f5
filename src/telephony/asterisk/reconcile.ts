import type { EndReason } from '../../dialog/contract/end-reason.ts';
import type { AriBridge, AriChannel } from './ari-model.ts';
import type { AsteriskCall } from './asterisk-call.ts';
import type { CallSignal, CallState } from './call-states.ts';
import { stasisArgsOf } from './caller-info.ts';

/**
 * What a call was certain to have in Asterisk at the moment before Asterisk was asked. Only that may be
 * missed in the answer: what was made since then may not be in it yet.
 */
export interface CallView<Call> {
  readonly call: Call;
  readonly legs: readonly string[];
  readonly media: string | undefined;
  readonly bridge: string | undefined;
  readonly target: string | undefined;
}

export interface Difference<Call> {
  readonly call: Call;
  readonly signal: CallSignal;
}

type Viewed = Pick<AsteriskCall, 'mediaId' | 'bridgeId' | 'targetId' | 'state'>;

export function viewOf<Call extends Viewed>(calls: Iterable<Call>): CallView<Call>[] {
  return [...calls].map((call) => {
    const state = call.state();
    const certain = state.name === 'ended' ? undefined : state.holdings;
    return {
      call,
      legs: state.name === 'ended' ? [] : state.legs,
      media: certain?.media === 'held' && hasEntered(state) ? call.mediaId : undefined,
      bridge: certain?.bridge === 'held' ? call.bridgeId : undefined,
      target: certain?.target === 'held' ? call.targetId : undefined,
    };
  });
}

function hasEntered(state: CallState): boolean {
  return state.name === 'settingUp' ? state.entered : true;
}

/** Whether one of the call's own channels is still its own: not given back, or tried to be. */
export function keeps(call: Viewed | undefined, channel: string): boolean {
  const state = call?.state();
  if (!call || !state || state.name === 'ended') return false;
  const { media, target } = state.holdings;
  if (channel === call.mediaId) return media !== 'released';
  return channel === call.targetId && target !== 'released';
}

/** What the calls must be told, that events would have told them. */
export function findDifferences<Call>(
  views: readonly CallView<Call>[],
  channels: readonly AriChannel[],
  bridges: readonly AriBridge[],
  app: string,
  /** Why a leg that isn't there left, where that is known. */
  reason?: EndReason,
): Difference<Call>[] {
  const channelById = new Map(channels.map((channel) => [channel.id, channel]));
  const bridgeIds = new Set(bridges.map(({ id }) => id));
  const inApp = (id: string): boolean => {
    const channel = channelById.get(id);
    return channel !== undefined && stasisArgsOf(channel, app) !== undefined;
  };
  return views.flatMap(({ call, legs, media, bridge, target }) => {
    const differences: Difference<Call>[] = [];
    for (const leg of legs) {
      if (!inApp(leg))
        differences.push({ call, signal: { type: 'legLeft', leg, ...(reason && { reason }) } });
    }
    if (media !== undefined && !channelById.has(media)) {
      const signal = { type: 'lost', resource: 'media', reason: 'external-channel-left' } as const;
      differences.push({ call, signal });
    }
    if (bridge !== undefined && !bridgeIds.has(bridge)) {
      differences.push({ call, signal: { type: 'lost', resource: 'bridge', reason: 'bridge-destroyed' } });
    }
    if (target !== undefined && !channelById.has(target)) {
      differences.push({ call, signal: { type: 'targetLeft', target, outcome: 'failed' } });
    }
    return differences;
  });
}
