import type { EndReason } from '../../dialog/contract/end-reason.ts';
import {
  ASKED,
  HELD,
  held,
  NONE,
  releasing,
  targetOf,
  unchanged,
  type CallAction,
  type CallSignal,
  type CallState,
  type Created,
  type Farewell,
  type Holding,
  type Holdings,
  type InCall,
  type Legs,
  type Release,
  type State,
  type Transition,
} from './call-states.ts';
import { briefing, connected, connecting, ringing, talking } from './transfer-states.ts';

/** addChannel is tried this often before the set-up counts as failed. */
export const JOIN_ATTEMPTS = 4;

/** What goes on in the dialplan when the agent's part fails (asterisk-conf's dialplan knows `error`). */
export function troubleFarewell(reason: EndReason): Extract<Farewell, { readonly kind: 'proceed' }> {
  const variables = { VOICE_AGENT_RESULT: 'error', VOICE_AGENT_REASON: reason };
  return { kind: 'proceed', reason, variables };
}

/** A caller has come: session and bridge are asked for side by side, the external channel as soon as the session is there. */
export function beginCall(leg: string): Transition {
  const holdings = { session: ASKED, bridge: ASKED, media: NONE, target: NONE };
  return {
    state: { name: 'settingUp', legs: [leg], ...holdings, attached: false, entered: false },
    actions: [
      { type: 'create', resource: 'session' },
      { type: 'create', resource: 'bridge' },
    ],
  };
}

/** Total over all states and signals: a signal that means nothing in a state changes nothing. */
export function nextCallState(state: CallState, signal: CallSignal): Transition {
  // This is about a target that was called before.
  if ('target' in signal && signal.target !== targetOf(state)) return unchanged(state);
  switch (state.name) {
    case 'settingUp':
      return settingUp(state, signal) ?? inCall(state, signal);
    case 'joining':
      return joining(state, signal) ?? inCall(state, signal);
    case 'talking':
      return talking(state, signal) ?? inCall(state, signal);
    case 'ringing':
      return ringing(state, signal) ?? inCall(state, signal);
    case 'briefing':
      return briefing(state, signal) ?? inCall(state, signal);
    case 'connecting':
      return connecting(state, signal) ?? inCall(state, signal);
    case 'connected':
      return connected(state, signal) ?? inCall(state, signal);
    case 'leaving':
      return leaving(state, signal);
    case 'ended':
      return unchanged(state);
  }
}

function settingUp(state: State<'settingUp'>, signal: CallSignal): Transition | undefined {
  switch (signal.type) {
    case 'created':
      return state[signal.resource].is === 'asked' ? created(state, signal) : unchanged(state);
    case 'attached':
      return joinWhenReady({ ...state, attached: true });
    case 'entered':
      return joinWhenReady({ ...state, entered: true });
    default:
      return undefined;
  }
}

function created(state: State<'settingUp'>, signal: Created): Transition {
  switch (signal.resource) {
    case 'session': {
      const { session } = signal;
      return {
        state: { ...state, session: held(session), media: ASKED },
        actions: [{ type: 'create', resource: 'media', session }],
      };
    }
    case 'media': {
      if (state.session.is !== 'held') return unchanged(state);
      const ready = joinWhenReady({ ...state, media: HELD });
      const attach: CallAction = { type: 'attach', session: state.session.thing, peer: signal.peer };
      return { state: ready.state, actions: [attach, ...ready.actions] };
    }
    case 'bridge':
      return joinWhenReady({ ...state, bridge: HELD });
    case 'target':
      return unchanged(state);
  }
}

function joinWhenReady(state: State<'settingUp'>): Transition {
  const { legs, session, bridge, media } = state;
  if (!state.attached || !state.entered) return unchanged(state);
  if (session.is !== 'held' || bridge.is !== 'held' || media.is !== 'held') return unchanged(state);
  return {
    state: { name: 'joining', legs, session, bridge, media, target: NONE, attempt: 1 },
    actions: [{ type: 'join', attempt: 1 }],
  };
}

function joining(state: State<'joining'>, signal: CallSignal): Transition | undefined {
  const { attempt, ...parts } = state;
  if (signal.type === 'joined') {
    return {
      state: { ...parts, name: 'talking' },
      actions: [{ type: 'run', session: state.session.thing }],
    };
  }
  if (signal.type !== 'notJoined') return undefined;
  if (!signal.again || attempt >= JOIN_ATTEMPTS) return leave(state, troubleFarewell(signal.reason));
  const next = attempt + 1;
  return { state: { ...state, attempt: next }, actions: [{ type: 'join', attempt: next }] };
}

/** Signals that mean the same in every state before the call leaves. */
function inCall(state: InCall, signal: CallSignal): Transition {
  switch (signal.type) {
    case 'failed':
      if (state[signal.resource].is !== 'asked') return unchanged(state);
      return leave(state, troubleFarewell(signal.reason), answered(state, signal));
    case 'lost': {
      const { resource } = signal;
      const { is } = state[resource];
      if (is !== 'held' && (is !== 'asked' || resource === 'session')) return unchanged(state);
      // A session that lost its media is still ours to close; what Asterisk says is gone is gone.
      const left = resource === 'session' ? state : { ...state, [resource]: NONE };
      return leave(state, troubleFarewell(signal.reason), left);
    }
    case 'timeOut':
      if (state.name !== 'settingUp' && state.name !== 'joining') return unchanged(state);
      return leave(state, troubleFarewell(signal.reason));
    case 'hangUp':
      return leave(state, { kind: 'hang-up', reason: signal.reason });
    case 'proceed':
      return leave(state, { kind: 'proceed', reason: signal.reason, variables: signal.variables });
    case 'legLeft': {
      const next = { ...state, legs: without(state.legs, signal.leg) };
      if (next.legs.length > 0 || state.legs.length === 0) return unchanged(next);
      return leave(next, { kind: 'none', reason: signal.reason ?? 'caller-hung-up' });
    }
    case 'legReplaced': {
      const legs = replaced(state.legs, signal);
      if (legs === state.legs) return unchanged(state);
      const bridged = state.name !== 'settingUp' && state.name !== 'joining';
      const actions: CallAction[] = bridged ? [{ type: 'bringIn', leg: signal.by }] : [];
      if (state.name === 'ringing' || state.name === 'briefing')
        actions.push({ type: 'ring', transfer: state.transfer });
      return { state: { ...state, legs }, actions };
    }
    default:
      return unchanged(state);
  }
}

/** The answer to a request. One that failed by a time-out may have created the resource all the same, so it counts as created. */
function answered(
  holdings: Holdings,
  signal: Extract<CallSignal, { readonly type: 'created' | 'failed' }>,
): Holdings {
  const { target } = holdings;
  switch (signal.resource) {
    case 'session':
      return { ...holdings, session: signal.type === 'created' ? held(signal.session) : NONE };
    case 'target':
      return { ...holdings, target: target.is === 'asked' ? held(target.thing) : target };
    default:
      return { ...holdings, [signal.resource]: HELD };
  }
}

function leave(state: InCall, farewell: Farewell, holdings: Holdings = state): Transition {
  const { legs } = state;
  // In the dialplan it would go on ringing.
  const quiet: CallAction[] =
    state.name === 'ringing' || state.name === 'briefing'
      ? [{ type: 'stopRinging', transfer: state.transfer }]
      : [];
  const actions = legs.length === 0 ? [callerLeft(farewell)] : goodbyes(legs, farewell);
  return giveBack(legs, holdings, farewell, [...quiet, ...actions]);
}

function leaving(state: State<'leaving'>, signal: CallSignal): Transition {
  const { legs, target, farewell } = state;
  switch (signal.type) {
    case 'created':
    case 'failed':
      if (state[signal.resource].is !== 'asked') return unchanged(state);
      return giveBack(legs, answered(state, signal), farewell);
    case 'released':
      if (state[signal.resource].is !== 'releasing') return unchanged(state);
      return finishWhenEmpty({ ...state, [signal.resource]: NONE });
    case 'targetReplaced':
      return unchanged(target.is === 'none' ? state : { ...state, target: { ...target, thing: signal.by } });
    case 'legLeft': {
      const left = without(legs, signal.leg);
      if (left === legs) return unchanged(state);
      return finishWhenEmpty({ ...state, legs: left }, left.length === 0 ? [callerLeft(farewell)] : []);
    }
    case 'legReplaced': {
      const there = replaced(legs, signal);
      if (there === legs) return unchanged(state);
      return { state: { ...state, legs: there }, actions: goodbyes([signal.by], farewell) };
    }
    case 'legStayed':
      if (!legs.includes(signal.leg)) return unchanged(state);
      return { state, actions: [{ type: 'letGo', leg: signal.leg, farewell, again: true }] };
    default:
      return unchanged(state);
  }
}

/** Everything that a leaving call has to do, once more: for a call of which it isn't known how far it has come. */
export function leaveAgain(state: CallState): readonly CallAction[] {
  if (state.name !== 'leaving') return [];
  return [...goodbyes(state.legs, state.farewell), ...releases(state, 'releasing')];
}

function callerLeft(farewell: Farewell): CallAction {
  return { type: 'callerLeft', farewell };
}

function goodbyes(legs: Legs, farewell: Farewell): CallAction[] {
  return legs.map((leg) => ({ type: 'letGo', leg, farewell, again: false }));
}

function giveBack(
  legs: Legs,
  holdings: Holdings,
  farewell: Farewell,
  actions: readonly CallAction[] = [],
): Transition {
  const next = {
    session: givingBack(holdings.session),
    bridge: givingBack(holdings.bridge),
    media: givingBack(holdings.media),
    target: givingBack(holdings.target),
  };
  const all = [...actions, ...releases(holdings, 'held')];
  return finishWhenEmpty({ name: 'leaving', legs, ...next, farewell }, all);
}

function givingBack<Thing, Known>(holding: Holding<Thing, Known>): Holding<Thing, Known> {
  return holding.is === 'held' ? releasing(holding) : holding;
}

/** The channels first: they are what Asterisk would keep for ever. */
function releases({ target, media, bridge, session }: Holdings, is: 'held' | 'releasing'): Release[] {
  const actions: Release[] = [];
  if (target.is === is) actions.push({ type: 'release', resource: 'target', target: target.thing });
  if (media.is === is) actions.push({ type: 'release', resource: 'media' });
  if (bridge.is === is) actions.push({ type: 'release', resource: 'bridge' });
  if (session.is === is) actions.push({ type: 'release', resource: 'session', session: session.thing });
  return actions;
}

function finishWhenEmpty(state: State<'leaving'>, actions: readonly CallAction[] = []): Transition {
  const { legs, session, bridge, media, target, farewell } = state;
  const isEmpty = legs.length === 0 && [session, bridge, media, target].every(({ is }) => is === 'none');
  if (!isEmpty) return { state, actions };
  return { state: { name: 'ended', farewell }, actions: [...actions, { type: 'finish' }] };
}

/** The same array: `leg` isn't one of them. */
function without(legs: Legs, leg: string): Legs {
  return legs.includes(leg) ? legs.filter((other) => other !== leg) : legs;
}

/** The same array: `leg` isn't one of them. */
function replaced(legs: Legs, { leg, by }: { leg: string; by: string }): Legs {
  return legs.includes(leg) ? [...legs.filter((other) => other !== leg && other !== by), by] : legs;
}
