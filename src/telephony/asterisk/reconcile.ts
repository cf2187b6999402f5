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
}

export interface Difference<Call> {
  readonly call: Call;
  readonly signal: CallSignal;
}

type Viewed = Pick<AsteriskCall, 'mediaId' | 'bridgeId' | 'state'>;

export function viewOf<Call extends Viewed>(calls: Iterable<Call>): CallView<Call>[] {
  return [...calls].map((call) => {
    const state = call.state();
    const certain = state.name === 'ended' ? undefined : state.holdings;
    return {
      call,
      legs: state.name === 'ended' ? [] : state.legs,
      media: certain?.media === 'held' && hasEntered(state) ? call.mediaId : undefined,
      bridge: certain?.bridge === 'held' ? call.bridgeId : undefined,
    };
  });
}

function hasEntered(state: CallState): boolean {
  return state.name === 'settingUp' ? state.entered : true;
}

/** What the calls must be told, that events would have told them. */
export function findDifferences<Call>(
  views: readonly CallView<Call>[],
  channels: readonly AriChannel[],
  bridges: readonly AriBridge[],
  app: string,
): Difference<Call>[] {
  const channelById = new Map(channels.map((channel) => [channel.id, channel]));
  const bridgeIds = new Set(bridges.map(({ id }) => id));
  const inApp = (id: string): boolean => {
    const channel = channelById.get(id);
    return channel !== undefined && stasisArgsOf(channel, app) !== undefined;
  };
  return views.flatMap(({ call, legs, media, bridge }) => {
    const differences: Difference<Call>[] = [];
    for (const leg of legs) {
      if (!inApp(leg)) differences.push({ call, signal: { type: 'legLeft', leg } });
    }
    if (media !== undefined && !channelById.has(media)) {
      const signal = { type: 'lost', resource: 'media', reason: 'external-channel-left' } as const;
      differences.push({ call, signal });
    }
    if (bridge !== undefined && !bridgeIds.has(bridge)) {
      differences.push({ call, signal: { type: 'lost', resource: 'bridge', reason: 'bridge-destroyed' } });
    }
    return differences;
  });
}
