import type { EndReason } from '../../dialog/contract/end-reason.ts';
import {
  unchanged,
  type CallAction,
  type CallSignal,
  type CallState,
  type Farewell,
  type Holding,
  type Holdings,
  type Legs,
  type Resource,
  type State,
  type Transition,
} from './call-states.ts';
import { transferring } from './transfer-states.ts';

/** addChannel is tried this often before the set-up counts as failed. */
export const JOIN_ATTEMPTS = 4;

/** What goes on in the dialplan when the agent's part fails (asterisk-conf's dialplan knows `error`). */
export function troubleFarewell(reason: EndReason): Farewell {
  return {
    kind: 'proceed',
    reason,
    variables: { VOICE_AGENT_RESULT: 'error', VOICE_AGENT_REASON: reason },
  };
}

/** A caller has come: session and bridge are asked for side by side, the external channel as soon as the session is there. */
export function beginCall(leg: string): Transition {
  return {
    state: {
      name: 'settingUp',
      legs: [leg],
      holdings: { session: 'asked', bridge: 'asked', media: 'none', target: 'none' },
      attached: false,
      entered: false,
    },
    actions: [
      { type: 'create', resource: 'session' },
      { type: 'create', resource: 'bridge' },
    ],
  };
}

/** Total over all states and signals: a signal that means nothing in a state changes nothing. */
export function nextCallState(state: CallState, signal: CallSignal): Transition {
  switch (state.name) {
    case 'settingUp':
      return settingUp(state, signal) ?? inCall(state, signal);
    case 'joining':
      return joining(state, signal) ?? inCall(state, signal);
    case 'talking':
    case 'ringing':
    case 'connecting':
    case 'connected':
      return transferring(state, signal) ?? inCall(state, signal);
    case 'leaving':
      return leaving(state, signal);
    case 'ended':
      return late(state, signal);
  }
}

type InCall = Exclude<CallState, { name: 'leaving' | 'ended' }>;
function settingUp(state: State<'settingUp'>, signal: CallSignal): Transition | undefined {
  switch (signal.type) {
    case 'created': {
      if (state.holdings[signal.resource] !== 'asked') return unchanged(state);
      const holdings = { ...state.holdings, [signal.resource]: 'held' as const };
      if (signal.resource === 'session') {
        const next = { ...state, holdings: { ...holdings, media: 'asked' as const } };
        return { state: next, actions: [{ type: 'create', resource: 'media' }] };
      }
      const ready = joinWhenReady({ ...state, holdings });
      return signal.resource === 'media'
        ? { state: ready.state, actions: [{ type: 'attach' }, ...ready.actions] }
        : ready;
    }
    case 'attached':
      return joinWhenReady({ ...state, attached: true });
    case 'entered':
      return joinWhenReady({ ...state, entered: true });
    default:
      return undefined;
  }
}

function joinWhenReady(state: State<'settingUp'>): Transition {
  const { legs, holdings, attached, entered } = state;
  const ready = attached && entered && holdings.bridge === 'held' && holdings.media === 'held';
  if (!ready) return unchanged(state);
  return { state: { name: 'joining', legs, holdings, attempt: 1 }, actions: [{ type: 'join', attempt: 1 }] };
}

function joining(state: State<'joining'>, signal: CallSignal): Transition | undefined {
  const { legs, holdings, attempt } = state;
  if (signal.type === 'joined')
    return { state: { name: 'talking', legs, holdings }, actions: [{ type: 'run' }] };
  if (signal.type !== 'notJoined') return undefined;
  if (!signal.again || attempt >= JOIN_ATTEMPTS) return leave(state, troubleFarewell(signal.reason));
  const next = attempt + 1;
  return { state: { ...state, attempt: next }, actions: [{ type: 'join', attempt: next }] };
}

/** What means the same from the first moment to the last word. */
function inCall(state: InCall, signal: CallSignal): Transition {
  switch (signal.type) {
    case 'failed':
      if (state.holdings[signal.resource] !== 'asked') return unchanged(state);
      return leave(withFailed(state, signal.resource), troubleFarewell(signal.reason));
    case 'lost': {
      const holding = state.holdings[signal.resource];
      if (holding !== 'held' && (holding !== 'asked' || signal.resource === 'session'))
        return unchanged(state);
      const lost = {
        ...state,
        holdings: { ...state.holdings, [signal.resource]: lostHolding(signal.resource) },
      };
      return leave(lost, troubleFarewell(signal.reason));
    }
    case 'released':
      if (state.holdings[signal.resource] !== 'releasing') return unchanged(state);
      return unchanged({ ...state, holdings: { ...state.holdings, [signal.resource]: 'released' } });
    case 'timeOut':
      if (state.name !== 'settingUp' && state.name !== 'joining') return unchanged(state);
      return leave(state, troubleFarewell(signal.reason));
    case 'hangUp':
      return leave(state, { kind: 'hang-up', reason: signal.reason });
    case 'proceed':
      return leave(state, { kind: 'proceed', reason: signal.reason, variables: signal.variables });
    case 'legLeft': {
      const legs = without(state.legs, signal.leg);
      if (legs.length > 0 || state.legs.length === 0) return unchanged({ ...state, legs });
      return leave({ ...state, legs }, { kind: 'none', reason: signal.reason ?? 'caller-hung-up' });
    }
    case 'legReplaced': {
      const legs = replaced(state.legs, signal);
      if (legs === state.legs) return unchanged(state);
      const bridged = state.name !== 'settingUp' && state.name !== 'joining';
      const actions: CallAction[] = bridged ? [{ type: 'bringIn', leg: signal.by }] : [];
      if (state.name === 'ringing') actions.push({ type: 'ring' });
      return { state: { ...state, legs }, actions };
    }
    default:
      return unchanged(state);
  }
}

/** A session that lost its media is still ours to close; what Asterisk says is gone is gone. */
function lostHolding(resource: Resource): Holding {
  return resource === 'session' ? 'held' : 'released';
}

/** A failed request may have done its work all the same (a time-out): such an object is deleted too. */
function withFailed<S extends { readonly holdings: Holdings }>(state: S, resource: Resource): S {
  const holding: Holding = resource === 'session' ? 'released' : 'held';
  return { ...state, holdings: { ...state.holdings, [resource]: holding } };
}

function leave(state: InCall, farewell: Farewell): Transition {
  const { legs } = state;
  // In the dialplan it would go on ringing.
  const quiet: CallAction[] = state.name === 'ringing' ? [{ type: 'stopRinging' }] : [];
  const actions: CallAction[] = legs.map((leg) => ({ type: 'letGo', leg, farewell, again: false }));
  if (legs.length === 0) actions.push({ type: 'callerLeft', farewell });
  const { holdings, releases } = releaseHeld(state.holdings);
  return finishWhenEmpty({ name: 'leaving', legs, holdings, farewell }, [...quiet, ...actions, ...releases]);
}

function leaving(state: State<'leaving'>, signal: CallSignal): Transition {
  switch (signal.type) {
    case 'created': {
      if (state.holdings[signal.resource] !== 'asked') return unchanged(state);
      return releasing({ ...state, holdings: { ...state.holdings, [signal.resource]: 'held' } });
    }
    case 'failed':
      if (state.holdings[signal.resource] !== 'asked') return unchanged(state);
      return releasing(withFailed(state, signal.resource));
    case 'released':
      if (state.holdings[signal.resource] !== 'releasing') return unchanged(state);
      return finishWhenEmpty(
        { ...state, holdings: { ...state.holdings, [signal.resource]: 'released' } },
        [],
      );
    case 'legLeft': {
      const legs = without(state.legs, signal.leg);
      if (legs.length === state.legs.length) return unchanged(state);
      const { farewell } = state;
      return finishWhenEmpty({ ...state, legs }, legs.length === 0 ? [{ type: 'callerLeft', farewell }] : []);
    }
    case 'legReplaced': {
      const legs = replaced(state.legs, signal);
      if (legs === state.legs) return unchanged(state);
      const { farewell } = state;
      return {
        state: { ...state, legs },
        actions: [{ type: 'letGo', leg: signal.by, farewell, again: false }],
      };
    }
    case 'legStayed': {
      if (!state.legs.includes(signal.leg)) return unchanged(state);
      const { farewell } = state;
      return { state, actions: [{ type: 'letGo', leg: signal.leg, farewell, again: true }] };
    }
    default:
      return unchanged(state);
  }
}

/** After the end nothing is expected; what comes all the same is given back. */
function late(state: State<'ended'>, signal: CallSignal): Transition {
  if (signal.type !== 'created') return unchanged(state);
  return { state, actions: [{ type: 'release', resource: signal.resource }] };
}

function releasing(state: State<'leaving'>): Transition {
  const { holdings, releases } = releaseHeld(state.holdings);
  return finishWhenEmpty({ ...state, holdings }, releases);
}

/** The channels first: they are what Asterisk would keep for ever. */
export const RELEASE_ORDER: readonly Resource[] = ['target', 'media', 'bridge', 'session'];

function releaseHeld(holdings: Holdings): { holdings: Holdings; releases: CallAction[] } {
  const releases: CallAction[] = [];
  const next = { ...holdings };
  for (const resource of RELEASE_ORDER) {
    if (next[resource] === 'none') next[resource] = 'released';
    if (next[resource] !== 'held') continue;
    next[resource] = 'releasing';
    releases.push({ type: 'release', resource });
  }
  return { holdings: next, releases };
}

function finishWhenEmpty(state: State<'leaving'>, actions: readonly CallAction[]): Transition {
  const empty =
    state.legs.length === 0 && RELEASE_ORDER.every((resource) => state.holdings[resource] === 'released');
  if (!empty) return { state, actions };
  return { state: { name: 'ended', farewell: state.farewell }, actions: [...actions, { type: 'finish' }] };
}

function without(legs: Legs, leg: string): Legs {
  return legs.includes(leg) ? legs.filter((other) => other !== leg) : legs;
}

function replaced(legs: Legs, { leg, by }: { leg: string; by: string }): Legs {
  if (!legs.includes(leg)) return legs;
  return [...legs.filter((other) => other !== leg && other !== by), by];
}
