import type { EndReason } from '../../dialog/contract/end-reason.ts';
import type { AriBridge, AriChannel } from './ari-model.ts';
import type { AsteriskCall } from './asterisk-call.ts';
import type { Owner } from './call-index.ts';
import { targetOf, type CallSignal } from './call-states.ts';

/** Something that a call has in Asterisk, and what the call must be told if it isn't there. */
export interface Possession<Call> {
  readonly call: Call;
  readonly id: string;
  readonly among: 'callers' | 'channels' | 'bridges';
  readonly signal: CallSignal;
}

type Viewed = Pick<AsteriskCall, 'mediaId' | 'bridgeId' | 'state'>;

/**
 * What calls were certain to have at the moment before Asterisk was asked. Only that may be missed in the answer: what
 * was made since then may not be in it yet.
 */
export function viewOf<Call extends Viewed>(calls: readonly Call[]): Possession<Call>[] {
  return calls.flatMap((call) => {
    const { state, mediaId, bridgeId } = call;
    if (state.name === 'ended') return [];
    const { bridge, media, target } = state;
    const all: Possession<Call>[] = state.legs.map((leg) => {
      return { call, id: leg, among: 'callers', signal: { type: 'legLeft', leg } };
    });
    if (media.is === 'held' && (state.name !== 'settingUp' || state.entered)) {
      const signal = { type: 'lost', resource: 'media', reason: 'external-channel-left' } as const;
      all.push({ call, id: mediaId, among: 'channels', signal });
    }
    if (bridge.is === 'held') {
      const signal = { type: 'lost', resource: 'bridge', reason: 'bridge-destroyed' } as const;
      all.push({ call, id: bridgeId, among: 'bridges', signal });
    }
    if (target.is === 'held') {
      const signal = { type: 'targetLeft', target: target.thing, outcome: 'failed' } as const;
      all.push({ call, id: target.thing, among: 'channels', signal });
    }
    return all;
  });
}

/** What isn't there any more, with the signals that the missed events would have given the calls. */
export function findDifferences<Call>(
  view: readonly Possession<Call>[],
  channels: readonly AriChannel[],
  bridges: readonly AriBridge[],
  /** The callers in our app. */
  callers: readonly Pick<AriChannel, 'id'>[],
  /** Why a leg that isn't there left, where that is known. */
  reason?: EndReason,
): Pick<Possession<Call>, 'call' | 'signal'>[] {
  const there = {
    callers: new Set(callers.map(({ id }) => id)),
    channels: new Set(channels.map(({ id }) => id)),
    bridges: new Set(bridges.map(({ id }) => id)),
  };
  return view
    .filter(({ id, among }) => !there[among].has(id))
    .map(({ call, signal }) => {
      if (signal.type !== 'legLeft') return { call, signal };
      // The caller's channel exists, but in another program's app.
      const why = there.channels.has(signal.leg) ? 'taken-over' : reason;
      return { call, signal: why ? { ...signal, reason: why } : signal };
    });
}

/** Whether a call's own channel or bridge is still the call's: not given back, or tried to be. */
export function keeps(owner: Owner<Viewed> | undefined, id: string): boolean {
  if (!owner) return false;
  const { state } = owner.call;
  if (owner.role === 'target') return targetOf(state) === id;
  return state.name !== 'ended' && state[owner.role === 'bridge' ? 'bridge' : 'media'].is !== 'none';
}
