import type { TransferOutcome } from '../../dialog/contract/call-info.ts';
import {
  held,
  NONE,
  releasing,
  unchanged,
  type Asked,
  type CallSignal,
  type CallState,
  type Held,
  type None,
  type State,
  type Transition,
} from './call-states.ts';

/** The keys by which a target takes the call, or refuses it. */
const ACCEPT_KEY = '1';
const DECLINE_KEY = '2';

/** A target can be called now. The last one's channel may take a moment to be given back. */
export function canTransfer(state: CallState): boolean {
  return state.name === 'talking' && state.target.is === 'none';
}

// The part of call-machine.ts that calls somebody else for the caller. Undefined: nothing special.

export function talking(state: State<'talking'>, signal: CallSignal): Transition | undefined {
  const { target } = state;
  switch (signal.type) {
    case 'transfer': {
      if (target.is !== 'none') return undefined;
      const { to, transfer } = signal;
      return {
        state: { ...state, name: 'ringing', target: { is: 'asked', thing: to }, transfer },
        actions: [
          { type: 'create', resource: 'target', target: to, request: transfer.request },
          { type: 'ring', transfer },
        ],
      };
    }
    // They answer a call that was cancelled.
    case 'created':
    case 'failed':
      if (signal.resource !== 'target' || target.is !== 'asked') return undefined;
      return withAgent(state, held(target.thing));
    case 'released':
      if (signal.resource !== 'target' || target.is !== 'releasing') return undefined;
      return withAgent(state, NONE);
    case 'targetReplaced':
      return target.is === 'none'
        ? undefined
        : unchanged({ ...state, target: { ...target, thing: signal.by } });
    default:
      return undefined;
  }
}

export function ringing(state: State<'ringing'>, signal: CallSignal): Transition | undefined {
  const { target, transfer } = state;
  switch (signal.type) {
    case 'created':
      if (signal.resource !== 'target') return undefined;
      return unchanged({ ...state, target: held(target.thing) });
    case 'failed':
      if (signal.resource !== 'target' || target.is !== 'asked') return undefined;
      // The request may have done its work all the same (a time-out): such a channel is deleted, too.
      return backToAgent(state, held(target.thing), 'failed');
    case 'targetLeft':
      return backToAgent(state, NONE, signal.outcome);
    case 'ringNoMore':
      return backToAgent(state, target, signal.outcome);
    case 'targetReplaced':
      return unchanged({ ...state, target: { ...target, thing: signal.by } });
    case 'targetAnswered':
      // Its event may overtake the answer to the request that called it.
      if (!transfer.request.brief) return connect(state, held(target.thing));
      return {
        state: { ...state, name: 'briefing', target: held(target.thing) },
        actions: [{ type: 'brief', target: target.thing, transfer }],
      };
    default:
      return undefined;
  }
}

export function briefing(state: State<'briefing'>, signal: CallSignal): Transition | undefined {
  const { target } = state;
  switch (signal.type) {
    case 'targetPressed':
      if (signal.digit === ACCEPT_KEY) return connect(state, target);
      return signal.digit === DECLINE_KEY ? backToAgent(state, target, 'refused') : unchanged(state);
    case 'notAccepted':
      return backToAgent(state, target, 'no-answer');
    case 'targetLeft':
      return backToAgent(state, NONE, 'refused');
    case 'ringNoMore':
      // They have answered: only the caller may end it.
      return signal.outcome === 'cancelled' ? backToAgent(state, target, 'cancelled') : unchanged(state);
    case 'targetReplaced':
      return unchanged({ ...state, target: held(signal.by) });
    default:
      return undefined;
  }
}

function connect(state: State<'ringing' | 'briefing'>, target: Held<string>): Transition {
  return {
    state: { ...state, name: 'connecting', target },
    actions: [
      { type: 'stopRinging', transfer: state.transfer },
      { type: 'connect', target: target.thing },
    ],
  };
}

export function connecting(state: State<'connecting'>, signal: CallSignal): Transition | undefined {
  const { legs, session, bridge, media, target, transfer } = state;
  switch (signal.type) {
    case 'connected': {
      const parts = { session: releasing(session), bridge, media: releasing(media), target };
      return {
        state: { name: 'connected', legs, ...parts },
        actions: [
          { type: 'release', resource: 'media' },
          { type: 'release', resource: 'session', session: session.thing },
          { type: 'transferOver', transfer, outcome: 'answered' },
          ...(target.is === 'none' ? [{ type: 'targetGone' } as const] : []),
        ],
      };
    }
    case 'notConnected':
      return backToAgent(state, target, 'failed');
    case 'targetLeft':
      return unchanged({ ...state, target: NONE });
    case 'targetReplaced':
      return unchanged({ ...state, target: held(signal.by) });
    default:
      return undefined;
  }
}

export function connected(state: State<'connected'>, signal: CallSignal): Transition | undefined {
  switch (signal.type) {
    case 'targetReplaced':
      return {
        state: { ...state, target: held(signal.by) },
        actions: [{ type: 'bringIn', leg: signal.by }],
      };
    case 'targetLeft':
      return { state: { ...state, target: NONE }, actions: [{ type: 'targetGone' }] };
    case 'released':
      if (signal.resource !== 'session' && signal.resource !== 'media') return undefined;
      return unchanged({ ...state, [signal.resource]: NONE });
    default:
      return undefined;
  }
}

/** The transfer has failed. */
function backToAgent(
  state: State<'ringing' | 'briefing' | 'connecting'>,
  target: None | Asked<string> | Held<string>,
  outcome: TransferOutcome,
): Transition {
  const { transfer } = state;
  const after = withAgent(state, target);
  return {
    state: after.state,
    actions: [
      { type: 'stopRinging', transfer },
      { type: 'rejoin' },
      ...after.actions,
      { type: 'transferOver', transfer, outcome },
    ],
  };
}

/** On with the agent; the channel of somebody who was called is given back, as soon as it exists. */
function withAgent(
  { legs, session, bridge, media }: State<'talking' | 'ringing' | 'briefing' | 'connecting'>,
  target: None | Asked<string> | Held<string>,
): Transition {
  const talk = { name: 'talking', legs, session, bridge, media } as const;
  if (target.is !== 'held') return unchanged({ ...talk, target });
  return {
    state: { ...talk, target: releasing(target) },
    actions: [{ type: 'release', resource: 'target', target: target.thing }],
  };
}
