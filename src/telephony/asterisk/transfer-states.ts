import type { TransferOutcome } from '../../dialog/contract/call-info.ts';
import {
  unchanged,
  type CallAction,
  type CallSignal,
  type CallState,
  type State,
  type Transition,
} from './call-states.ts';

/** A target can be called now. The last one's channel may take a moment to be given back. */
export function canTransfer(state: CallState): boolean {
  if (state.name !== 'talking') return false;
  return state.holdings.target === 'none' || state.holdings.target === 'released';
}

/** The part of call-machine.ts that calls somebody else for the caller. Undefined: nothing special. */
export function transferring(
  state: State<'talking' | 'ringing' | 'connecting' | 'connected'>,
  signal: CallSignal,
): Transition | undefined {
  switch (state.name) {
    case 'talking':
      return talking(state, signal);
    case 'ringing':
      return ringing(state, signal);
    case 'connecting':
      return connecting(state, signal);
    case 'connected':
      return connected(state, signal);
  }
}

function talking(state: State<'talking'>, signal: CallSignal): Transition | undefined {
  switch (signal.type) {
    case 'transfer': {
      if (!canTransfer(state)) return undefined;
      const holdings = { ...state.holdings, target: 'asked' as const };
      const actions: CallAction[] = [{ type: 'create', resource: 'target' }, { type: 'ring' }];
      return { state: { ...state, name: 'ringing', holdings }, actions };
    }
    // The answer to a call that nobody wants any more.
    case 'created':
    case 'failed':
      if (signal.resource !== 'target' || state.holdings.target !== 'asked') return undefined;
      return giveBackTarget({ ...state, holdings: { ...state.holdings, target: 'held' } });
    default:
      return undefined;
  }
}

function ringing(state: State<'ringing'>, signal: CallSignal): Transition | undefined {
  const { holdings } = state;
  switch (signal.type) {
    case 'created':
      if (signal.resource !== 'target' || holdings.target !== 'asked') return undefined;
      return unchanged({ ...state, holdings: { ...holdings, target: 'held' } });
    case 'failed':
      if (signal.resource !== 'target' || holdings.target !== 'asked') return undefined;
      // The request may have done its work all the same (a time-out): such a channel is deleted, too.
      return backToAgent({ ...state, holdings: { ...holdings, target: 'held' } }, 'failed');
    case 'targetLeft':
      return backToAgent({ ...state, holdings: { ...holdings, target: 'released' } }, signal.outcome);
    case 'ringNoMore':
      return backToAgent(state, signal.outcome);
    case 'targetAnswered':
      // Its event may overtake the answer to the request that called it.
      return {
        state: { ...state, name: 'connecting', holdings: { ...holdings, target: 'held' } },
        actions: [{ type: 'stopRinging' }, { type: 'connect' }],
      };
    default:
      return undefined;
  }
}

function connecting(state: State<'connecting'>, signal: CallSignal): Transition | undefined {
  const { holdings } = state;
  switch (signal.type) {
    case 'connected': {
      const gone: CallAction[] = holdings.target === 'released' ? [{ type: 'targetGone' }] : [];
      return {
        state: {
          ...state,
          name: 'connected',
          holdings: { ...holdings, media: 'releasing', session: 'releasing' },
        },
        actions: [
          { type: 'release', resource: 'media' },
          { type: 'release', resource: 'session' },
          { type: 'transferOver', outcome: 'answered' },
          ...gone,
        ],
      };
    }
    case 'notConnected':
      return backToAgent(state, 'failed');
    case 'targetLeft':
      return unchanged({ ...state, holdings: { ...holdings, target: 'released' } });
    default:
      return undefined;
  }
}

function connected(state: State<'connected'>, signal: CallSignal): Transition | undefined {
  const { holdings } = state;
  if (signal.type === 'targetReplaced') return { state, actions: [{ type: 'bringIn', leg: signal.by }] };
  if (signal.type !== 'targetLeft' || holdings.target !== 'held') return undefined;
  return {
    state: { ...state, holdings: { ...holdings, target: 'released' } },
    actions: [{ type: 'targetGone' }],
  };
}

/** The transfer has come to nothing. */
function backToAgent(state: State<'ringing' | 'connecting'>, outcome: TransferOutcome): Transition {
  const after = giveBackTarget({ ...state, name: 'talking' });
  return {
    state: after.state,
    actions: [
      { type: 'stopRinging' },
      { type: 'rejoin' },
      ...after.actions,
      { type: 'transferOver', outcome },
    ],
  };
}

function giveBackTarget(state: State<'talking'>): Transition {
  if (state.holdings.target !== 'held') return unchanged(state);
  return {
    state: { ...state, holdings: { ...state.holdings, target: 'releasing' } },
    actions: [{ type: 'release', resource: 'target' }],
  };
}
